/* Nodes of Markdown as HTML. */
#include <cmark-gfm-core-extensions.h>
#include <cmark-gfm-extension_api.h>
#include <inttypes.h>
#include <string.h>
#include <strings.h>

#include "worker/reads/web_frame.h"
#include "worker/reads/web_markdown_internal.h"

/* --- links -------------------------------------------------------------------------------------
 */

/* ` href="..."` to a page of the store, or to a place in this one. */
static bool inside_href(struct markdown *m, const char *key, const char *address)
{
    const char *path = json_string_value(json_object_get(m->pages, key));
    const char *place = strchr(address, '#');
    if (!path && address[0] != '#')
        return false;
    html_markup(m->h, " href=\"");
    if (path)
        web_page_address(m->h, &(struct web_place){m->links->source, path, "", -1});
    if (place && place[1]) {
        html_markup(m->h, "#h-");
        html_text(m->h, place + 1);
    } else if (!path)
        html_markup(m->h, "#main");
    html_markup(m->h, "\"");
    return true;
}

/* Only the outermost of links and images in each other is one. */
static void open_link(struct markdown *m, const char *address)
{
    if (m->links_open++ > 0)
        return;
    size_t before = m->h->out.size;
    html_markup(m->h, "<a");
    m->link_tag = TAG_A;
    if (inside_href(m, address, address))
        ;
    else if (html_outside_href(m->h, address))
        html_markup(m->h, " rel=\"noopener noreferrer nofollow\"");
    else {
        html_cut(m->h, before);
        m->link_tag = TAG_SPAN;
        html_markup(m->h, "<span class=\"leads-nowhere\"");
        html_attr(m->h, "title", address);
    }
    html_markup(m->h, ">");
}

static void close_link(struct markdown *m)
{
    if (--m->links_open > 0)
        return;
    if (m->link_tag == TAG_A)
        html_markup(m->h, "</a>");
    else
        html_markup(m->h, "</span>");
}

static void image(struct markdown *m, cmark_node *node, bool entering)
{
    if (entering) {
        open_link(m, cmark_node_get_url(node));
        html_markup(m->h, "<span class=\"image\">");
        if (!cmark_node_first_child(node))
            html_markup(m->h, "image");
    } else {
        html_markup(m->h, "</span>");
        close_link(m);
    }
}

/* [[name#part|label]]; `text` is what stands between the brackets. */
static void wiki_link(struct markdown *m, const char *text, size_t size)
{
    const char *bar = memchr(text, '|', size);
    size_t target_size = bar ? (size_t)(bar - text) : size;
    const char *label = bar ? bar + 1 : text;
    size_t label_size = bar ? size - target_size - 1 : size;
    struct buf key = {0};
    buf_add_text(&key, "[[");
    buf_add(&key, text, target_size);
    size_t before = m->h->out.size;
    html_markup(m->h, "<a");
    if (inside_href(m, key.data, key.data + 2)) {
        html_markup(m->h, ">");
        html_text_sized(m->h, label, label_size);
        html_markup(m->h, "</a>");
    } else {
        html_cut(m->h, before);
        html_markup(m->h, "<span class=\"leads-nowhere\">");
        html_text_sized(m->h, label, label_size);
        html_markup(m->h, "</span>");
    }
    buf_release(&key);
}

static void text_with_wiki_links(struct markdown *m, const char *text)
{
    const char *open;
    while (m->links_open == 0 && (open = strstr(text, "[["))) {
        const char *close = strstr(open, "]]");
        if (!close)
            break;
        while (open[2] == '[')
            open++;
        html_text_sized(m->h, text, (size_t)(open - text));
        if (close > open + 2)
            wiki_link(m, open + 2, (size_t)(close - open - 2));
        text = close + 2;
    }
    html_text(m->h, text);
}

/* --- inlines -----------------------------------------------------------------------------------
 */

static void line_break(struct markdown *m, const char *raw)
{
    if (strncasecmp(raw, "<br", 3) == 0)
        html_markup(m->h, "<br>\n");
}

static void footnote_reference(struct markdown *m, cmark_node *node)
{
    if (m->links_open > 0)
        return;
    const char *number = cmark_node_get_literal(node);
    html_markup(m->h, "<sup><a href=\"#f");
    html_textf(m->h, "%zu-%s", m->part, number);
    html_markup(m->h, "\">");
    html_text(m->h, number);
    html_markup(m->h, "</a></sup>");
}

static void leaf(struct markdown *m, cmark_node *node)
{
    const char *text = cmark_node_get_literal(node);
    switch ((int)cmark_node_get_type(node)) {
    case CMARK_NODE_TEXT:
        text_with_wiki_links(m, text);
        break;
    case CMARK_NODE_CODE:
        html_markup(m->h, "<code>");
        html_text(m->h, text);
        html_markup(m->h, "</code>");
        break;
    case CMARK_NODE_HTML_INLINE:
        line_break(m, text);
        break;
    case CMARK_NODE_SOFTBREAK:
        html_markup(m->h, "\n");
        break;
    case CMARK_NODE_LINEBREAK:
        html_markup(m->h, "<br>\n");
        break;
    case CMARK_NODE_FOOTNOTE_REFERENCE:
        footnote_reference(m, node);
        break;
    default: /* cmark's types are not an enum of ours, and extensions add to them */
        break;
    }
}

