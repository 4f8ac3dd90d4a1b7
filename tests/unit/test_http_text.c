/* What HTTP says in text: headers, links, secrets, URLs for messages. */
#include "worker/sync/http_text.h"

#include <stdlib.h>
#include <string.h>

#include "common/text.h"
#include "tests/unit/harness.h"

static struct error e;

static void check_header(const char *line, const char *name, const char *want)
{
    char *value = http_header_value(line, strlen(line), name);
    if (want)
        CHECK_STR(value, want);
    else
        CHECK(!value);
    free(value);
}

TEST(a_header_is_found_in_any_case_and_trimmed)
{
    check_header("ETag: \"7\"\r\n", "ETag", "\"7\"");
    check_header("etag:\"7\"\r\n", "ETag", "\"7\"");
    check_header("ETAG : \"7\"\r\n", "ETag", NULL);
    check_header("ETags: \"7\"\r\n", "ETag", NULL);
    check_header("ETag\r\n", "ETag", NULL);
    check_header("ETag:\r\n", "ETag", "");
    check_header("", "ETag", NULL);
    check_header("HTTP/1.1 200 OK\r\n", "ETag", NULL);
}

static void check_next(const char *link, const char *want)
{
    char *next = http_link_next(link);
    if (want)
        CHECK_STR(next, want);
    else
        CHECK(!next);
    free(next);
}

TEST(the_next_link_is_found_among_others)
{
    check_next(NULL, NULL);
    check_next("", NULL);
    check_next("<https://a/2>; rel=\"next\"", "https://a/2");
    check_next("<https://a/1>; rel=prev, <?page=3>; rel=next", "?page=3");
    check_next("<https://a/1,2;x>; title=\"a, <b>; rel=next\"; rel=\"last\", </n>; REL=\"up Next\"",
               "/n");
    check_next("</a>; title=\"rel=next\"", NULL);
    check_next("</a>; rel=nextish, </b>; rel", NULL);
    check_next("<>; rel=next", NULL);
    check_next("<a; rel=next", NULL);
    check_next("</a>;rel = \"next", "/a");
}

TEST(a_token_is_one_line_of_visible_characters)
{
    char *token = NULL;
    CHECK_OK(http_token_parse(" abc-1 \r\nsecond", 15, &token, &e), &e);
    CHECK_STR(token, "abc-1");
    free(token);
    CHECK_FAILS(http_token_parse("", 0, &token, &e), &e, CAUSE_CONFIG, "expected a token");
    CHECK_FAILS(http_token_parse("\nabc", 4, &token, &e), &e, CAUSE_CONFIG, "expected a token");
    CHECK_FAILS(http_token_parse("a b", 3, &token, &e), &e, CAUSE_CONFIG, "no space");
    CHECK_FAILS(http_token_parse("a\rX: y", 6, &token, &e), &e, CAUSE_CONFIG, "visible");
    CHECK_FAILS(http_token_parse("a\0b", 3, &token, &e), &e, CAUSE_CONFIG, "visible");
}

static void gather(void *context, const char *line)
{
    buf_printf(context, "[%s]", line);
}

static void check_refused(const char *text, const char *part)
{
    struct buf seen = {0};
    e = (struct error){0};
    CHECK_FAILS(http_headers_parse(text, strlen(text), gather, &seen, &e), &e, CAUSE_CONFIG, part);
    buf_release(&seen);
}

TEST(a_header_file_gives_its_lines_and_names_a_wrong_one)
{
    const char *text = "# mine\n\nX-Api-Key:  s3cret \r\nAuthorization: Basic YTpi";
    struct buf seen = {0};
    CHECK_OK(http_headers_parse(text, strlen(text), gather, &seen, &e), &e);
    CHECK_STR(seen.data, "[X-Api-Key: s3cret][Authorization: Basic YTpi]");
    buf_release(&seen);
    check_refused("", "no line");
    check_refused("A: b\nno colon\n", "line 2: expected");
    check_refused("A b: c", "line 1: expected");
    check_refused("A:\n", "line 1: expected");
    check_refused("host: other", "host is set by Lattice");
    check_refused("if-none-match: x", "is set by Lattice");
    check_refused("A: b\rB: c", "control character");
    CHECK(!strstr(e.text, "B: c"));
}

static void check_shown(const char *url, const char *want)
{
    char *shown = http_url_shown(url);
    CHECK_STR(shown, want);
    free(shown);
}

TEST(a_url_is_shown_without_what_may_be_secret)
{
    check_shown("https://example.org/feed", "https://example.org/feed");
    check_shown("https://example.org/feed?auth=s3cret#x", "https://example.org/feed?...");
    check_shown("https://example.org?s3cret", "https://example.org?...");
    check_shown("https://example.org/a#s3cret", "https://example.org/a");
    check_shown("https://me:s3@cret@example.org:8443/a@b", "https://example.org:8443/a@b");
    check_shown("nonsense?x", "nonsense?...");
    check_shown("/login?to=https://example.org/?s3cret", "/login?...");
    check_shown("", "");
}
