/* HTML to text: libxml2's parser calls for each tag, a table says what the tag is. */
#include "worker/sync/html_text.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "common/private.h"
#include "worker/sync/html_parse.h"
#include "worker/sync/html_write.h"
#include "worker/sync/web_link.h"

struct html_reader {
    struct html_parser parser;
    struct html_writer writer;
    const char *base;
    struct buf text; /* between two tags: entities come one by one */
    size_t depth;
    size_t hidden; /* the depth of the element whose content goes; 0: none */
    char *href;    /* owned; of the link in hand */
    size_t href_depth;
    size_t href_at;
    size_t pre_depth;
    size_t code_depth;
    size_t cells; /* in the row in hand */
};

enum tag {
    TAG_INLINE, /* nothing but its text */
    TAG_BLOCK,
    TAG_LINE,
    TAG_HIDDEN,
    TAG_HEADING,
    TAG_BREAK,
    TAG_RULE,
    TAG_LIST,
    TAG_NUMBERED,
    TAG_ITEM,
    TAG_QUOTE,
    TAG_PRE,
    TAG_CODE,
    TAG_LINK,
    TAG_IMAGE,
    TAG_FRAME,
    TAG_CELL,
};

/* Sorted by name. */
static const struct {
    const char *name;
    enum tag tag;
} tags[] = {
    {"a", TAG_LINK},          {"address", TAG_BLOCK},    {"article", TAG_BLOCK},
    {"aside", TAG_BLOCK},     {"blockquote", TAG_QUOTE}, {"br", TAG_BREAK},
    {"button", TAG_HIDDEN},   {"caption", TAG_LINE},     {"center", TAG_BLOCK},
    {"code", TAG_CODE},       {"dd", TAG_LINE},          {"details", TAG_BLOCK},
    {"div", TAG_BLOCK},       {"dl", TAG_BLOCK},         {"dt", TAG_LINE},
    {"fieldset", TAG_BLOCK},  {"figcaption", TAG_BLOCK}, {"figure", TAG_BLOCK},
    {"footer", TAG_BLOCK},    {"form", TAG_BLOCK},       {"h1", TAG_HEADING},
    {"h2", TAG_HEADING},      {"h3", TAG_HEADING},       {"h4", TAG_HEADING},
    {"h5", TAG_HEADING},      {"h6", TAG_HEADING},       {"head", TAG_HIDDEN},
    {"header", TAG_BLOCK},    {"hr", TAG_RULE},          {"iframe", TAG_FRAME},
    {"img", TAG_IMAGE},       {"kbd", TAG_CODE},         {"li", TAG_ITEM},
    {"main", TAG_BLOCK},      {"menu", TAG_LIST},        {"nav", TAG_BLOCK},
    {"noscript", TAG_INLINE}, {"object", TAG_HIDDEN},    {"ol", TAG_NUMBERED},
    {"p", TAG_BLOCK},         {"pre", TAG_PRE},          {"samp", TAG_CODE},
    {"script", TAG_HIDDEN},   {"section", TAG_BLOCK},    {"select", TAG_HIDDEN},
    {"style", TAG_HIDDEN},    {"summary", TAG_LINE},     {"svg", TAG_HIDDEN},
    {"table", TAG_BLOCK},     {"td", TAG_CELL},          {"template", TAG_HIDDEN},
    {"textarea", TAG_HIDDEN}, {"th", TAG_CELL},          {"title", TAG_HIDDEN},
    {"tr", TAG_LINE},         {"tt", TAG_CODE},          {"ul", TAG_LIST},
};

static int compare_tag(const void *name, const void *row)
{
    const char *const *other = row;
    return strcasecmp(name, *other);
}

static enum tag tag_of(const char *name)
{
    const size_t count = sizeof tags / sizeof *tags;
    const size_t size = sizeof *tags;
    const void *found = bsearch(name, tags, count, size, compare_tag);
    return found ? tags[((const char *)found - (const char *)tags) / (ptrdiff_t)size].tag
                 : TAG_INLINE;
}

/* NULL if it has none; "" for one without a value. */
static const char *attribute(const xmlChar **attributes, const char *name)
{
    for (; attributes && *attributes; attributes += 2)
        if (strcasecmp((const char *)attributes[0], name) == 0)
            return attributes[1] ? (const char *)attributes[1] : "";
    return NULL;
}

/* An address that may stand in a page, fit for Markdown; NULL if it may not. Caller frees. */
static char *address(const struct html_reader *r, const char *reference)
{
    static const char *const schemes[] = {"http:", "https:", "mailto:", "ftp:"};
    char *whole = reference && r->base ? web_link_resolve(r->base, reference)
                  : reference          ? xstrdup(reference)
                                       : NULL;
    bool wanted = false;
    struct buf out = {0};
    for (size_t i = 0; whole && i < sizeof schemes / sizeof *schemes; i++)
        wanted = wanted || strncasecmp(whole, schemes[i], strlen(schemes[i])) == 0;
    for (const char *p = wanted ? whole : ""; *p; p++)
        if ((unsigned char)*p <= ' ' || strchr("()<>\\", *p))
            buf_printf(&out, "%%%02X", (unsigned char)*p);
        else
            buf_add_byte(&out, *p);
    free(whole);
    return wanted ? buf_take(&out) : NULL;
}

