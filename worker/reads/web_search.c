/* The search page. */
#include "worker/reads/web_search.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "worker/reads/web_time.h"

#define MIDDLE_DOT " \xC2\xB7 "
#define GUILLEMET  " \xE2\x80\xBA "

static const json_t *source_of(const json_t *answer, const char *id)
{
    size_t i;
    json_t *source;
    json_array_foreach (json_object_get(answer, "sources"), i, source)
        if (member_is(source, "id", id))
            return source;
    return NULL;
}

void web_silent_sources(struct html *h, const json_t *answer)
{
    size_t i;
    json_t *source;
    json_array_foreach (json_object_get(answer, "sources"), i, source) {
        if (!json_is_false(json_object_get(source, "answered")))
            continue;
        html_markup(h, "<p class=\"warn\"><strong>");
        html_text(h, member_text(source, "id"));
        html_markup(h, "</strong> did not answer, so nothing of it is shown: ");
        html_text(h, member_text(source, "problem"));
        if (member_text(source, "message")[0]) {
            html_markup(h, ", ");
            html_text(h, member_text(source, "message"));
        }
        html_markup(h, "</p>\n");
    }
}

enum { OLD_NAMED = 5 };

/* Those that nobody may take for fresh, by name. */
static void old_sources(struct html *h, const json_t *answer, const char *class)
{
    size_t count = 0;
    size_t i;
    json_t *source;
    char words[32];
    json_array_foreach (json_object_get(answer, "sources"), i, source) {
        int64_t fresh_s = member_number(source, "fresh_s", -1);
        if (age_of(fresh_s) < AGE_OLD || count++ >= OLD_NAMED)
            continue;
        if (count == 1) {
            html_markup(h, "<p");
            html_attr(h, "class", class);
            html_markup(h, "><strong>Not up to date:</strong> ");
        } else
            html_markup(h, ", ");
        html_markup(h, "<a href=\"/sources/");
        html_query(h, member_text(source, "id"));
        html_markup(h, "\">");
        html_text(h, member_text(source, "id"));
        html_markup(h, "</a> (");
        age_words(fresh_s, words, sizeof words);
        html_text(h, fresh_s < 0 ? "never complete" : words);
        html_markup(h, ")");
    }
    if (count > OLD_NAMED)
        html_textf(h, " and %zu more", count - OLD_NAMED);
    if (count > 0)
        html_markup(h, "</p>\n");
}

/* --- one hit --------------------------------------------------------------------------------- */

static void snippet(struct html *h, const json_t *hit)
{
    const char *text = member_text(hit, "snippet");
    size_t size = strlen(text);
    size_t at = 0;
    size_t i;
    json_t *pair;
    json_array_foreach (json_object_get(hit, "marks"), i, pair) {
        size_t start = (size_t)json_integer_value(json_array_get(pair, 0));
        size_t end = (size_t)json_integer_value(json_array_get(pair, 1));
        if (start < at || end < start || end > size)
            break;
        html_text_sized(h, text + at, start - at);
        html_markup(h, "<mark>");
        html_text_sized(h, text + start, end - start);
        html_markup(h, "</mark>");
        at = end;
    }
    html_text_sized(h, text + at, size - at);
}

/* How old what is shown of this source may be. */
static void source_age(struct html *h, const json_t *answer, const char *id)
{
    const json_t *source = source_of(answer, id);
    int64_t fresh_s = member_number(source, "fresh_s", -1);
    enum age age = age_of(fresh_s);
    char words[32];
    if (!source || age == AGE_FRESH)
        return;
    html_markup(h, " <span");
    html_attr(h, "class", age_class(age));
    html_markup(h, ">");
    if (age == AGE_NEVER)
        html_markup(h, "not yet complete");
    else {
        age_words(fresh_s, words, sizeof words);
        html_textf(h, "%s old", words);
    }
    html_markup(h, "</span>");
}

