/* Events as they are sent, ids that come back, looking at a ledger that changes. */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/unit/harness.h"
#include "worker/reads/events_source.h"

static void formats(const struct ledger_event *event, const char *want)
{
    struct buf out = {0};
    event_format(&out, event);
    CHECK_STR(out.data, want);
    buf_release(&out);
}

TEST(an_event_is_one_block_of_lines)
{
    formats(&(struct ledger_event){7, 9, "notes", "run_started", "{\"a\":1}"},
            "id: 7\nevent: run_started\ndata: {\"seq\":7,\"at\":9,\"source\":\"notes\","
            "\"type\":\"run_started\",\"details\":{\"a\":1}}\n\n");
}

TEST(nothing_in_an_event_can_begin_a_line)
{
    formats(&(struct ledger_event){7, 9, "a\nid: 1", "x\ndata: y", "{\n\"a\":\n1}"},
            "id: 7\nevent: other\ndata: {\"seq\":7,\"at\":9,\"source\":\"a\\nid: 1\","
            "\"type\":\"x\\ndata: y\",\"details\":{\"a\":1}}\n\n");
    formats(&(struct ledger_event){7, 9, "a", "t", "not json"},
            "id: 7\nevent: t\ndata: {\"seq\":7,\"at\":9,\"source\":\"a\",\"type\":\"t\","
            "\"details\":null}\n\n");
}

TEST(only_numbers_come_back_as_ids)
{
    CHECK_INT(event_id_parse("0"), 0);
    CHECK_INT(event_id_parse("123"), 123);
    CHECK_INT(event_id_parse(""), -1);
    CHECK_INT(event_id_parse("-1"), -1);
    CHECK_INT(event_id_parse("1x"), -1);
    CHECK_INT(event_id_parse("9999999999999999999"), -1);
}

static void add_events(const struct home *home, int count)
{
    struct ledger *ledger = NULL;
    struct error e = {0};
    CHECK_OK(ledger_open(home, &ledger, &e), &e);
    CHECK_OK(ledger_begin(ledger, &e), &e);
    for (int i = 0; i < count; i++) {
        struct ledger_event event = {.at = 1, .source = "a", .type = "t", .json = "{}"};
        CHECK_OK(ledger_add_event(ledger, &event, &e), &e);
    }
    CHECK_OK(ledger_commit(ledger, &e), &e);
    ledger_close(&ledger);
}

static struct event_look look_after(struct event_source *source, int64_t after)
{
    struct event_look look = {.after = after, .most = 100};
    event_source_look(source, &look);
    return look;
}

TEST(a_look_finds_what_follows_and_says_what_is_lost)
{
    struct home home = {0};
    struct error e = {0};
    CHECK_OK(home_open(test_path("home"), &home, &e), &e);
    struct event_source source = {.home = &home};
    struct event_look look = look_after(&source, -1);
    CHECK_INT(look.newest, 0);
    add_events(&home, 5);
    look = look_after(&source, -1);
    CHECK_INT(look.newest, 5);
    CHECK_INT(look.found.count, 0);
    look = look_after(&source, 3);
    CHECK_INT(look.found.count, 2);
    CHECK_INT(look.found.frames[0].seq, 4);
    CHECK_INT(look.newest, 5);
    CHECK(!look.lost && !look.full);
    event_frames_release(&look.found);
    look = look_after(&source, 9);
    CHECK(look.lost);
    CHECK_INT(look.newest, 5);
    event_source_release(&source);
    home_release(&home);
}

TEST(another_ledger_is_seen)
{
    struct home home = {0};
    struct error e = {0};
    CHECK_OK(home_open(test_path("home"), &home, &e), &e);
    struct event_source source = {.home = &home};
    add_events(&home, 5);
    struct event_look look = look_after(&source, 2);
    CHECK_INT(look.found.count, 3);
    event_frames_release(&look.found);
    char *path = home_path(&home, HOME_LEDGER);
    char *aside = home_path(&home, "aside");
    CHECK_INT(rename(path, aside), 0);
    look = look_after(&source, 5);
    CHECK(look.lost);
    CHECK_INT(look.newest, 0);
    add_events(&home, 2);
    look = look_after(&source, 0);
    CHECK_INT(look.found.count, 2);
    event_frames_release(&look.found);
    event_source_release(&source);
    free(path);
    free(aside);
    home_release(&home);
}
