/* The table of sources. */
#include "worker/reads/web_sources.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "worker/reads/web_time.h"

#define MIDDLE_DOT " \xC2\xB7 "

static enum age source_age(const json_t *source)
{
    return age_of(member_number(source, "fresh_s", -1));
}

static bool enabled(const json_t *source)
{
    return !json_is_false(json_object_get(source, "enabled"));
}

static bool is_old(const json_t *source)
{
    return enabled(source) && source_age(source) >= AGE_OLD;
}

static bool is_bad(const json_t *source)
{
    return strcmp(web_tone(member_text(source, "status")), "bad") == 0;
}

/* --- summary -----------------------------------------------------------------------------------
 */

struct tally {
    size_t sources;
    size_t running;
    size_t old;
    size_t bad;
    int64_t pages;
    int64_t backlog;
};

/* What a run says of itself is not checked. */
static void count(int64_t *sum, int64_t more)
{
    if (__builtin_add_overflow(*sum, more, sum))
        *sum = more > 0 ? INT64_MAX : INT64_MIN;
}

static struct tally count_all(const json_t *list)
{
    struct tally t = {0};
    size_t i;
    json_t *source;
    json_array_foreach (list, i, source) {
        t.sources++;
        t.running += member_is(source, "status", "running");
        t.old += is_old(source);
        t.bad += is_bad(source);
        count(&t.pages, member_number(source, "pages", 0));
        count(&t.backlog, member_number(source, "remaining", 0));
    }
    return t;
}

static void status_line(char *out, size_t size, const struct tally *t)
{
    if (t->old || t->bad)
        snprintf(out, size, "%zu of %zu sources not up to date, %zu failed", t->old, t->sources,
                 t->bad);
    else
        snprintf(out, size, "all %zu sources are fine", t->sources);
}

static void figure(struct html *h, const char *class, int64_t count, const char *what)
{
    html_markup(h, "<li");
    html_attr(h, "class", class);
    html_markup(h, "><strong>");
    html_count(h, count);
    html_markup(h, "</strong> ");
    html_text(h, what);
    html_markup(h, "</li>\n");
}

static void summary(struct html *h, const struct tally *t)
{
    html_markup(h, "<ul class=\"figures\">\n");
    if (t->old)
        figure(h, "bad", (int64_t)t->old, "not up to date");
    if (t->bad)
        figure(h, "bad", (int64_t)t->bad, "failed");
    if (t->running)
        figure(h, "busy", (int64_t)t->running, "running");
    figure(h, "", (int64_t)t->sources, t->sources == 1 ? "source" : "sources");
    figure(h, "", t->pages, "pages");
    if (t->backlog)
        figure(h, "some", t->backlog, "pages remaining");
    html_markup(h, "</ul>\n");
}

/* --- a row -------------------------------------------------------------------------------------
 */

static void status(struct html *h, const json_t *source)
{
    const char *name = member_text(source, "status");
    html_markup(h, "<span class=\"pill ");
    html_text(h, web_tone(name));
    html_markup(h, "\">");
    html_text(h, name);
    html_markup(h, "</span>");
    if (member_text(source, "phase")[0]) {
        html_markup(h, " <span class=\"quiet\">");
        html_text(h, member_text(source, "phase"));
        html_markup(h, "</span>");
    }
}

static void freshness(struct html *h, const json_t *source, int64_t now_s)
{
    html_markup(h, "<span");
    html_attr(h, "class", enabled(source) ? age_class(source_age(source)) : "quiet");
    html_markup(h, ">");
    html_ago(h, member_number(source, "last_success_at", 0), now_s);
    html_markup(h, "</span>");
}

static void backlog(struct html *h, const json_t *source)
{
    int64_t remaining = member_number(source, "remaining", 0);
    if (remaining <= 0) {
        html_markup(h, "<span class=\"quiet\">\xE2\x80\x93</span>");
        return;
    }
    html_markup(h, "<span class=\"late\">");
    html_count(h, remaining);
    html_markup(h, "</span>");
}