static void begin_link(struct html_reader *r, const xmlChar **attributes)
{
    const char *reference = attribute(attributes, "href");
    /* A link within the page leads nowhere here. */
    if (r->href || r->writer.verbatim || r->writer.code || !reference || reference[0] == '#')
        return;
    r->href = address(r, reference);
    if (!r->href)
        return;
    html_mark(&r->writer, "[");
    r->href_depth = r->depth;
    r->href_at = r->writer.out->size;
    r->writer.fresh = true;
}

static void end_link(struct html_reader *r)
{
    struct buf *out = r->writer.out;
    if (out->size == r->href_at)
        out->data[--out->size] = '\0'; /* nothing to click on */
    else {
        /* Blocks within a link: the bracket closes behind the words. */
        buf_printf(out, "](%s)", r->href);
    }
    r->writer.fresh = false;
    free(r->href);
    r->href = NULL;
}

static void image(struct html_reader *r, const xmlChar **attributes)
{
    const char *alt = attribute(attributes, "alt");
    char *source = address(r, attribute(attributes, "src"));
    bool shown = source && strncasecmp(source, "http", 4) == 0;
    if (shown && !r->writer.verbatim && !r->writer.code) {
        html_mark(&r->writer, "![");
        r->writer.fresh = true;
        for (const char *p = alt ? alt : ""; *p; p++)
            html_words(&r->writer, strchr("[]\n\r", *p) ? " " : p, 1);
        r->writer.gap = GAP_NONE;
        r->writer.fresh = false;
        buf_printf(r->writer.out, "](%s)", source);
    } else if (alt)
        html_words(&r->writer, alt, strlen(alt));
    free(source);
}

/* A video or the like: where it is. */
static void frame(struct html_reader *r, const xmlChar **attributes)
{
    char *source = address(r, attribute(attributes, "src"));
    if (source && !r->writer.verbatim && !r->writer.code) {
        html_want(&r->writer, GAP_BLOCK);
        html_mark(&r->writer, "<");
        buf_printf(r->writer.out, "%s>", source);
        html_want(&r->writer, GAP_BLOCK);
    }
    free(source);
    r->hidden = r->depth;
}

static void begin_cell(struct html_reader *r)
{
    if (r->cells++ > 0) {
        r->writer.gap = GAP_NONE;
        html_mark(&r->writer, " | ");
    } else {
        html_want(&r->writer, GAP_LINE);
        html_mark(&r->writer, "");
    }
    r->writer.fresh = true;
}

/* `class="language-c"`, as HTML's own example has it. */
static void learn_language(struct html_reader *r, const xmlChar **attributes)
{
    const char *class = attribute(attributes, "class");
    const char *name = class ? strstr(class, "language-") : NULL;
    if (!name || r->writer.language[0])
        return;
    name += strlen("language-");
    size_t size = strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+#-");
    if (size < sizeof r->writer.language) {
        memcpy(r->writer.language, name, size);
        r->writer.language[size] = '\0';
    }
}

static void begin_code(struct html_reader *r, enum tag tag, const xmlChar **attributes)
{
    struct html_writer *w = &r->writer;
    if (tag == TAG_PRE && !w->verbatim && !w->heading && !w->code) {
        html_pre(w);
        r->pre_depth = r->depth;
    } else if (tag == TAG_CODE && !w->verbatim && !w->code) {
        html_code(w);
        r->code_depth = r->depth;
    }
    if (w->verbatim)
        learn_language(r, attributes);
}

static int start_number(const xmlChar **attributes)
{
    const char *start = attribute(attributes, "start");
    long number = start ? strtol(start, NULL, 10) : 1;
    return number > 0 && number < 1000000 ? (int)number : 1;
}

/* Blocks do not break what is on one line of Markdown. */
static void begin_block(struct html_reader *r, enum tag tag, const char *name,
                        const xmlChar **attributes)
{
    struct html_writer *w = &r->writer;
    if (w->verbatim || w->code || w->heading) {
        if (tag == TAG_BREAK)
            html_words(w, "\n", 1);
        else
            html_want(w, GAP_SPACE);
        return;
    }
    switch (tag) {
    case TAG_HEADING:
        html_heading(w, name[1] - '0');
        break;
    case TAG_BREAK:
        html_want(w, w->gap == GAP_LINE ? GAP_BLOCK : GAP_LINE);
        break;
    case TAG_RULE:
        html_want(w, GAP_BLOCK);
        html_mark(w, "---");
        html_want(w, GAP_BLOCK);
        break;
    case TAG_LIST:
    case TAG_NUMBERED:
        html_nest(w, tag == TAG_LIST ? '-' : '1', start_number(attributes));
        break;
    case TAG_QUOTE:
        html_nest(w, '>', 0);
        break;
    case TAG_ITEM:
        html_item(w);
        break;
    case TAG_CELL:
        begin_cell(r);
        break;
    case TAG_LINE:
        r->cells = 0;
        html_want(w, GAP_LINE);
        break;
    case TAG_BLOCK:
        html_want(w, GAP_BLOCK);
        break;
    case TAG_INLINE:
    case TAG_HIDDEN:
    case TAG_PRE:
    case TAG_CODE:
    case TAG_LINK:
    case TAG_IMAGE:
    case TAG_FRAME:
        break;
    }
}

