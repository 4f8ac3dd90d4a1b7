/* The pages for people: a page, a search, the sources, and what is said of old ones. */
#include <stdlib.h>
#include <string.h>

#include "tests/unit/harness.h"
#include "tests/unit/html_check.h"
#include "worker/reads/web_page.h"
#include "worker/reads/web_search.h"
#include "worker/reads/web_sources.h"

enum { NOW = 1790000000 };

static const char *text_of(struct html *h)
{
    return h->out.data ? h->out.data : "";
}

static void check_html(struct html *h)
{
    const char *place;
    const char *wrong = html_check(text_of(h), h->out.size, &place);
    if (wrong)
        FAIL("%s: %.120s", wrong, place);
}

/* --- pages -------------------------------------------------------------------------------------
 */

static struct web_asked asked_for(const char *query)
{
    return (struct web_asked){.query = query, .source = "", .now_s = NOW};
}

static char *page(json_t *page_json)
{
    struct html h = {0};
    struct web_asked asked = asked_for("");
    web_page(&h, &asked, page_json, NULL);
    check_html(&h);
    json_decref(page_json);
    return buf_take(&h.out);
}

static json_t *page_json(const char *kind, const char *text, json_int_t fresh_s)
{
    json_t *json =
        json_pack("{s:s,s:s,s:s,s:s,s:{s:s},s:[{s:i,s:s}],s:[{s:s,s:I,s:I}]}", "source", "src",
                  "path", "a.md", "title", "The <title>", "kind", kind, "front", "owner", "<Ada>",
                  "chunks", "chunk", 0, "text", text, "sources", "id", "src", "fresh_s", fresh_s,
                  "last_success_at", (json_int_t)NOW - fresh_s);
    if (fresh_s < 0)
        json_object_set_new(json_array_get(json_object_get(json, "sources"), 0), "fresh_s",
                            json_null());
    return json;
}

TEST(a_page_shows_its_text_without_front_matter)
{
    char *got = page(page_json("markdown", "---\nowner: <Ada>\n---\n# Top\n\nx\n", 5));
    CHECK_CONTAINS(got, "<dt>owner</dt><dd>&lt;Ada&gt;</dd>");
    CHECK_CONTAINS(got, "<div class=\"text\">\n<span class=\"anchor\" id=\"c0\"></span><h1");
    CHECK(strstr(got, "<h1>") == NULL); /* it has a title of its own */
    CHECK(strstr(got, "class=\"warn\"") == NULL);
    free(got);
}

TEST(what_is_no_markdown_is_shown_as_it_is)
{
    char *got = page(page_json("text", "# no heading <b>\n", 5));
    CHECK_CONTAINS(got, "<h1>The &lt;title&gt;</h1>");
    CHECK_CONTAINS(got, "<pre class=\"plain\" tabindex=\"0\"># no heading &lt;b&gt;\n</pre>");
    free(got);
}

TEST(a_page_of_an_old_source_says_so)
{
    char *got = page(page_json("text", "x", 3 * 86400));
    CHECK_CONTAINS(got, "This may be out of date: the source was last seen 3 days ago.");
    free(got);
    got = page(page_json("text", "x", -1));
    CHECK_CONTAINS(got, "never completely synced");
    free(got);
}

/* --- search ------------------------------------------------------------------------------------
 */

static char *search(const char *query, json_t *answer, bool late)
{
    struct html h = {0};
    struct web_asked asked = asked_for(query);
    web_search(&h, &asked, answer, late);
    check_html(&h);
    json_decref(answer);
    return buf_take(&h.out);
}

static json_t *hit_json(const char *snippet, json_t *marks)
{
    return json_pack("{s:[{s:s,s:s,s:s,s:s,s:s,s:o,s:i,s:i}],s:[{s:s,s:b,s:i}]}", "hits", "source",
                     "src", "path", "a b.md", "title", "T<t>", "heading", "A > B", "snippet",
                     snippet, "marks", marks, "chunk", 4, "more_hits", 2, "sources", "id", "src",
                     "answered", 1, "fresh_s", 2 * 86400);
}

