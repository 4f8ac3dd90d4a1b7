/* How a run ended: the store's row, the record, the exit code, in that order. */
#include "supervisor/conclude.h"

#include <signal.h>
#include <string.h>

#include "tests/unit/harness.h"

static struct run_result conclude_from(struct evidence evidence)
{
    struct run_result result;
    conclude(&evidence, &result);
    return result;
}

TEST(the_stores_row_is_the_truth)
{
    struct run_result row = {.outcome = OUTCOME_OK, .added = 7, .message = "from the store"};
    struct run_result record = {.outcome = OUTCOME_FAILED, .cause = CAUSE_BUG};
    struct run_result result = conclude_from(
        (struct evidence){.row = &row, .record = &record, .exit_code = -1, .signal = SIGSEGV});
    CHECK_INT(result.outcome, OUTCOME_OK);
    CHECK_INT(result.added, 7);
    CHECK_STR(result.message, "from the store");
}

TEST(without_a_row_the_record_counts)
{
    struct run_result record = {.outcome = OUTCOME_FAILED, .cause = CAUSE_UNREACHABLE};
    struct run_result result = conclude_from((struct evidence){.record = &record, .exit_code = 69});
    CHECK_INT(result.outcome, OUTCOME_FAILED);
    CHECK_INT(result.cause, CAUSE_UNREACHABLE);
}

TEST(a_good_record_needs_its_exit_code)
{
    struct run_result record = {.outcome = OUTCOME_OK};
    CHECK_INT(conclude_from((struct evidence){.record = &record, .exit_code = 0}).outcome,
              OUTCOME_OK);
    CHECK_INT(conclude_from((struct evidence){.record = &record, .exit_code = 74}).cause,
              CAUSE_STORE);
    CHECK_INT(
        conclude_from((struct evidence){.record = &record, .exit_code = -1, .signal = SIGSEGV})
            .outcome,
        OUTCOME_CRASHED);
}

TEST(exit_codes_are_the_fallback)
{
    const struct {
        int code;
        enum outcome outcome;
        enum cause cause;
    } cases[] = {
        {0, OUTCOME_LOST, CAUSE_NONE},        {3, OUTCOME_PARTIAL, CAUSE_NONE},
        {65, OUTCOME_FAILED, CAUSE_BAD_DATA}, {69, OUTCOME_FAILED, CAUSE_UNREACHABLE},
        {70, OUTCOME_FAILED, CAUSE_BUG},      {74, OUTCOME_FAILED, CAUSE_STORE},
        {75, OUTCOME_LOCKED, CAUSE_NONE},     {77, OUTCOME_FAILED, CAUSE_AUTH},
        {78, OUTCOME_FAILED, CAUSE_CONFIG},   {1, OUTCOME_CRASHED, CAUSE_NONE},
        {127, OUTCOME_CRASHED, CAUSE_NONE},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct run_result result = conclude_from(
            (struct evidence){.exit_code = cases[i].code, .pages = 12, .committed = true});
        CHECK_INT(result.outcome, cases[i].outcome);
        CHECK_INT(result.cause, cases[i].cause);
        CHECK_INT(result.remaining, -1);
        CHECK_INT(result.pages, 12);
        CHECK(result.committed);
        CHECK(result.message[0]);
    }
}

TEST(a_signal_of_its_own_is_a_crash)
{
    struct run_result result = conclude_from((struct evidence){.exit_code = -1, .signal = SIGSEGV});
    CHECK_INT(result.outcome, OUTCOME_CRASHED);
    CHECK_CONTAINS(result.message, "signal 11");
}

TEST(killed_says_why_and_what_is_kept)
{
    struct evidence evidence = {.exit_code = -1,
                                .signal = SIGKILL,
                                .kill_stage = KILL_KILL,
                                .reason = STOP_DEADLINE,
                                .limits = {.timeout_ms = 600000, .stall_ms = 90000},
                                .committed = true};
    struct run_result result = conclude_from(evidence);
    CHECK_INT(result.outcome, OUTCOME_KILLED);
    CHECK_CONTAINS(result.message, "deadline of 10m");
    CHECK_CONTAINS(result.message, "kept");
    evidence.reason = STOP_BUDGET;
    result = conclude_from(evidence);
    CHECK_CONTAINS(result.message, "at the end of the budget");
    evidence.reason = STOP_STALL;
    evidence.committed = false;
    result = conclude_from(evidence);
    CHECK_CONTAINS(result.message, "90s without progress");
    CHECK_CONTAINS(result.message, "nothing was committed");
}

TEST(who_ends_by_the_request_to_stop_is_no_failure)
{
    struct evidence evidence = {
        .exit_code = -1, .signal = SIGTERM, .kill_stage = KILL_TERM, .reason = STOP_ASKED};
    struct run_result result = conclude_from(evidence);
    CHECK_INT(result.outcome, OUTCOME_PARTIAL);
    CHECK_CONTAINS(result.message, "stopped with the supervisor; ended by the request to stop");
    evidence.reason = STOP_DEADLINE;
    CHECK_INT(conclude_from(evidence).outcome, OUTCOME_KILLED);
    evidence.reason = STOP_ASKED;
    evidence.kill_stage = KILL_GROUP;
    CHECK_INT(conclude_from(evidence).outcome, OUTCOME_KILLED);
}

TEST(stuck_and_not_started_are_said_whatever_else_is_known)
{
    struct run_result row = {.outcome = OUTCOME_OK};
    CHECK_INT(conclude_from((struct evidence){.row = &row, .stuck = true, .exit_code = -1}).outcome,
              OUTCOME_STUCK);
    struct run_result result =
        conclude_from((struct evidence){.spawn_error = "cannot start it", .exit_code = -1});
    CHECK_INT(result.outcome, OUTCOME_FAILED);
    CHECK_INT(result.cause, CAUSE_CONFIG);
    CHECK_STR(result.message, "cannot start it");
}

TEST(garbage_on_the_result_pipe_is_said)
{
    struct run_result result = conclude_from((struct evidence){.exit_code = 0, .garbage_lines = 3});
    CHECK_INT(result.outcome, OUTCOME_LOST);
    CHECK_CONTAINS(result.message, "3 lines");
}