static void last_run(struct html *h, const json_t *source, int64_t now_s)
{
    int64_t duration_ms = member_number(source, "duration_ms", -1);
    bool runs = member_is(source, "status", "running") || member_is(source, "status", "stalled");
    if (runs)
        html_markup(h, "since ");
    if (!runs && member_number(source, "last_refreshed_at", 0) > 0)
        html_ago(h, member_number(source, "last_refreshed_at", 0), now_s);
    else
        html_ago(h, member_number(source, "started_at", 0), now_s);
    if (!runs && duration_ms >= 0) {
        html_markup(h, ", <span class=\"quiet\">");
        html_duration(h, duration_ms);
        html_markup(h, "</span>");
    }
}

/* Why it is as it is, and when it is tried again. */
static bool note(struct html *h, const json_t *source, int64_t now_s)
{
    const char *cause = member_text(source, "cause");
    const char *message = member_text(source, "message");
    int64_t next_at = member_number(source, "next_attempt_at", 0);
    int64_t quarantined = member_number(source, "quarantined", 0);
    int64_t errors = member_number(source, "errors", 0);
    char words[32];
    size_t before = h->out.size;
    if (cause[0] && is_bad(source)) {
        html_text(h, cause);
        html_markup(h, ": ");
    }
    html_text(h, message);
    if (next_at > now_s) {
        age_words(next_at - now_s, words, sizeof words);
        html_textf(h, "%snext try in %s", h->out.size > before ? "; " : "",
                   next_at - now_s < 10 ? "a moment" : words);
    }
    if (errors > 0)
        html_textf(h, "%s%" PRId64 " pages could not be read", h->out.size > before ? "; " : "",
                   errors);
    if (quarantined > 0)
        html_textf(h, "%s%" PRId64 " quarantined", h->out.size > before ? "; " : "", quarantined);
    return h->out.size > before;
}

/* What belongs to one source: a row, and one more below it if there is something to say. */
static void row(struct html *h, const json_t *source, const json_t *runs, int64_t now_s)
{
    const char *id = member_text(source, "id");
    html_markup(h, "<tbody role=\"rowgroup\"");
    html_attr(h, "class", is_old(source) || is_bad(source) ? "attention" : "");
    html_markup(h,
                ">\n<tr role=\"row\">\n<th role=\"rowheader\" scope=\"row\"><a href=\"/sources/");
    html_query(h, id);
    html_markup(h, "\">");
    html_text(h, id);
    html_markup(h, "</a> <span class=\"quiet\">");
    html_text(h, member_text(source, "kind"));
    html_markup(h, "</span></th>\n<td role=\"cell\" data-label=\"Status\">");
    status(h, source);
    html_markup(h, "</td>\n<td role=\"cell\" data-label=\"Fresh\">");
    freshness(h, source, now_s);
    html_markup(h, "</td>\n<td role=\"cell\" class=\"number\" data-label=\"Pages\">");
    html_count(h, member_number(source, "pages", 0));
    html_markup(h, "</td>\n<td role=\"cell\" class=\"number\" data-label=\"Remaining\">");
    backlog(h, source);
    html_markup(h, "</td>\n<td role=\"cell\" data-label=\"Last run\">");
    last_run(h, source, now_s);
    html_markup(h, "</td>\n<td role=\"cell\" data-label=\"Runs\">");
    web_strip(h, runs, now_s);
    html_markup(h, "</td>\n</tr>\n");
    size_t before = h->out.size;
    html_markup(h,
                "<tr role=\"row\" class=\"why\">\n<td role=\"cell\" colspan=\"7\" class=\"note\">");
    if (note(h, source, now_s))
        html_markup(h, "</td>\n</tr>\n");
    else
        html_cut(h, before);
    html_markup(h, "</tbody>\n");
}