#define OPEN_OR_CLOSE(m, entering, name)                                                           \
    do {                                                                                           \
        if (entering)                                                                              \
            html_markup((m)->h, "<" name ">");                                                     \
        else                                                                                       \
            html_markup((m)->h, "</" name ">");                                                    \
    } while (0)

void markdown_inline(struct markdown *m, cmark_node *node, bool entering)
{
    if (node_is(node, "strikethrough"))
        OPEN_OR_CLOSE(m, entering, "del");
    else if (node_is(node, "emph"))
        OPEN_OR_CLOSE(m, entering, "em");
    else if (node_is(node, "strong"))
        OPEN_OR_CLOSE(m, entering, "strong");
    else if (node_is(node, "image"))
        image(m, node, entering);
    else if (node_is(node, "link") && entering)
        open_link(m, cmark_node_get_url(node));
    else if (node_is(node, "link"))
        close_link(m);
    else if (entering)
        leaf(m, node);
}

/* --- blocks ------------------------------------------------------------------------------------
 */

static void collect_text(struct buf *out, cmark_node *node)
{
    cmark_iter *iter = cmark_iter_new(node);
    cmark_event_type event;
    while ((event = cmark_iter_next(iter)) != CMARK_EVENT_DONE) {
        cmark_node *each = cmark_iter_get_node(iter);
        if (event == CMARK_EVENT_ENTER && (cmark_node_get_type(each) == CMARK_NODE_TEXT ||
                                           cmark_node_get_type(each) == CMARK_NODE_CODE))
            buf_add_text(out, cmark_node_get_literal(each));
        else if (event == CMARK_EVENT_ENTER && cmark_node_get_type(each) == CMARK_NODE_SOFTBREAK)
            buf_add_byte(out, ' ');
    }
    cmark_iter_free(iter);
}

/* The second `install` is `install-1`. */
static void add_slug(struct markdown *m, cmark_node *node)
{
    struct buf text = {0};
    struct buf slug = {0};
    collect_text(&text, node);
    web_markdown_slug(&slug, text.data ? text.data : "", text.size);
    const char *name = slug.data ? slug.data : "";
    json_int_t used = json_integer_value(json_object_get(m->slugs, name));
    json_object_set_new(m->slugs, name, json_integer(used + 1));
    html_markup(m->h, " id=\"h-");
    html_text(m->h, name);
    if (used > 0)
        html_textf(m->h, "-%" JSON_INTEGER_FORMAT, used);
    html_markup(m->h, "\"");
    buf_release(&text);
    buf_release(&slug);
}

static void heading(struct markdown *m, cmark_node *node, bool entering)
{
    int level = cmark_node_get_heading_level(node);
    level = level < 1 ? 1 : level > 6 ? 6 : level;
    if (entering) {
        html_markup(m->h, "<h");
        html_textf(m->h, "%d", level);
        add_slug(m, node);
        html_markup(m->h, ">");
    } else {
        html_markup(m->h, "</h");
        html_textf(m->h, "%d", level);
        html_markup(m->h, ">\n");
    }
}

static void code_block(struct markdown *m, cmark_node *node)
{
    html_markup(m->h, "<pre tabindex=\"0\"><code>");
    html_text(m->h, cmark_node_get_literal(node));
    html_markup(m->h, "</code></pre>\n");
}

/* The text between tags; comments, scripts and styles are nothing to read. */
static void html_block(struct markdown *m, cmark_node *node)
{
    const char *text = cmark_node_get_literal(node);
    struct buf kept = {0};
    text += strspn(text, " \t\r\n");
    bool nothing = strncasecmp(text, "<script", 7) == 0 || strncasecmp(text, "<style", 6) == 0;
    while (!nothing && *text) {
        const char *open = strchr(text, '<');
        buf_add(&kept, text, open ? (size_t)(open - text) : strlen(text));
        if (!open)
            break;
        const char *end = strncmp(open, "<!--", 4) == 0 ? strstr(open, "-->") : strchr(open, '>');
        if (!end)
            break;
        text = strchr(end, '>') + 1;
    }
    size_t from = kept.size ? strspn(kept.data, " \t\r\n") : 0;
    while (kept.size > from && strchr(" \t\r\n", kept.data[kept.size - 1]))
        kept.size--;
    if (kept.size > from) {
        html_markup(m->h, "<p>");
        html_text_sized(m->h, kept.data + from, kept.size - from);
        html_markup(m->h, "</p>\n");
    }
    buf_release(&kept);
}

