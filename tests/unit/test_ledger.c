/* The ledger: attempts, what is known of a source, events and their bounds. */
#include "common/ledger.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "common/text.h"
#include "tests/unit/harness.h"

static struct home home_here(void)
{
    return (struct home){.path = (char *)(uintptr_t)test_dir()};
}

static struct ledger *open_here(void)
{
    struct home home = home_here();
    struct ledger *ledger = NULL;
    struct error e = {0};
    CHECK_OK(ledger_open(&home, &ledger, &e), &e);
    return ledger;
}

static struct attempt attempt_of(enum outcome outcome, int64_t started_at)
{
    struct attempt attempt = {.wave = 1, .ended_at = started_at + 5, .exit_code = 0};
    attempt.result.outcome = outcome;
    attempt.result.started_at = started_at;
    run_id_make(attempt.result.run_id);
    return attempt;
}

static void add(struct ledger *ledger, const char *source, struct attempt attempt)
{
    struct error e = {0};
    int64_t invocation;
    CHECK_OK(ledger_begin(ledger, &e), &e);
    CHECK_OK(ledger_add_invocation(ledger, 1, &invocation, &e), &e);
    CHECK_OK(ledger_add_attempt(ledger, invocation, source, &attempt, &e), &e);
    CHECK_OK(ledger_commit(ledger, &e), &e);
}

static struct ledger_source read_source(struct ledger *ledger, const char *id)
{
    struct ledger_source source;
    struct error e = {0};
    CHECK_OK(ledger_read_source(ledger, id, &source, &e), &e);
    return source;
}

TEST(an_unknown_source_is_all_zero)
{
    struct ledger *ledger = open_here();
    struct ledger_source source = read_source(ledger, "nobody");
    CHECK(!source.has_last);
    CHECK_INT(source.attempts, 0);
    ledger_close(&ledger);
}

TEST(an_attempt_comes_back_as_it_was)
{
    struct ledger *ledger = open_here();
    struct attempt attempt = attempt_of(OUTCOME_KILLED, 100);
    attempt.signal = 9;
    attempt.exit_code = -1;
    attempt.result.remaining = -1;
    attempt.result.pages = 7;
    snprintf(attempt.kill_stage, sizeof attempt.kill_stage, "kill");
    snprintf(attempt.result.message, sizeof attempt.result.message, "it's dead");
    add(ledger, "notes", attempt);
    ledger_close(&ledger);
    ledger = open_here();
    struct ledger_source source = read_source(ledger, "notes");
    CHECK(source.has_last);
    CHECK_STR(source.last.result.run_id, attempt.result.run_id);
    CHECK_INT(source.last.result.outcome, OUTCOME_KILLED);
    CHECK_STR(source.last.result.message, "it's dead");
    CHECK_INT(source.last.result.remaining, -1);
    CHECK_INT(source.last.result.pages, 7);
    CHECK_INT(source.last.signal, 9);
    CHECK_INT(source.last.exit_code, -1);
    CHECK_STR(source.last.kill_stage, "kill");
    CHECK_INT(source.last.ended_at, 105);
    ledger_close(&ledger);
}

TEST(attempts_count_since_the_last_success)
{
    struct ledger *ledger = open_here();
    add(ledger, "a", attempt_of(OUTCOME_FAILED, 100));
    add(ledger, "a", attempt_of(OUTCOME_PARTIAL, 200));
    CHECK_INT(read_source(ledger, "a").attempts, 2);
    CHECK_INT(read_source(ledger, "a").last_success_at, 0);
    add(ledger, "a", attempt_of(OUTCOME_OK, 300));
    CHECK_INT(read_source(ledger, "a").attempts, 0);
    CHECK_INT(read_source(ledger, "a").last_success_at, 305);
    add(ledger, "a", attempt_of(OUTCOME_CRASHED, 400));
    CHECK_INT(read_source(ledger, "a").attempts, 1);
    CHECK_INT(read_source(ledger, "a").last_success_at, 305);
    CHECK_INT(read_source(ledger, "a").last_attempt_at, 400);
    ledger_close(&ledger);
}

TEST(a_skip_is_the_last_word_but_no_attempt)
{
    struct ledger *ledger = open_here();
    add(ledger, "a", attempt_of(OUTCOME_FAILED, 100));
    add(ledger, "a", attempt_of(OUTCOME_SKIPPED, 200));
    add(ledger, "b", attempt_of(OUTCOME_SKIPPED, 200));
    CHECK_INT(read_source(ledger, "a").attempts, 1);
    CHECK_INT(read_source(ledger, "a").last_attempt_at, 100);
    CHECK_INT(read_source(ledger, "a").last.result.outcome, OUTCOME_SKIPPED);
    CHECK_INT(read_source(ledger, "b").attempts, 0);
    CHECK_INT(read_source(ledger, "b").last_attempt_at, 0);
    ledger_close(&ledger);
}