static void hit_origin(struct html *h, const struct web_asked *asked, const json_t *answer,
                       const json_t *hit)
{
    const char *id = member_text(hit, "source");
    const char *heading = member_text(hit, "heading");
    html_markup(h, "<p class=\"origin\">");
    if (asked->source[0])
        html_text(h, id);
    else {
        html_markup(h, "<a class=\"only\" href=\"");
        web_search_address(h, asked->query, id, 0);
        html_markup(h, "\" title=\"Search only in ");
        html_text(h, id);
        html_markup(h, "\">");
        html_text(h, id);
        html_markup(h, "</a>");
    }
    source_age(h, answer, id);
    html_markup(h, " <span class=\"path\">");
    html_text(h, member_text(hit, "path"));
    html_markup(h, "</span>");
    if (heading[0] && strcmp(heading, member_text(hit, "title")) != 0) {
        html_markup(h, " <span class=\"trail\">" GUILLEMET);
        html_text(h, heading);
        html_markup(h, "</span>");
    }
    html_markup(h, "</p>\n");
}

static const char *title_of(const json_t *page)
{
    const char *title = member_text(page, "title");
    return title[0] ? title : member_text(page, "path");
}

static void one_hit(struct html *h, const struct web_asked *asked, const json_t *answer,
                    const json_t *hit)
{
    struct web_place place = {member_text(hit, "source"), member_text(hit, "path"), asked->query,
                              member_number(hit, "chunk", -1)};
    int64_t more = member_number(hit, "more_hits", 0);
    html_markup(h, "<li>\n<h2><a class=\"open\" href=\"");
    web_page_address(h, &place);
    html_markup(h, "\">");
    html_text(h, title_of(hit));
    html_markup(h, "</a></h2>\n");
    hit_origin(h, asked, answer, hit);
    html_markup(h, "<p class=\"snippet\">");
    snippet(h, hit);
    html_markup(h, "</p>\n");
    if (more > 0) {
        html_markup(h, "<p class=\"more\">");
        html_count(h, more);
        html_text(h, more == 1 ? " more place in this page" : " more places in this page");
        html_markup(h, "</p>\n");
    }
    html_markup(h, "</li>\n");
}

/* --- around the hits ------------------------------------------------------------------------- */

static void notes(struct html *h, const json_t *answer, bool late)
{
    size_t i;
    json_t *word;
    if (late)
        html_markup(h, "<p class=\"warn\">This took too long and was cut off; what was found until "
                       "then is shown. Rarer words are quicker.</p>\n");
    if (member_is(answer, "match", "partial") && json_array_size(json_object_get(answer, "hits")))
        html_markup(h, "<p class=\"note\">Nothing has all of these words; these pages have some of "
                       "them.</p>\n");
    json_array_foreach (json_object_get(answer, "ignored"), i, word) {
        if (i == 0)
            html_markup(h, "<p class=\"note\">Not looked for, since it is nearly everywhere: ");
        else
            html_markup(h, ", ");
        html_text(h, json_string_value(word));
    }
    if (i > 0)
        html_markup(h, "</p>\n");
    if (json_is_true(json_object_get(answer, "approximate")))
        html_markup(h, "<p class=\"note\">There is too much of this to look at everything: the "
                       "order is approximate.</p>\n");
    web_silent_sources(h, answer);
}

static void scope(struct html *h, const struct web_asked *asked)
{
    if (!asked->source[0])
        return;
    html_markup(h, "<p class=\"note\">Only in <strong>");
    html_text(h, asked->source);
    html_markup(h, "</strong>. <a href=\"");
    web_search_address(h, asked->query, "", 0);
    html_markup(h, "\">Search everywhere</a></p>\n");
}

static void paging(struct html *h, const struct web_asked *asked, const json_t *answer)
{
    int64_t offset = member_number(answer, "offset", 0);
    int64_t limit = member_number(answer, "limit", 10);
    bool more = json_is_true(json_object_get(answer, "has_more"));
    if (offset == 0 && !more)
        return;
    html_markup(h, "<nav class=\"paging\" aria-label=\"More results\">");
    if (offset > 0) {
        html_markup(h, "<a rel=\"prev\" href=\"");
        web_search_address(h, asked->query, asked->source, offset > limit ? offset - limit : 0);
        html_markup(h, "\">\xE2\x86\x90 Better matches</a>");
    }
    if (more) {
        html_markup(h, "<a rel=\"next\" href=\"");
        web_search_address(h, asked->query, asked->source, offset + limit);
        html_markup(h, "\">More results \xE2\x86\x92</a>");
    }
    html_markup(h, "</nav>\n");
}

