/* The view of one page: where it is from, how old it may be, its text, what leads to it. */
#include "worker/reads/web_page.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "worker/reads/web_markdown.h"
#include "worker/reads/web_time.h"

#define MIDDLE_DOT " \xC2\xB7 "

static const json_t *its_source(const json_t *page)
{
    return json_array_get(json_object_get(page, "sources"), 0);
}

/* --- head --------------------------------------------------------------------------------------
 */

static void crumbs(struct html *h, const struct web_asked *asked, const json_t *page)
{
    if (asked->query[0]) {
        html_markup(h, "<p class=\"back\"><a id=\"back\" href=\"");
        web_search_address(h, asked->query, asked->source, 0);
        html_markup(h, "\">\xE2\x86\x90 Results for \xE2\x80\x9C");
        html_text(h, asked->query);
        html_markup(h, "\xE2\x80\x9D</a></p>\n");
    }
    html_markup(h, "<p class=\"origin\"><a href=\"/sources/");
    html_query(h, member_text(page, "source"));
    html_markup(h, "\">");
    html_text(h, member_text(page, "source"));
    html_markup(h, "</a> <span class=\"path\">");
    html_text(h, member_text(page, "path"));
    html_markup(h, "</span></p>\n");
}

/* Staleness is said in words where it matters, else in passing. */
static void age_of_page(struct html *h, const struct web_asked *asked, const json_t *page)
{
    const json_t *source = its_source(page);
    int64_t fresh_s = member_number(source, "fresh_s", -1);
    enum age age = age_of(fresh_s);
    char words[32];
    if (age == AGE_NEVER)
        html_markup(h, "<p class=\"warn\">This source was never completely synced: what is shown "
                       "may be old, and other pages may be missing.</p>\n");
    else if (age == AGE_OLD) {
        age_words(fresh_s, words, sizeof words);
        html_markup(h, "<p class=\"warn\">This may be out of date: the source was last seen ");
        html_textf(h, "%s ago.", words);
        html_markup(h, "</p>\n");
    }
    html_markup(h, "<p class=\"facts\">Changed ");
    html_ago(h, member_number(page, "updated_at", 0), asked->now_s);
    if (fresh_s >= 0) {
        html_markup(h, MIDDLE_DOT "in step with its source ");
        html_ago(h, member_number(source, "last_success_at", 0), asked->now_s);
    }
    html_markup(h, MIDDLE_DOT);
    html_size(h, member_number(page, "size_bytes", 0));
    html_markup(h, "</p>\n");
}

static void tags(struct html *h, const json_t *page)
{
    size_t i;
    json_t *tag;
    json_array_foreach (json_object_get(page, "tags"), i, tag) {
        if (i == 0)
            html_markup(h, "<ul class=\"tags\" aria-label=\"Tags\">");
        html_markup(h, "<li>");
        html_text(h, json_string_value(tag));
        html_markup(h, "</li>");
    }
    if (i > 0)
        html_markup(h, "</ul>\n");
}

static void front_value(struct html *h, const json_t *value)
{
    char *text;
    if (json_is_string(value)) {
        html_text_sized(h, json_string_value(value), json_string_length(value));
        return;
    }
    text = json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY);
    html_text(h, text);
    free(text);
}

static void front(struct html *h, const json_t *page)
{
    json_t *object = json_object_get(page, "front");
    const char *key;
    json_t *value;
    if (json_object_size(object) == 0)
        return;
    html_markup(h, "<details class=\"front\"><summary>Front matter</summary>\n<dl>\n");
    json_object_foreach (object, key, value) {
        html_markup(h, "<dt>");
        html_text(h, key);
        html_markup(h, "</dt><dd>");
        front_value(h, value);
        html_markup(h, "</dd>\n");
    }
    html_markup(h, "</dl>\n</details>\n");
}

/* --- text --------------------------------------------------------------------------------------
 */

/* Where the text behind the front matter begins. */
static size_t behind_front(const char *text, size_t size)
{
    const char *end = text + size;
    const char *line = memchr(text, '\n', size);
    if (size < 4 || memcmp(text, "---", 3) != 0 || !line)
        return 0;
    for (line++; line < end;) {
        const char *stop = memchr(line, '\n', (size_t)(end - line));
        const char *next = stop ? stop + 1 : end;
        if (next - line >= 3 && (memcmp(line, "---", 3) == 0 || memcmp(line, "...", 3) == 0))
            return (size_t)(next - text);
        line = next;
    }
    return 0;
}