static void table(struct html *h, const struct web_asked *asked, const json_t *list,
                  const json_t *runs)
{
    static const char *const heads[] = {"Source",    "Status",   "Fresh", "Pages",
                                        "Remaining", "Last run", "Runs"};
    size_t i;
    json_t *source;
    html_markup(h, "<table class=\"sources\" role=\"table\" aria-label=\"Sources\">\n"
                   "<thead role=\"rowgroup\">\n<tr role=\"row\">");
    for (i = 0; i < sizeof heads / sizeof *heads; i++) {
        html_markup(h, "<th role=\"columnheader\" scope=\"col\"");
        if (i == 3 || i == 4)
            html_markup(h, " class=\"number\"");
        html_markup(h, ">");
        html_text(h, heads[i]);
        html_markup(h, "</th>");
    }
    html_markup(h, "</tr>\n</thead>\n");
    json_array_foreach (list, i, source)
        row(h, source, json_object_get(runs, member_text(source, "id")), asked->now_s);
    html_markup(h, "</table>\n");
}

static void live(struct html *h)
{
    html_markup(h, "<p class=\"live\" id=\"live\" hidden></p>\n");
}

static void missing(struct html *h, const char *why)
{
    if (!why[0])
        return;
    html_markup(h, "<p class=\"warn\"><strong>Not all of them:</strong> ");
    html_text(h, why);
    html_markup(h, "</p>\n");
}

void web_sources(struct html *h, const struct web_asked *asked,
                 const struct web_sources_parts *parts)
{
    const json_t *list = json_object_get(parts->sources, "sources");
    struct tally tally = count_all(list);
    char said[96];
    status_line(said, sizeof said, &tally);
    struct web_frame frame = {WEB_SOURCES, "Sources - Lattice", "", "", said, asked->fragment};
    web_frame_begin(h, &frame);
    html_markup(h, "<h1>Sources</h1>\n");
    live(h);
    missing(h, parts->missing);
    if (tally.sources == 0 && !parts->missing[0])
        html_markup(h, "<div class=\"empty\">\n<p>There is no source yet.</p>\n<pre><code>"
                       "lattice-supervise add notes ~/notes\nlattice-supervise --all"
                       "</code></pre>\n</div>\n");
    else if (tally.sources > 0) {
        summary(h, &tally);
        table(h, asked, list, parts->runs);
    }
    web_frame_end(h, &frame);
}

/* --- one source --------------------------------------------------------------------------------
 */

static void fact(struct html *h, const char *name)
{
    html_markup(h, "<div><dt>");
    html_text(h, name);
    html_markup(h, "</dt><dd>");
}

static void facts(struct html *h, const json_t *source, int64_t now_s)
{
    html_markup(h, "<dl class=\"facts\">\n");
    fact(h, "Status");
    status(h, source);
    html_markup(h, "</dd></div>\n");
    fact(h, "Fresh");
    freshness(h, source, now_s);
    html_markup(h, "</dd></div>\n");
    fact(h, "Pages");
    html_count(h, member_number(source, "pages", 0));
    html_markup(h, "</dd></div>\n");
    fact(h, "Remaining");
    backlog(h, source);
    html_markup(h, "</dd></div>\n");
    fact(h, "Last run");
    last_run(h, source, now_s);
    html_markup(h, "</dd></div>\n");
    fact(h, "Store");
    html_size(h, member_number(source, "store_bytes", 0));
    html_markup(h, "</dd></div>\n");
    if (member_text(source, "bookmark")[0]) {
        fact(h, "Bookmark");
        html_markup(h, "<code>");
        html_text_sized(h, member_text(source, "bookmark"),
                        strnlen(member_text(source, "bookmark"), 12));
        html_markup(h, "</code></dd></div>\n");
    }
    html_markup(h, "</dl>\n");
}

/* On a phone these stand beside each other, so their signs say which is which. */
static void run_counts(struct html *h, const json_t *run)
{
    static const char *const counts[] = {"pages", "added", "changed", "deleted", "remaining"};
    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
        int64_t count = member_number(run, counts[i], -1);
        html_markup(h, "<td role=\"cell\" class=\"number ");
        html_text(h, counts[i]);
        html_markup(h, "\">");
        if (count >= 0)
            html_count(h, count);
        html_markup(h, "</td>\n");
    }
}

