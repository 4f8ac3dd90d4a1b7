/* How long a source that fails is left alone; on a clock of the test's own. */
#include "supervisor/backoff.h"

#include "tests/unit/harness.h"

enum { MINUTE_S = 60, HOUR_MS = 3600 * 1000, NOW = 1000000 };

static int64_t wait_after(int64_t failures, int64_t every_ms, uint32_t random)
{
    struct backoff before = {.failures = failures};
    return backoff_after_failure(&before, every_ms, NOW, random).next_at - NOW;
}

TEST(starts_at_a_minute_and_doubles)
{
    CHECK_INT(wait_after(0, 24 * HOUR_MS, 0), 60);
    /* Random 30 is the longest wait of 2 minutes: 90 to 120 s. */
    CHECK_INT(wait_after(1, 24 * HOUR_MS, 30), 120);
    CHECK_INT(wait_after(2, 24 * HOUR_MS, 60), 240);
}

TEST(jitter_takes_off_a_quarter_at_most)
{
    for (uint32_t random = 0; random < 5000; random += 7) {
        int64_t wait = wait_after(4, 24 * HOUR_MS, random * 2654435761U);
        CHECK(wait >= 720 && wait <= 960);
        CHECK_INT(wait_after(0, 24 * HOUR_MS, random), 60);
    }
}

TEST(never_longer_than_an_hour_or_than_every)
{
    for (uint32_t random = 0; random < 4000; random += 13) {
        CHECK(wait_after(60, 24 * HOUR_MS, random) <= 3600);
        CHECK(wait_after(60, 24 * HOUR_MS, random) >= 2700);
        CHECK(wait_after(60, 5 * MINUTE_S * 1000, random) <= 300);
    }
    CHECK_INT(wait_after(1000000000, 24 * HOUR_MS, 900), 3600);
}

TEST(an_every_below_a_minute_bounds_it)
{
    CHECK_INT(wait_after(0, 10 * 1000, 5), 10);
    CHECK_INT(wait_after(9, 10 * 1000, 5), 10);
    CHECK_INT(wait_after(0, 1, 5), 1);
}

TEST(each_failure_counts)
{
    struct backoff backoff = {0};
    for (int i = 1; i <= 5; i++) {
        backoff = backoff_after_failure(&backoff, HOUR_MS, NOW, 0);
        CHECK_INT(backoff.failures, i);
    }
}

TEST(holds_until_its_time)
{
    struct backoff backoff = {.failures = 1, .next_at = NOW + 60};
    CHECK(backoff_holds(&backoff, HOUR_MS, NOW));
    CHECK(backoff_holds(&backoff, HOUR_MS, NOW + 59));
    CHECK(!backoff_holds(&backoff, HOUR_MS, NOW + 60));
    CHECK(!backoff_holds(&(struct backoff){0}, HOUR_MS, NOW));
}

TEST(a_clock_that_was_set_back_does_not_hold_it_for_years)
{
    struct backoff backoff = {.failures = 9, .next_at = NOW + 3600};
    CHECK(!backoff_holds(&backoff, HOUR_MS, NOW - 365 * 24 * 3600));
    CHECK(!backoff_holds(&backoff, 5 * MINUTE_S * 1000, NOW));
    CHECK(backoff_holds(&backoff, HOUR_MS, NOW));
}

TEST(any_progress_resets_and_only_failures_count)
{
    static const struct {
        struct run_result result;
        enum backoff_effect effect;
    } cases[] = {
        {{.outcome = OUTCOME_OK}, BACKOFF_RESET},
        {{.outcome = OUTCOME_UNCHANGED}, BACKOFF_RESET},
        {{.outcome = OUTCOME_PARTIAL}, BACKOFF_RESET},
        {{.outcome = OUTCOME_FAILED, .cause = CAUSE_AUTH}, BACKOFF_COUNT},
        {{.outcome = OUTCOME_FAILED, .committed = true}, BACKOFF_RESET},
        {{.outcome = OUTCOME_KILLED, .committed = true}, BACKOFF_RESET},
        {{.outcome = OUTCOME_KILLED}, BACKOFF_COUNT},
        {{.outcome = OUTCOME_CRASHED}, BACKOFF_COUNT},
        {{.outcome = OUTCOME_LOST}, BACKOFF_COUNT},
        {{.outcome = OUTCOME_STUCK}, BACKOFF_COUNT},
        {{.outcome = OUTCOME_LOCKED}, BACKOFF_KEEP},
        {{.outcome = OUTCOME_SKIPPED}, BACKOFF_KEEP},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        CHECK_INT(backoff_effect_of(&cases[i].result), cases[i].effect);
}

TEST(every_failure_has_a_cause_when_it_is_skipped)
{
    CHECK_INT(backoff_cause(&(struct run_result){.outcome = OUTCOME_FAILED, .cause = CAUSE_AUTH}),
              CAUSE_AUTH);
    CHECK_INT(backoff_cause(&(struct run_result){.outcome = OUTCOME_KILLED}), CAUSE_DEADLINE);
    CHECK_INT(backoff_cause(&(struct run_result){.outcome = OUTCOME_CRASHED}), CAUSE_BUG);
    for (int o = 0; o < OUTCOME_COUNT; o++)
        CHECK(backoff_cause(&(struct run_result){.outcome = (enum outcome)o}) != CAUSE_NONE);
}