static struct web_piece *pieces_of(const json_t *page, size_t *count)
{
    const json_t *chunks = json_object_get(page, "chunks");
    struct web_piece *pieces = xcalloc(json_array_size(chunks) + 1, sizeof *pieces);
    size_t i;
    json_t *chunk;
    json_array_foreach (chunks, i, chunk) {
        json_t *text = json_object_get(chunk, "text");
        pieces[i].text = json_string_value(text) ? json_string_value(text) : "";
        pieces[i].size = json_string_length(text);
        pieces[i].chunk = member_number(chunk, "chunk", (int64_t)i);
    }
    *count = i;
    if (i > 0 && json_is_object(json_object_get(page, "front"))) {
        size_t skip = behind_front(pieces[0].text, pieces[0].size);
        pieces[0].text += skip;
        pieces[0].size -= skip;
    }
    return pieces;
}

static bool has_own_title(const struct web_piece *pieces, size_t count)
{
    for (size_t i = 0; i < count; i++)
        for (size_t at = 0; at < pieces[i].size; at++)
            if (!strchr(" \t\r\n", pieces[i].text[at]))
                return at + 1 < pieces[i].size && pieces[i].text[at] == '#' &&
                       pieces[i].text[at + 1] == ' ';
    return false;
}

static void text(struct html *h, const json_t *page, const json_t *links)
{
    size_t count;
    struct web_piece *pieces = pieces_of(page, &count);
    bool markdown = member_is(page, "kind", "markdown");
    struct web_links out = {member_text(page, "source"),
                            json_object_get(json_object_get(links, "out"), "links")};
    if (!markdown || !has_own_title(pieces, count)) {
        html_markup(h, "<h1>");
        html_text(h, member_text(page, "title"));
        html_markup(h, "</h1>\n");
    }
    html_markup(h, "<div class=\"text\">\n");
    if (count == 0)
        html_markup(h, "<p class=\"empty\">This page is empty.</p>\n");
    else if (markdown)
        web_markdown(h, pieces, count, &out);
    else
        web_plain(h, pieces, count);
    html_markup(h, "</div>\n");
    free(pieces);
}

/* --- what leads here ---------------------------------------------------------------------------
 */

static void back_links(struct html *h, const json_t *page, const json_t *links)
{
    const json_t *back = json_object_get(links, "back");
    const char *last = "";
    size_t i;
    json_t *link;
    json_array_foreach (json_object_get(back, "links"), i, link) {
        struct web_place place = {member_text(page, "source"), member_text(link, "path"), "",
                                  member_number(link, "chunk", -1)};
        if (i == 0)
            html_markup(h, "<section class=\"links\">\n<h2 class=\"label\">Linked from</h2>\n"
                           "<ul>\n");
        if (strcmp(place.path, last) == 0) /* in order of paths: once is enough */
            continue;
        last = place.path;
        html_markup(h, "<li><a href=\"");
        web_page_address(h, &place);
        html_markup(h, "\">");
        html_text(h, member_text(link, "title")[0] ? member_text(link, "title") : place.path);
        html_markup(h, "</a> <span class=\"path\">");
        html_text(h, place.path);
        html_markup(h, "</span></li>\n");
    }
    if (i > 0)
        html_markup(h, "</ul>\n");
    if (json_is_true(json_object_get(back, "has_more")))
        html_markup(h, "<p class=\"note\">And more than are shown here.</p>\n");
    if (i > 0)
        html_markup(h, "</section>\n");
}

void web_page(struct html *h, const struct web_asked *asked, const json_t *page,
              const json_t *links)
{
    struct buf title = {0};
    const char *name = member_text(page, "title");
    buf_printf(&title, "%s - Lattice", name[0] ? name : member_text(page, "path"));
    struct web_frame frame = {WEB_PAGE, title.data, asked->query, "", "", asked->fragment};
    web_frame_begin(h, &frame);
    html_markup(h, "<article>\n");
    crumbs(h, asked, page);
    age_of_page(h, asked, page);
    tags(h, page);
    if (member_text(page, "warning")[0]) {
        html_markup(h, "<p class=\"note\">");
        html_text(h, member_text(page, "warning"));
        html_markup(h, "</p>\n");
    }
    front(h, page);
    text(h, page, links);
    html_markup(h, "</article>\n");
    back_links(h, page, links);
    web_frame_end(h, &frame);
    buf_release(&title);
}
