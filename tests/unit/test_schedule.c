/* Order, limits, budget and retries. */
#include "supervisor/schedule.h"

#include <stdlib.h>
#include <string.h>

#include "tests/unit/harness.h"

static int by_entry(const void *a, const void *b)
{
    return schedule_compare(a, b);
}

static void check_order(struct schedule_entry *entries, size_t count, const size_t *want)
{
    qsort(entries, count, sizeof *entries, by_entry);
    for (size_t i = 0; i < count; i++)
        CHECK_INT(entries[i].position, want[i]);
}

TEST(never_synced_goes_before_synced)
{
    struct schedule_entry entries[] = {
        {.last_success_at = 10, .position = 0},
        {.last_success_at = 0, .last_attempt_at = 999, .position = 1},
    };
    check_order(entries, 2, (const size_t[]){1, 0});
}

TEST(never_synced_are_ordered_by_oldest_attempt)
{
    struct schedule_entry entries[] = {
        {.last_attempt_at = 30, .position = 0},
        {.last_attempt_at = 0, .position = 1},
        {.last_attempt_at = 20, .position = 2},
    };
    check_order(entries, 3, (const size_t[]){1, 2, 0});
}

TEST(synced_are_ordered_by_oldest_success)
{
    struct schedule_entry entries[] = {
        {.last_success_at = 30, .last_attempt_at = 30, .position = 0},
        {.last_success_at = 10, .last_attempt_at = 99, .position = 1},
        {.last_success_at = 20, .last_attempt_at = 20, .position = 2},
    };
    check_order(entries, 3, (const size_t[]){1, 2, 0});
}

TEST(among_equals_partial_goes_before_failed)
{
    struct schedule_entry entries[] = {
        {.last_success_at = 10, .last_attempt_at = 20, .position = 0},
        {.last_success_at = 10, .last_attempt_at = 50, .partial = true, .position = 1},
    };
    check_order(entries, 2, (const size_t[]){1, 0});
}

TEST(full_equals_keep_the_order_of_the_file)
{
    struct schedule_entry entries[] = {{.position = 2}, {.position = 0}, {.position = 1}};
    check_order(entries, 3, (const size_t[]){0, 1, 2});
}

/* A huge source that was just tried stands behind the others that were never synced either. */
TEST(a_source_that_never_finishes_does_not_stay_first)
{
    struct schedule_entry entries[] = {
        {.last_attempt_at = 100, .partial = true, .position = 0},
        {.last_attempt_at = 90, .position = 1},
    };
    check_order(entries, 2, (const size_t[]){1, 0});
}

static struct source_config source(int64_t timeout_ms, int64_t grace_ms)
{
    return (struct source_config){.id = (char *)(uintptr_t) "notes",
                                  .timeout_ms = timeout_ms,
                                  .grace_ms = grace_ms,
                                  .stall_ms = 300000};
}

static struct run_limits limits_of(struct run_limits flags, int64_t timeout_ms, int64_t grace_ms)
{
    struct source_config config = source(timeout_ms, grace_ms);
    struct run_limits limits;
    struct error e = {0};
    CHECK_OK(schedule_limits(&flags, &config, &limits, &e), &e);
    return limits;
}

TEST(flags_win_over_the_source)
{
    struct run_limits limits = limits_of(
        (struct run_limits){.timeout_ms = 5000, .grace_ms = 2000, .stall_ms = 700}, 600000, 30000);
    CHECK_INT(limits.timeout_ms, 5000);
    CHECK_INT(limits.grace_ms, 2000);
    CHECK_INT(limits.stall_ms, 700);
}

TEST(without_flags_the_source_says_it)
{
    struct run_limits limits = limits_of((struct run_limits){0}, 600000, 60000);
    CHECK_INT(limits.timeout_ms, 600000);
    CHECK_INT(limits.grace_ms, 60000);
    CHECK_INT(limits.stall_ms, 300000);
}

TEST(a_default_grace_follows_the_timeout_flag)
{
    CHECK_INT(limits_of((struct run_limits){.timeout_ms = 8000}, 600000, 30000).grace_ms, 2000);
    CHECK_INT(limits_of((struct run_limits){.timeout_ms = 600000}, 8000, 2000).grace_ms, 30000);
}

