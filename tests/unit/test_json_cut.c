/* Elements cut out of a document that comes in pieces. */
#include "worker/sync/json_cut.h"

#include <stdlib.h>
#include <string.h>

#include "tests/unit/harness.h"

static struct error e;

static bool gather(void *context, const char *bytes, size_t size, struct error *problem)
{
    (void)problem;
    buf_printf(context, "<%.*s>", (int)size, bytes);
    return true;
}

/* Cuts `text`, `piece` bytes at a time; the elements and the rest are in `seen`. */
static bool cut(const char *text, size_t piece, struct buf *seen)
{
    struct json_cut c = {.name = "sessions", .element = gather, .context = seen};
    size_t size = strlen(text);
    bool ok = true;
    buf_reset(seen);
    for (size_t at = 0; ok && at < size; at += piece)
        ok = json_cut_feed(&c, text + at, size - at < piece ? size - at : piece, &e);
    ok = ok && json_cut_end(&c, &e);
    buf_printf(seen, " %s", c.rest.data ? c.rest.data : "");
    json_cut_release(&c);
    return ok;
}

static void check_cut(const char *text, const char *want)
{
    struct buf seen = {0};
    for (size_t piece = 1; piece <= strlen(text); piece++) {
        CHECK_OK(cut(text, piece, &seen), &e);
        CHECK_STR(seen.data, want);
    }
    buf_release(&seen);
}

static void check_refused(const char *text, const char *part)
{
    struct buf seen = {0};
    for (size_t piece = 1; piece <= strlen(text); piece += 3) {
        e = (struct error){0};
        CHECK_FAILS(cut(text, piece, &seen), &e, CAUSE_BAD_DATA, part);
    }
    buf_release(&seen);
}

TEST(elements_come_one_by_one_and_the_rest_is_a_small_document)
{
    check_cut("{\"sessions\":[{\"a\":1},{\"b\":[2,{}]}],\"version\":3}",
              "<{\"a\":1}><{\"b\":[2,{}]}> {\"sessions\":[],\"version\":3}");
    check_cut("{\"version\":3,\"sessions\" : [ ]}", " {\"version\":3,\"sessions\" : []}");
    check_cut("{\"sessions\":[1 , \"x\" ,null]}", "<1 ><\"x\" ><null> {\"sessions\":[]}");
}

TEST(brackets_and_names_within_strings_mean_nothing)
{
    check_cut("{\"s\":\"\\\"sessions\\\":[\",\"sessions\":[\"]},[\\\\\",\"\\\"\"]}",
              "<\"]},[\\\\\"><\"\\\"\"> {\"s\":\"\\\"sessions\\\":[\",\"sessions\":[]}");
}

TEST(only_the_outermost_object_has_the_array)
{
    check_cut("{\"x\":{\"sessions\":[1]},\"y\":[[2]]}", " {\"x\":{\"sessions\":[1]},\"y\":[[2]]}");
    check_cut("[\"sessions\",[1]]", " [\"sessions\",[1]]");
    check_cut("{\"x\":\"sessions\",\"y\":[1]}", " {\"x\":\"sessions\",\"y\":[1]}");
    check_cut("{\"sessions\":{\"a\":[1]}}", " {\"sessions\":{\"a\":[1]}}");
    check_cut("{\"sessions\":null,\"y\":[1]}", " {\"sessions\":null,\"y\":[1]}");
}

TEST(what_is_cut_short_or_out_of_shape_is_refused)
{
    check_refused("{\"sessions\":[1", "ends early");
    check_refused("{\"sessions\":[1]", "ends early");
    check_refused("{\"sessions\":[\"a", "ends early");
    check_refused("{\"sessions\":[1,]}", "is missing");
    check_refused("{\"sessions\":[,1]}", "is missing");
    check_refused("{\"sessions\":[1}", "closes nothing");
    check_refused("{\"sessions\":[\"a\" \"b\"]}}", "closes nothing");
    check_refused("]", "closes nothing");
}

TEST(an_element_and_the_rest_have_limits)
{
    struct buf endless = {0};
    struct json_cut c = {.name = "sessions", .element = gather, .context = NULL};
    buf_add_text(&endless, "{\"sessions\":[\"");
    while (endless.size < JSON_ELEMENT_MAX_BYTES + 64)
        buf_add_text(&endless, "0123456789012345678901234567890123456789");
    CHECK_FAILS(json_cut_feed(&c, endless.data, endless.size, &e), &e, CAUSE_BAD_DATA,
                "an element of \"sessions\" has more than");
    json_cut_release(&c);
    c = (struct json_cut){.name = "sessions", .element = gather};
    e = (struct error){0};
    memset(endless.data, ' ', endless.size);
    CHECK_FAILS(json_cut_feed(&c, endless.data, endless.size, &e), &e, CAUSE_BAD_DATA,
                "beside \"sessions\"");
    json_cut_release(&c);
    buf_release(&endless);
}