static void run_row(struct html *h, const json_t *run, int64_t now_s)
{
    const char *name = member_text(run, "status");
    html_markup(h, "<tr role=\"row\">\n<td role=\"cell\">");
    html_ago(h, member_number(run, "ended_at", member_number(run, "started_at", 0)), now_s);
    html_markup(h, "</td>\n<td role=\"cell\"><span class=\"pill ");
    html_text(h, web_tone(name));
    html_markup(h, "\">");
    html_text(h, name);
    html_markup(h, "</span></td>\n");
    run_counts(h, run);
    html_markup(h, "<td role=\"cell\" class=\"number\">");
    html_duration(h, member_number(run, "duration_ms", 0));
    html_markup(h, "</td>\n<td role=\"cell\" class=\"note\">");
    if (member_text(run, "cause")[0]) {
        html_text(h, member_text(run, "cause"));
        html_markup(h, ": ");
    }
    html_text(h, member_text(run, "message"));
    html_markup(h, "</td>\n</tr>\n");
}

static void run_table(struct html *h, const json_t *runs, int64_t now_s)
{
    static const char *const heads[] = {"Ended",   "Status",    "Pages", "Added", "Changed",
                                        "Deleted", "Remaining", "Time",  "Note"};
    size_t i;
    json_t *run;
    const json_t *list = json_object_get(runs, "runs");
    html_markup(h, "<h2 class=\"label\">Runs</h2>\n");
    if (json_array_size(list) == 0) {
        html_markup(h, "<p class=\"quiet\">It did not run yet.</p>\n");
        return;
    }
    html_markup(h, "<div class=\"wide\" tabindex=\"0\"><table class=\"runs\" role=\"table\""
                   " aria-label=\"Runs\">\n<thead role=\"rowgroup\">\n<tr role=\"row\">");
    for (i = 0; i < sizeof heads / sizeof *heads; i++) {
        html_markup(h, "<th role=\"columnheader\" scope=\"col\"");
        if (i >= 2 && i <= 7)
            html_markup(h, " class=\"number\"");
        html_markup(h, ">");
        html_text(h, heads[i]);
        html_markup(h, "</th>");
    }
    html_markup(h, "</tr>\n</thead>\n<tbody role=\"rowgroup\">\n");
    json_array_foreach (list, i, run)
        run_row(h, run, now_s);
    html_markup(h, "</tbody>\n</table></div>\n");
}

void web_source(struct html *h, const struct web_asked *asked, const struct web_source_parts *parts)
{
    const json_t *source = json_array_get(json_object_get(parts->sources, "sources"), 0);
    const json_t *pages = json_object_get(parts->recent, "pages");
    const char *id = member_text(source, "id");
    struct buf title = {0};
    char said[96];
    buf_printf(&title, "%s - Lattice", id);
    snprintf(said, sizeof said, "%s: %s", id, member_text(source, "status"));
    struct web_frame frame = {WEB_SOURCE, title.data, "", id, said, asked->fragment};
    web_frame_begin(h, &frame);
    html_markup(h, "<p class=\"back\"><a id=\"back\" href=\"/sources\">\xE2\x86\x90 Sources</a>"
                   "</p>\n<h1>");
    html_text(h, id);
    html_markup(h, "</h1>\n");
    live(h);
    size_t before = h->out.size;
    if (is_old(source) || is_bad(source))
        html_markup(h, "<p class=\"warn\">");
    else
        html_markup(h, "<p class=\"note\">");
    if (note(h, source, asked->now_s))
        html_markup(h, "</p>\n");
    else
        html_cut(h, before);
    facts(h, source, asked->now_s);
    run_table(h, parts->runs, asked->now_s);
    if (json_array_size(pages) > 0) {
        html_markup(h, "<h2 class=\"label\">Changed last</h2>\n");
        web_recent_list(h, pages, asked->now_s);
    }
    web_frame_end(h, &frame);
    buf_release(&title);
}
