/* The list of outcomes and causes says one thing everywhere. */
#include "common/outcome.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/cleanup.h"
#include "common/text.h"
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

/* Caller frees. */
static char *read_readme(void)
{
    const char *root = getenv("LATTICE_ROOT");
    if (!root)
        SKIP("the runner says where README.md is");
    CLEANUP(free_text) char *path = xasprintf("%s/README.md", root);
    CLEANUP(close_file) FILE *file = fopen(path, "re");
    struct buf text = {0};
    char part[4096];
    size_t n;
    CHECK(file != NULL);
    while ((n = fread(part, 1, sizeof part, file)) > 0)
        buf_add(&text, part, n);
    return buf_take(&text);
}

/* The page's tables have the words of the list: a row each, or the name where there is no code. */
TEST(the_readme_says_the_same)
{
    CLEANUP(free_text) char *readme = read_readme();
    char row[256];
    for (int i = 0; i < OUTCOME_COUNT; i++) {
        enum outcome o = (enum outcome)i;
        int code = outcome_exit(o, CAUSE_NONE);
        if (o == OUTCOME_FAILED)
            continue;
        if (code >= 0)
            snprintf(row, sizeof row, "| `%s` | %d | %s |", outcome_name(o), code,
                     outcome_meaning(o));
        else
            snprintf(row, sizeof row, "`%s`", outcome_name(o));
        CHECK_CONTAINS(readme, row);
    }
    for (int i = 0; i < CAUSE_COUNT; i++) {
        enum cause c = (enum cause)i;
        /* No worker's run fails with these. */
        if (c == CAUSE_NONE || c == CAUSE_USAGE || c == CAUSE_LOCKED)
            continue;
        snprintf(row, sizeof row, "| `failed` `%s` | %d | %s |", cause_name(c), cause_exit(c),
                 cause_meaning(c));
        CHECK_CONTAINS(readme, row);
    }
}

TEST(only_a_success_exits_zero)
{
    for (int i = 0; i < OUTCOME_COUNT; i++)
        if (outcome_exit((enum outcome)i, CAUSE_BUG) == 0)
            CHECK_INT(outcome_verdict((enum outcome)i), VERDICT_OK);
    for (int i = CAUSE_NONE + 1; i < CAUSE_COUNT; i++)
        CHECK(cause_exit((enum cause)i) != 0);
}