static void nothing_found(struct html *h, const struct web_asked *asked, bool late)
{
    if (late)
        return;
    html_markup(h, "<div class=\"empty\">\n<p>Nothing was found for <strong>");
    html_text(h, asked->query);
    html_markup(h, "</strong>.</p>\n<p>Try fewer words, or a part of one: <code>*part*</code>, "
                   "<code>begin*</code>. <code>\"a phrase\"</code>, <code>this OR that</code> and "
                   "<code>-without</code> work, too.</p>\n</div>\n");
}

void web_search(struct html *h, const struct web_asked *asked, const json_t *answer, bool late)
{
    const json_t *hits = json_object_get(answer, "hits");
    size_t count = json_array_size(hits);
    int64_t offset = member_number(answer, "offset", 0);
    bool more = json_is_true(json_object_get(answer, "has_more"));
    struct buf title = {0};
    char status[64];
    size_t i;
    json_t *hit;
    snprintf(status, sizeof status, count == 0 ? "Nothing found" : "%zu %s found%s", count,
             count == 1 ? "page" : "pages", more ? ", and more" : "");
    buf_printf(&title, "%s - Lattice", asked->query);
    struct web_frame frame = {WEB_SEARCH,    title.data, asked->query,
                              asked->source, status,     asked->fragment};
    web_frame_begin(h, &frame);
    html_markup(h, "<h1 class=\"unseen\">Search results</h1>\n");
    scope(h, asked);
    notes(h, answer, late);
    if (count == 0)
        nothing_found(h, asked, late);
    else {
        html_markup(h, "<ol class=\"hits\" start=\"");
        html_textf(h, "%" PRId64, offset + 1);
        html_markup(h, "\">\n");
        json_array_foreach (hits, i, hit)
            one_hit(h, asked, answer, hit);
        html_markup(h, "</ol>\n");
    }
    paging(h, asked, answer);
    old_sources(h, answer, "note stale");
    web_frame_end(h, &frame);
    buf_release(&title);
}

/* --- nothing asked --------------------------------------------------------------------------- */

void web_recent_list(struct html *h, const json_t *pages, int64_t now_s)
{
    size_t i;
    json_t *page;
    html_markup(h, "<ul class=\"recent\">\n");
    json_array_foreach (pages, i, page) {
        struct web_place place = {member_text(page, "source"), member_text(page, "path"), "", -1};
        html_markup(h, "<li><a class=\"open\" href=\"");
        web_page_address(h, &place);
        html_markup(h, "\">");
        html_text(h, title_of(page));
        html_markup(h, "</a> <span class=\"origin\">");
        html_text(h, place.source);
        html_markup(h, " <span class=\"path\">");
        html_text(h, place.path);
        html_markup(h, "</span>" MIDDLE_DOT);
        html_ago(h, member_number(page, "updated_at", 0), now_s);
        html_markup(h, "</span></li>\n");
    }
    html_markup(h, "</ul>\n");
}

static void nothing_there(struct html *h, const json_t *answer)
{
    html_markup(h, "<div class=\"empty\">\n");
    if (json_array_size(json_object_get(answer, "sources")) == 0)
        html_markup(h, "<p>There is no source yet.</p>\n<p>Add one, and sync it:</p>\n<pre><code>"
                       "lattice-supervise add notes ~/notes\nlattice-supervise --all"
                       "</code></pre>\n");
    else
        html_markup(h, "<p>No page was synced yet.</p>\n<p><a href=\"/sources\">Sources</a> says "
                       "how far they are; <code>lattice-supervise --all</code> syncs them.</p>\n");
    html_markup(h, "</div>\n");
}

void web_start(struct html *h, const struct web_asked *asked, const json_t *answer)
{
    const json_t *pages = json_object_get(answer, "pages");
    struct web_frame frame = {WEB_SEARCH, "Lattice", "", asked->source, "", asked->fragment};
    web_frame_begin(h, &frame);
    scope(h, asked);
    old_sources(h, answer, "warn");
    web_silent_sources(h, answer);
    if (json_array_size(pages) == 0)
        nothing_there(h, answer);
    else {
        html_markup(h, "<h1 class=\"label\">Changed last</h1>\n");
        web_recent_list(h, pages, asked->now_s);
    }
    web_frame_end(h, &frame);
}