static void count_event(void *owner, const struct ledger_event *event)
{
    struct buf *out = owner;
    buf_printf(out, "%lld:%s:%s:%s ", (long long)event->seq, event->source, event->type,
               event->json);
}

static void add_events(struct ledger *ledger, int count)
{
    struct error e = {0};
    CHECK_OK(ledger_begin(ledger, &e), &e);
    for (int i = 0; i < count; i++) {
        struct ledger_event event = {.at = i, .source = "a", .type = "t", .json = "{}"};
        CHECK_OK(ledger_add_event(ledger, &event, &e), &e);
    }
    CHECK_OK(ledger_commit(ledger, &e), &e);
}

TEST(events_are_read_from_where_a_reader_was)
{
    struct ledger *ledger = open_here();
    struct buf out = {0};
    struct error e = {0};
    add_events(ledger, 5);
    CHECK_OK(ledger_read_events(ledger, (struct ledger_range){.after = 2, .limit = 2}, count_event,
                                &out, &e),
             &e);
    CHECK_STR(out.data, "3:a:t:{} 4:a:t:{} ");
    buf_release(&out);
    ledger_close(&ledger);
}

TEST_LIMIT(only_the_newest_events_are_kept, 60)
{
    struct ledger *ledger = open_here();
    struct buf out = {0};
    struct error e = {0};
    add_events(ledger, LEDGER_EVENTS_MAX);
    add_events(ledger, 10);
    CHECK_OK(ledger_read_events(ledger, (struct ledger_range){.limit = 1}, count_event, &out, &e),
             &e);
    CHECK_STR(out.data, "11:a:t:{} ");
    buf_release(&out);
    ledger_close(&ledger);
}

TEST(nothing_of_a_rolled_back_batch_stays)
{
    struct ledger *ledger = open_here();
    struct error e = {0};
    struct attempt attempt = attempt_of(OUTCOME_OK, 1);
    int64_t invocation;
    CHECK_OK(ledger_begin(ledger, &e), &e);
    CHECK_OK(ledger_add_invocation(ledger, 1, &invocation, &e), &e);
    CHECK_OK(ledger_add_attempt(ledger, invocation, "a", &attempt, &e), &e);
    ledger_roll_back(ledger);
    ledger_roll_back(ledger);
    CHECK(!read_source(ledger, "a").has_last);
    ledger_close(&ledger);
}

/* As runs from cron: each opens it, commits once, closes it. The naive way grows by all of them. */
TEST(the_log_does_not_grow_from_run_to_run)
{
    enum { RUNS = 100, LOG_MAX_BYTES = 1024 * 1024 };
    char path[PATH_MAX];
    struct stat st;
    off_t before = 0;
    bool cut = false;
    snprintf(path, sizeof path, "%s/ledger.db-wal", test_dir());
    for (int i = 0; i < RUNS; i++) {
        struct ledger *ledger = open_here();
        add(ledger, "a", attempt_of(OUTCOME_OK, 100 + i));
        ledger_close(&ledger);
        CHECK(stat(path, &st) == 0);
        CHECK(st.st_size < LOG_MAX_BYTES);
        cut = cut || st.st_size < before;
        before = st.st_size;
    }
    CHECK(cut);
}

TEST(a_reader_sees_a_missing_ledger_as_none)
{
    struct home home = home_here();
    struct ledger *ledger = NULL;
    struct error e = {0};
    CHECK_OK(ledger_open_read(&home, &ledger, &e), &e);
    CHECK(ledger == NULL);
}

TEST(a_reader_reads_beside_the_writer)
{
    struct ledger *writer = open_here();
    struct ledger *reader = NULL;
    struct home home = home_here();
    struct error e = {0};
    add(writer, "a", attempt_of(OUTCOME_OK, 100));
    CHECK_OK(ledger_open_read(&home, &reader, &e), &e);
    add(writer, "a", attempt_of(OUTCOME_PARTIAL, 200));
    CHECK_INT(read_source(reader, "a").last.result.outcome, OUTCOME_PARTIAL);
    ledger_close(&reader);
    ledger_close(&writer);
}

TEST(what_is_no_ledger_is_refused)
{
    struct home home = home_here();
    struct ledger *ledger = NULL;
    struct error e = {0};
    test_write(HOME_LEDGER, "this is not a database, but text of some length", 47);
    CHECK_FAILS(ledger_open(&home, &ledger, &e), &e, CAUSE_STORE, "ledger");
    CHECK(ledger == NULL);
}
