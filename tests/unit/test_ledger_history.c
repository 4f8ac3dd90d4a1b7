/* The ledger as history: attempts, counters, purging. */
#include "common/ledger_history.h"

#include <stdio.h>

#include "common/text.h"
#include "tests/unit/harness.h"

static struct ledger *open_here(void)
{
    struct home home = {.path = (char *)(uintptr_t)test_dir()};
    struct ledger *ledger = NULL;
    struct error e = {0};
    CHECK_OK(ledger_open(&home, &ledger, &e), &e);
    return ledger;
}

static void add(struct ledger *ledger, const char *source, enum outcome outcome, const char *stage)
{
    struct attempt attempt = {.wave = 1, .ended_at = 5, .exit_code = -1};
    struct error e = {0};
    int64_t invocation;
    attempt.result.outcome = outcome;
    run_id_make(attempt.result.run_id);
    snprintf(attempt.kill_stage, sizeof attempt.kill_stage, "%s", stage);
    CHECK_OK(ledger_begin(ledger, &e), &e);
    CHECK_OK(ledger_add_invocation(ledger, 1, &invocation, &e), &e);
    CHECK_OK(ledger_add_attempt(ledger, invocation, source, &attempt, &e), &e);
    CHECK_OK(ledger_commit(ledger, &e), &e);
}

static void note_attempt(void *owner, const char *source, const struct attempt *attempt)
{
    buf_printf(owner, "%s:%s:%s ", source, outcome_name(attempt->result.outcome),
               attempt->kill_stage);
}

static void note_counter(void *owner, const char *name, const char *label, int64_t count)
{
    buf_printf(owner, "%s{%s}=%lld ", name, label, (long long)count);
}

static void check_attempts(struct ledger *ledger, const char *source, int64_t limit,
                           const char *want)
{
    struct buf out = {0};
    struct error e = {0};
    buf_add_text(&out, "");
    CHECK_OK(ledger_read_attempts(ledger, (struct ledger_query){.source = source, .limit = limit},
                                  note_attempt, &out, &e),
             &e);
    CHECK_STR(out.data, want);
    buf_release(&out);
}

static void check_counters(struct ledger *ledger, const char *want)
{
    struct buf out = {0};
    struct error e = {0};
    buf_add_text(&out, "");
    CHECK_OK(ledger_read_counters(ledger, note_counter, &out, &e), &e);
    CHECK_STR(out.data, want);
    buf_release(&out);
}

TEST(attempts_come_the_newest_first_and_no_more_than_asked_for)
{
    struct ledger *ledger = open_here();
    add(ledger, "a", OUTCOME_FAILED, "");
    add(ledger, "b", OUTCOME_OK, "");
    add(ledger, "a", OUTCOME_KILLED, "kill");
    check_attempts(ledger, NULL, 2, "a:killed:kill b:ok: ");
    check_attempts(ledger, "a", 10, "a:killed:kill a:failed: ");
    check_attempts(ledger, "nobody", 10, "");
    ledger_close(&ledger);
}

TEST(each_attempt_counts_outcome_stage_and_orphans)
{
    struct ledger *ledger = open_here();
    add(ledger, "a", OUTCOME_KILLED, "kill, swept 3");
    add(ledger, "b", OUTCOME_OK, "swept 2");
    add(ledger, "b", OUTCOME_OK, "");
    check_counters(ledger, "kill{kill}=1 orphan{}=5 run{killed}=1 run{ok}=2 ");
    ledger_close(&ledger);
}

TEST(counters_survive_restarts)
{
    struct ledger *ledger = open_here();
    struct error e = {0};
    CHECK_OK(ledger_count(ledger, COUNTER_OVERLAP, "", 1, &e), &e);
    ledger_close(&ledger);
    ledger = open_here();
    CHECK_OK(ledger_count(ledger, COUNTER_OVERLAP, "", 2, &e), &e);
    check_counters(ledger, "overlap{}=3 ");
    ledger_close(&ledger);
}

TEST(purging_forgets_one_source_and_no_other)
{
    struct ledger *ledger = open_here();
    struct ledger_source source;
    struct error e = {0};
    int64_t rows = 0;
    add(ledger, "a", OUTCOME_FAILED, "");
    add(ledger, "b", OUTCOME_OK, "");
    CHECK_OK(ledger_purge(ledger, "a", &rows, &e), &e);
    CHECK_INT(rows, 2);
    CHECK_OK(ledger_read_source(ledger, "a", &source, &e), &e);
    CHECK(!source.has_last);
    check_attempts(ledger, NULL, 10, "b:ok: ");
    check_counters(ledger, "run{failed}=1 run{ok}=1 ");
    CHECK_OK(ledger_purge(ledger, "a", &rows, &e), &e);
    CHECK_INT(rows, 0);
    ledger_close(&ledger);
}