TEST(a_grace_of_the_source_is_kept_while_it_fits)
{
    CHECK_INT(limits_of((struct run_limits){.timeout_ms = 120000}, 600000, 60000).grace_ms, 60000);
    CHECK_INT(limits_of((struct run_limits){.timeout_ms = 100000}, 600000, 60000).grace_ms, 25000);
}

TEST(a_grace_flag_over_half_the_timeout_is_refused)
{
    struct run_limits flags = {.grace_ms = 31000};
    struct source_config config = source(60000, 15000);
    struct run_limits limits;
    struct error e = {0};
    CHECK_FAILS(schedule_limits(&flags, &config, &limits, &e), &e, CAUSE_USAGE, "notes");
    CHECK_CONTAINS(e.text, "31s");
}

TEST(a_worker_gets_the_smaller_of_timeout_and_budget)
{
    struct run_limits limits = {.timeout_ms = 60000, .grace_ms = 30000};
    CHECK(schedule_fit_budget(&limits, 100000));
    CHECK_INT(limits.timeout_ms, 60000);
    CHECK_INT(limits.grace_ms, 30000);
    CHECK(!limits.by_budget);
    CHECK(schedule_fit_budget(&limits, 20000));
    CHECK(limits.by_budget);
    CHECK_INT(limits.timeout_ms, 20000);
    CHECK_INT(limits.grace_ms, 5000);
}

TEST(under_a_budget_none_starts_with_less_than_ten_seconds)
{
    struct run_limits limits = {.timeout_ms = 60000, .grace_ms = 1000};
    CHECK(!schedule_fit_budget(&limits, 9999));
    CHECK(schedule_fit_budget(&limits, 10000));
}

TEST(a_short_timeout_needs_only_itself_of_the_budget)
{
    struct run_limits limits = {.timeout_ms = 3000, .grace_ms = 1000};
    CHECK(!schedule_fit_budget(&limits, 2999));
    CHECK(schedule_fit_budget(&limits, 3000));
    CHECK_INT(limits.timeout_ms, 3000);
}

TEST(the_next_wave_takes_what_is_worth_another_try)
{
    const struct {
        struct run_result result;
        bool tried;
        bool again;
    } cases[] = {
        {{.outcome = OUTCOME_OK}, false, false},
        {{.outcome = OUTCOME_UNCHANGED}, false, false},
        {{.outcome = OUTCOME_PARTIAL}, true, true},
        {{.outcome = OUTCOME_FAILED, .cause = CAUSE_UNREACHABLE}, true, true},
        {{.outcome = OUTCOME_FAILED, .cause = CAUSE_STORE}, false, true},
        {{.outcome = OUTCOME_FAILED, .cause = CAUSE_AUTH}, false, false},
        {{.outcome = OUTCOME_LOCKED}, false, false},
        {{.outcome = OUTCOME_KILLED, .committed = true}, false, true},
        {{.outcome = OUTCOME_KILLED}, false, false},
        {{.outcome = OUTCOME_CRASHED}, false, true},
        {{.outcome = OUTCOME_CRASHED}, true, false},
        {{.outcome = OUTCOME_LOST}, true, false},
        {{.outcome = OUTCOME_STUCK}, false, false},
        {{.outcome = OUTCOME_SKIPPED}, false, false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        CHECK_INT(schedule_again(&cases[i].result, cases[i].tried), cases[i].again);
}

TEST(verdicts_that_depend_are_resolved)
{
    CHECK_INT(schedule_verdict(&(struct run_result){.outcome = OUTCOME_KILLED, .committed = true}),
              VERDICT_PARTIAL);
    CHECK_INT(schedule_verdict(&(struct run_result){.outcome = OUTCOME_KILLED}), VERDICT_FAILED);
    CHECK_INT(schedule_verdict(&(struct run_result){.outcome = OUTCOME_SKIPPED}), VERDICT_PARTIAL);
    CHECK_INT(schedule_verdict(
                  &(struct run_result){.outcome = OUTCOME_SKIPPED, .cause = CAUSE_UNREACHABLE}),
              VERDICT_FAILED);
    CHECK_INT(schedule_verdict(&(struct run_result){.outcome = OUTCOME_UNCHANGED}), VERDICT_OK);
}