static void list(struct markdown *m, cmark_node *node, bool entering)
{
    bool ordered = cmark_node_get_list_type(node) == CMARK_ORDERED_LIST;
    int start = cmark_node_get_list_start(node);
    if (!entering) {
        if (ordered)
            html_markup(m->h, "</ol>\n");
        else
            html_markup(m->h, "</ul>\n");
    } else if (!ordered)
        html_markup(m->h, "<ul>\n");
    else if (start == 1)
        html_markup(m->h, "<ol>\n");
    else {
        html_markup(m->h, "<ol start=\"");
        html_textf(m->h, "%d", start);
        html_markup(m->h, "\">\n");
    }
}

static void item(struct markdown *m, cmark_node *node, bool entering)
{
    if (!entering)
        html_markup(m->h, "</li>\n");
    else if (!node_is(node, "tasklist"))
        html_markup(m->h, "<li>");
    else if (cmark_gfm_extensions_get_tasklist_item_checked(node))
        html_markup(m->h, "<li class=\"task\"><span role=\"img\" aria-label=\"done\">"
                          "\xE2\x98\x91</span> ");
    else
        html_markup(m->h, "<li class=\"task\"><span role=\"img\" aria-label=\"to do\">"
                          "\xE2\x98\x90</span> ");
}

static void paragraph(struct markdown *m, cmark_node *node, bool entering)
{
    cmark_node *grandparent = cmark_node_parent(cmark_node_parent(node));
    if (grandparent && cmark_node_get_type(grandparent) == CMARK_NODE_LIST &&
        cmark_node_get_list_tight(grandparent))
        return;
    if (entering)
        html_markup(m->h, "<p>");
    else
        html_markup(m->h, "</p>\n");
}

static void table_cell(struct markdown *m, cmark_node *node, bool entering)
{
    cmark_node *table = cmark_node_parent(cmark_node_parent(node));
    const uint8_t *alignments = cmark_gfm_extensions_get_table_alignments(table);
    uint16_t columns = cmark_gfm_extensions_get_table_columns(table);
    uint8_t alignment = alignments && m->column < columns ? alignments[m->column] : 0;
    if (!entering) {
        m->column++;
        if (m->in_head)
            html_markup(m->h, "</th>");
        else
            html_markup(m->h, "</td>");
        return;
    }
    if (m->in_head)
        html_markup(m->h, "<th");
    else
        html_markup(m->h, "<td");
    if (alignment == 'r')
        html_markup(m->h, " class=\"right\"");
    else if (alignment == 'c')
        html_markup(m->h, " class=\"center\"");
    html_markup(m->h, ">");
}

static void table_row(struct markdown *m, cmark_node *node, bool entering)
{
    m->column = 0;
    if (entering)
        m->in_head = cmark_gfm_extensions_get_table_row_is_header(node);
    if (entering && m->in_head)
        html_markup(m->h, "<thead>\n");
    OPEN_OR_CLOSE(m, entering, "tr");
    if (!entering && m->in_head)
        html_markup(m->h, "\n</thead>");
    html_markup(m->h, "\n");
}

static void table(struct markdown *m, cmark_node *node, bool entering)
{
    if (node_is(node, "table_cell"))
        table_cell(m, node, entering);
    else if (!node_is(node, "table"))
        table_row(m, node, entering);
    else if (entering)
        html_markup(m->h, "<div class=\"wide\" tabindex=\"0\"><table>\n");
    else
        html_markup(m->h, "</table></div>\n");
}

static void footnote(struct markdown *m, bool entering)
{
    if (entering) {
        m->footnotes++;
        html_markup(m->h, "<div class=\"footnote\" id=\"f");
        html_textf(m->h, "%zu-%zu", m->part, m->footnotes);
        html_markup(m->h, "\"><span>");
        html_textf(m->h, "%zu", m->footnotes);
        html_markup(m->h, "</span>\n");
    } else
        html_markup(m->h, "</div>\n");
}

void markdown_block(struct markdown *m, cmark_node *node, bool entering)
{
    if (cmark_node_get_type(node) == CMARK_NODE_FOOTNOTE_DEFINITION)
        footnote(m, entering);
    else if (node_is(node, "paragraph"))
        paragraph(m, node, entering);
    else if (node_is(node, "heading"))
        heading(m, node, entering);
    else if (node_is(node, "code_block"))
        code_block(m, node);
    else if (node_is(node, "html_block"))
        html_block(m, node);
    else if (node_is(node, "list"))
        list(m, node, entering);
    else if (node_is(node, "item") || node_is(node, "tasklist"))
        item(m, node, entering);
    else if (node_is(node, "block_quote") && entering)
        html_markup(m->h, "<blockquote>\n");
    else if (node_is(node, "block_quote"))
        html_markup(m->h, "</blockquote>\n");
    else if (node_is(node, "thematic_break"))
        html_markup(m->h, "<hr>\n");
    else if (strncmp(cmark_node_get_type_string(node), "table", 5) == 0)
        table(m, node, entering);
}
