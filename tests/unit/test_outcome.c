/* The list of outcomes and causes says one thing everywhere. */
#include "common/outcome.h"

#include <string.h>

#include "tests/unit/harness.h"

TEST(every_outcome_is_found_by_its_name)
{
    for (int i = 0; i < OUTCOME_COUNT; i++) {
        enum outcome found = OUTCOME_COUNT;
        CHECK(outcome_parse(outcome_name((enum outcome)i), &found));
        CHECK_INT(found, i);
        CHECK(strlen(outcome_meaning((enum outcome)i)) > 0);
    }
}

TEST(every_cause_is_found_by_its_name)
{
    for (int i = 0; i < CAUSE_COUNT; i++) {
        enum cause found = CAUSE_COUNT;
        CHECK(cause_parse(cause_name((enum cause)i), &found));
        CHECK_INT(found, i);
    }
}

TEST(unknown_names_leave_the_result_untouched)
{
    enum outcome o = OUTCOME_PARTIAL;
    enum cause c = CAUSE_STORE;
    CHECK(!outcome_parse("okay", &o));
    CHECK(!outcome_parse("", &o));
    CHECK(!cause_parse("OK", &c));
    CHECK_INT(o, OUTCOME_PARTIAL);
    CHECK_INT(c, CAUSE_STORE);
}

TEST(exit_codes_are_the_documented_ones)
{
    static const struct {
        enum outcome outcome;
        enum cause cause;
        int code;
    } rows[] = {
        {OUTCOME_OK, CAUSE_NONE, 0},          {OUTCOME_UNCHANGED, CAUSE_NONE, 0},
        {OUTCOME_PARTIAL, CAUSE_NONE, 3},     {OUTCOME_LOCKED, CAUSE_LOCKED, 75},
        {OUTCOME_LOST_LOCK, CAUSE_NONE, 75},  {OUTCOME_KILLED, CAUSE_DEADLINE, -1},
        {OUTCOME_FAILED, CAUSE_USAGE, 64},    {OUTCOME_FAILED, CAUSE_BAD_DATA, 65},
        {OUTCOME_FAILED, CAUSE_SHRINK, 65},   {OUTCOME_FAILED, CAUSE_UNREACHABLE, 69},
        {OUTCOME_FAILED, CAUSE_DEADLINE, 69}, {OUTCOME_FAILED, CAUSE_BUG, 70},
        {OUTCOME_FAILED, CAUSE_STORE, 74},    {OUTCOME_FAILED, CAUSE_AUTH, 77},
        {OUTCOME_FAILED, CAUSE_CONFIG, 78},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        CHECK_INT(outcome_exit(rows[i].outcome, rows[i].cause), rows[i].code);
}

TEST(only_a_success_exits_zero)
{
    for (int i = 0; i < OUTCOME_COUNT; i++)
        if (outcome_exit((enum outcome)i, CAUSE_BUG) == 0)
            CHECK_INT(outcome_verdict((enum outcome)i), VERDICT_OK);
    for (int i = CAUSE_NONE + 1; i < CAUSE_COUNT; i++)
        CHECK(cause_exit((enum cause)i) != 0);
}