TEST(hits_are_marked_and_lead_to_their_place)
{
    char *got = search("x&y", hit_json("a <b> c", json_pack("[[i,i]]", 2, 5)), false);
    CHECK_CONTAINS(got, "a <mark>&lt;b&gt;</mark> c</p>");
    CHECK_CONTAINS(got, "href=\"/pages/src/a%20b.md?q=x%26y#c4\">T&lt;t&gt;</a>");
    CHECK_CONTAINS(got, "2 more places in this page");
    CHECK_CONTAINS(got, "<span class=\"old\">2 days old</span>");
    CHECK_CONTAINS(got, "name=\"q\"");
    CHECK_CONTAINS(got, "value=\"x&amp;y\"");
    free(got);
}

TEST(wrong_marks_lose_no_text)
{
    static const int wrong[][2] = {{5, 2}, {-1, 3}, {0, 99}, {100, 101}};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        char *got =
            search("x", hit_json("a <b> c", json_pack("[[i,i]]", wrong[i][0], wrong[i][1])), false);
        CHECK_CONTAINS(got, "\"snippet\">a &lt;b&gt; c</p>");
        free(got);
    }
}

TEST(an_empty_result_says_what_to_try)
{
    char *got = search("<zz>", json_pack("{s:[]}", "hits"), false);
    CHECK_CONTAINS(got, "Nothing was found for <strong>&lt;zz&gt;</strong>");
    CHECK_CONTAINS(got, "data-status=\"Nothing found\"");
    free(got);
    got = search("x", NULL, true);
    CHECK_CONTAINS(got, "This took too long and was cut off");
    CHECK(strstr(got, "Nothing was found") == NULL);
    free(got);
}

TEST(a_store_that_does_not_answer_is_named)
{
    char *got = search("x",
                       json_pack("{s:[],s:[{s:s,s:b,s:s,s:s}]}", "hits", "sources", "id", "media",
                                 "answered", 0, "problem", "damaged", "message", "page <3>"),
                       false);
    CHECK_CONTAINS(got,
                   "<strong>media</strong> did not answer, so nothing of it is shown: damaged, "
                   "page &lt;3&gt;");
    CHECK_CONTAINS(got, "<strong>Not up to date:</strong>");
    free(got);
}

TEST(pages_of_results_lead_on_and_back)
{
    json_t *answer = hit_json("a", json_array());
    json_object_set_new(answer, "offset", json_integer(20));
    json_object_set_new(answer, "limit", json_integer(20));
    json_object_set_new(answer, "has_more", json_true());
    char *got = search("a b", answer, false);
    CHECK_CONTAINS(got, "rel=\"prev\" href=\"/?q=a%20b\"");
    CHECK_CONTAINS(got, "rel=\"next\" href=\"/?q=a%20b&amp;offset=40\"");
    CHECK_CONTAINS(got, "<ol class=\"hits\" start=\"21\">");
    free(got);
}

TEST(a_fragment_is_the_content_alone)
{
    struct html h = {0};
    struct web_asked asked = asked_for("x");
    json_t *answer = json_pack("{s:[]}", "hits");
    asked.fragment = true;
    web_search(&h, &asked, answer, false);
    check_html(&h);
    CHECK(strncmp(text_of(&h), "<div id=\"view\" class=\"search\"", 29) == 0);
    CHECK(strstr(text_of(&h), "<header") == NULL);
    html_release(&h);
    json_decref(answer);
}

/* --- sources -----------------------------------------------------------------------------------
 */