static void settle_text(struct html_reader *r)
{
    if (r->text.size)
        html_words(&r->writer, r->text.data, r->text.size);
    buf_reset(&r->text);
    if (r->writer.out->size - r->writer.start > HTML_TEXT_MAX)
        html_stop(&r->parser);
}

static void on_start(void *context, const xmlChar *name, const xmlChar **attributes)
{
    struct html_reader *r = context;
    enum tag tag = tag_of((const char *)name);
    settle_text(r);
    html_count_attributes(&r->parser, attributes);
    if (++r->depth > HTML_DEPTH_MAX) {
        html_stop(&r->parser);
        return;
    }
    if (r->hidden)
        return;
    if (tag == TAG_HIDDEN || attribute(attributes, "hidden"))
        r->hidden = r->depth;
    else if (tag == TAG_LINK)
        begin_link(r, attributes);
    else if (tag == TAG_IMAGE)
        image(r, attributes);
    else if (tag == TAG_FRAME)
        frame(r, attributes);
    else if (tag == TAG_PRE || tag == TAG_CODE)
        begin_code(r, tag, attributes);
    else if (tag != TAG_INLINE)
        begin_block(r, tag, (const char *)name, attributes);
}

static void end_block(struct html_reader *r, enum tag tag)
{
    struct html_writer *w = &r->writer;
    if (tag == TAG_HEADING && w->heading)
        html_heading_end(w);
    else if (w->verbatim || w->code || w->heading)
        return;
    else if (tag == TAG_LIST || tag == TAG_NUMBERED || tag == TAG_QUOTE)
        html_nest_end(w);
    else if (tag == TAG_ITEM)
        html_item_end(w);
    else if (tag == TAG_LINE || tag == TAG_BLOCK) {
        w->fresh = w->fresh && tag == TAG_BLOCK;
        html_want(w, tag == TAG_LINE ? GAP_LINE : GAP_BLOCK);
    }
}

static void on_end(void *context, const xmlChar *name)
{
    struct html_reader *r = context;
    struct html_writer *w = &r->writer;
    settle_text(r);
    if (!r->hidden) {
        if (r->href && r->href_depth == r->depth)
            end_link(r);
        if (w->code && r->code_depth == r->depth)
            html_code_end(w);
        else if (w->verbatim && r->pre_depth == r->depth)
            html_pre_end(w);
        else
            end_block(r, tag_of((const char *)name));
    }
    if (r->hidden == r->depth)
        r->hidden = 0;
    if (r->depth > 0)
        r->depth--;
}

static void on_text(void *context, const xmlChar *text, int size)
{
    struct html_reader *r = context;
    if (!r->hidden)
        buf_add(&r->text, text, (size_t)size);
}

/* What libxml2 is to read: valid, without NUL, and without what <private> tags hold. They go while
 * they are where they were written: the parser closes an element early if its parent ends. */
static void prepare(struct buf *in, const char *html, size_t size)
{
    utf8_sanitize(in, html, size);
    buf_reserve(in, 0);
    for (size_t i = 0; i < in->size; i++)
        if (in->data[i] == '\0')
            in->data[i] = ' ';
    in->size = private_strip(in->data, in->size);
}

/* Also what a stop left open. */
static void end_all(struct html_reader *r)
{
    settle_text(r);
    if (r->writer.code)
        html_code_end(&r->writer);
    if (r->writer.verbatim)
        html_pre_end(&r->writer);
    if (r->href)
        end_link(r);
    html_finish(&r->writer);
}

bool text_from_html(const struct html_source *source, struct buf *out, bool *cut, struct error *e)
{
    static const xmlSAXHandler calls = {
        .startElement = on_start,
        .endElement = on_end,
        .characters = on_text,
        .ignorableWhitespace = on_text,
        .cdataBlock = on_text,
    };
    struct html_reader r = {.parser.xml = xml_library(e), .base = source->base};
    struct buf in = {0};
    if (!r.parser.xml)
        return false;
    bool large = source->size > HTML_TEXT_MAX;
    r.writer = (struct html_writer){.out = out, .start = out->size};
    prepare(&in, source->bytes, large ? utf8_floor(source->bytes, HTML_TEXT_MAX) : source->size);
    if (in.size)
        html_parse(&r.parser, &calls, &r, &in);
    end_all(&r);
    buf_release(&r.text);
    buf_release(&in);
    *cut = large || r.parser.cut;
    return true;
}
