/* Markdown as HTML: part by part through cmark, with a limit on time and size. */
#include "worker/reads/web_markdown.h"

#include <cmark-gfm-core-extensions.h>
#include <cmark-gfm-extension_api.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "common/clock.h"
#include "worker/reads/web_markdown_internal.h"

enum { OPTIONS = CMARK_OPT_VALIDATE_UTF8 | CMARK_OPT_FOOTNOTES };
/* Bare addresses are quadratic: `www._` over and over takes seconds. */
enum { BARE_ADDRESSES_MAX = 128 };

static pthread_once_t registered = PTHREAD_ONCE_INIT;

bool node_is(cmark_node *node, const char *type)
{
    return strcmp(cmark_node_get_type_string(node), type) == 0;
}

void web_anchor(struct html *h, int64_t chunk)
{
    html_markup(h, "<span class=\"anchor\" id=\"c");
    html_textf(h, "%" PRId64, chunk);
    html_markup(h, "\"></span>");
}

static size_t count_lines(const char *text, size_t size)
{
    size_t count = 0;
    for (const char *p = text; (p = memchr(p, '\n', size - (size_t)(p - text))); p++)
        count++;
    return count;
}

void markdown_anchors(struct markdown *m, int line)
{
    while (m->next_piece < m->last_piece && m->next_line <= (size_t)line) {
        const struct web_piece *piece = &m->pieces[m->next_piece++];
        web_anchor(m->h, piece->chunk);
        m->next_line += count_lines(piece->text, piece->size);
    }
}

/* --- what is not read as Markdown --------------------------------------------------------------
 */

void web_plain(struct html *h, const struct web_piece *pieces, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        web_anchor(h, pieces[i].chunk);
        html_markup(h, "<pre class=\"plain\" tabindex=\"0\">");
        html_text_sized(h, pieces[i].text, pieces[i].size);
        html_markup(h, "</pre>\n");
    }
}

/* --- one part ----------------------------------------------------------------------------------
 */

static void attach(cmark_parser *parser, const char *name)
{
    cmark_syntax_extension *extension = cmark_find_syntax_extension(name);
    if (extension)
        cmark_parser_attach_syntax_extension(parser, extension);
}

static bool few_bare_addresses(const struct web_piece *pieces, size_t first, size_t last)
{
    static const char *const marks[] = {"www.", "://", "@"};
    size_t count = 0;
    for (size_t i = first; i < last; i++) {
        const char *end = pieces[i].text + pieces[i].size;
        for (size_t k = 0; k < sizeof marks / sizeof *marks; k++)
            for (const char *p = pieces[i].text;
                 (p = memmem(p, (size_t)(end - p), marks[k], strlen(marks[k]))); p++)
                count++;
    }
    return count <= BARE_ADDRESSES_MAX;
}

static void walk(struct markdown *m, cmark_node *document)
{
    cmark_iter *iter = cmark_iter_new(document);
    cmark_event_type event;
    while ((event = cmark_iter_next(iter)) != CMARK_EVENT_DONE &&
           m->h->out.size < MARKDOWN_MAX_OUT_BYTES) {
        cmark_node *node = cmark_iter_get_node(iter);
        bool entering = event == CMARK_EVENT_ENTER;
        if (entering && cmark_node_parent(node) == document)
            markdown_anchors(m, cmark_node_get_start_line(node));
        if ((cmark_node_get_type(node) & CMARK_NODE_TYPE_MASK) == CMARK_NODE_TYPE_INLINE)
            markdown_inline(m, node, entering);
        else
            markdown_block(m, node, entering);
    }
    cmark_iter_free(iter);
}

static void render_part(struct markdown *m, const struct web_piece *pieces, size_t first,
                        size_t last)
{
    cmark_parser *parser = cmark_parser_new(OPTIONS);
    if (web_markdown_cells(pieces, first, last) <= MARKDOWN_CELLS_MAX)
        attach(parser, "table");
    attach(parser, "strikethrough");
    attach(parser, "tasklist");
    if (few_bare_addresses(pieces, first, last))
        attach(parser, "autolink");
    if (m->definitions.size)
        cmark_parser_feed(parser, m->definitions.data, m->definitions.size);
    for (size_t i = first; i < last; i++)
        cmark_parser_feed(parser, pieces[i].text, pieces[i].size);
    cmark_node *document = cmark_parser_finish(parser);
    cmark_consolidate_text_nodes(document);
    m->pieces = pieces;
    m->next_piece = first;
    m->last_piece = last;
    m->next_line =
        1 + count_lines(m->definitions.data ? m->definitions.data : "", m->definitions.size);
    m->links_open = 0;
    m->footnotes = 0;
    walk(m, document);
    markdown_anchors(m, INT32_MAX);
    cmark_node_free(document);
    cmark_parser_free(parser);
    m->part++;
}

/* --- the page ----------------------------------------------------------------------------------
 */

static json_t *index_links(const json_t *out)
{
    json_t *pages = json_object();
    size_t i;
    json_t *link;
    json_array_foreach (out, i, link) {
        struct buf key = {0};
        buf_add_text(&key, member_is(link, "kind", "wiki") ? "[[" : "");
        buf_add_text(&key, member_text(link, "target"));
        if (member_text(link, "path")[0])
            json_object_set_new(pages, key.data ? key.data : "",
                                json_string(member_text(link, "path")));
        buf_release(&key);
    }
    return pages;
}

void web_markdown(struct html *h, const struct web_piece *pieces, size_t count,
                  const struct web_links *links)
{
    int64_t until_ms = clock_monotonic_ms() + MARKDOWN_MAX_MS;
    struct markdown m = {
        .h = h, .links = links, .pages = index_links(links->out), .slugs = json_object()};
    pthread_once(&registered, cmark_gfm_core_extensions_ensure_registered);
    web_markdown_definitions(&m.definitions, pieces, count);
    if (m.definitions.size)
        buf_add_byte(&m.definitions, '\n');
    size_t first = 0;
    for (size_t last; first < count; first = last) {
        last = web_markdown_part(pieces, count, first);
        if (clock_monotonic_ms() >= until_ms)
            break;
        if (last == first + 1 && pieces[first].size > MARKDOWN_PIECE_MAX_BYTES)
            web_plain(h, pieces + first, 1);
        else {
            size_t before = h->out.size;
            render_part(&m, pieces, first, last);
            if (h->out.size >= MARKDOWN_MAX_OUT_BYTES) { /* it was left in the middle */
                html_cut(h, before);
                break;
            }
        }
    }
    if (first < count)
        html_markup(h, "<p class=\"note\">The rest of this page is shown as it is written: to lay "
                       "it out would take too long.</p>\n");
    web_plain(h, pieces + first, count - first);
    json_decref(m.pages);
    json_decref(m.slugs);
    buf_release(&m.definitions);
}