static char *sources(json_t *list)
{
    struct html h = {0};
    struct web_asked asked = asked_for("");
    json_t *answer = json_pack("{s:o}", "sources", list);
    json_t *runs = json_pack("{s:[{s:s,s:i,s:i},{s:s,s:s,s:i},{s:s}]}", "a", "status", "ok",
                             "added", 70, "ended_at", NOW - 60, "status", "failed", "message",
                             "<no> route", "ended_at", NOW - 120, "status", "unchanged");
    web_sources(&h, &asked, &(struct web_sources_parts){answer, runs, ""});
    check_html(&h);
    json_decref(answer);
    json_decref(runs);
    return buf_take(&h.out);
}

static json_t *source_json(const char *id, const char *status, json_int_t fresh_s)
{
    json_t *json = json_pack("{s:s,s:s,s:s,s:b,s:i}", "id", id, "kind", "git", "status", status,
                             "enabled", 1, "pages", 1200);
    if (fresh_s >= 0) {
        json_object_set_new(json, "fresh_s", json_integer(fresh_s));
        json_object_set_new(json, "last_success_at", json_integer(NOW - fresh_s));
    }
    return json;
}

TEST(an_old_source_stands_out)
{
    char *got =
        sources(json_pack("[o,o,o]", source_json("a", "ok", 30), source_json("b", "ok", 3 * 86400),
                          source_json("c", "never", -1)));
    CHECK_CONTAINS(got, "<strong>2</strong> not up to date");
    CHECK_CONTAINS(got, "class=\"\">\n<tr role=\"row\">\n<th role=\"rowheader\" scope=\"row\"><a "
                        "href=\"/sources/a\">");
    CHECK_CONTAINS(got, "class=\"attention\">\n<tr role=\"row\">\n<th role=\"rowheader\" "
                        "scope=\"row\"><a href=\"/sources/b\">");
    CHECK_CONTAINS(got, "class=\"attention\">\n<tr role=\"row\">\n<th role=\"rowheader\" "
                        "scope=\"row\"><a href=\"/sources/c\">");
    CHECK_CONTAINS(got, "<span class=\"old\"><time");
    CHECK_CONTAINS(got, "<span class=\"old\">never</span>");
    CHECK_CONTAINS(got, "<span class=\"fresh\"><time");
    free(got);
}

TEST(a_disabled_source_is_not_called_old)
{
    json_t *source = source_json("a", "disabled", 90 * 86400);
    json_object_set_new(source, "enabled", json_false());
    char *got = sources(json_pack("[o]", source));
    CHECK(strstr(got, "attention") == NULL);
    CHECK_CONTAINS(got, "data-status=\"all 1 sources are fine\"");
    free(got);
}

TEST(a_failed_source_says_why_and_when_it_is_tried_again)
{
    json_t *source = source_json("a", "failed", 30);
    json_object_update_new(source, json_pack("{s:s,s:s,s:i}", "cause", "auth", "message",
                                             "no <key>", "next_attempt_at", NOW + 300));
    char *got = sources(json_pack("[o]", source));
    CHECK_CONTAINS(got, "auth: no &lt;key&gt;; next try in 5 min");
    CHECK_CONTAINS(got, "<span class=\"pill bad\">failed</span>");
    free(got);
}

TEST(runs_are_a_picture_with_words)
{
    char *got = sources(json_pack("[o]", source_json("a", "ok", 30)));
    CHECK_CONTAINS(got, "The last 3 runs: 2 good, 0 partial, 1 failed; the newest: ok");
    CHECK_CONTAINS(got, "<title>failed, 2 min ago, 0 ms: &lt;no&gt; route</title>");
    free(got);
}

TEST(every_outcome_has_a_tone)
{
    CHECK_STR(web_tone("ok"), "good");
    CHECK_STR(web_tone("running"), "busy");
    CHECK_STR(web_tone("partial"), "some");
    CHECK_STR(web_tone("never"), "off");
    CHECK_STR(web_tone("crashed"), "bad");
    CHECK_STR(web_tone("lost-lock"), "bad");
}
