/* The command line of a run. */
#include "supervisor/options.h"

#include <string.h>

#include "tests/unit/harness.h"

enum { WORDS_MAX = 40 };

/* `line` is cut at blanks; good until the next call. */
static bool parse(const char *line, struct run_options *options, struct error *e)
{
    static char text[400];
    static char *argv[WORDS_MAX];
    int argc = 0;
    snprintf(text, sizeof text, "lattice-supervise %s", line);
    memset(argv, 0, sizeof argv);
    char *rest = text;
    for (char *word; (word = strsep(&rest, " ")) && argc < WORDS_MAX - 1;)
        if (word[0])
            argv[argc++] = word;
    return run_options_parse(argc, argv, options, e);
}

TEST(every_flag_is_taken)
{
    struct run_options o;
    struct error e = {0};
    CHECK_OK(parse("--source a --source=b --source a --timeout 10m --grace 1m --stall 2m --jobs 3"
                   " --waves 4 --budget 1h --full --allow-shrink --json --partial-ok --home /x",
                   &o, &e),
             &e);
    CHECK(!o.all && o.full && o.allow_shrink && o.json && o.partial_ok);
    CHECK_INT(o.source_count, 2);
    CHECK_STR(o.sources[1], "b");
    CHECK_INT(o.limits.timeout_ms, 600000);
    CHECK_INT(o.limits.grace_ms, 60000);
    CHECK_INT(o.limits.stall_ms, 120000);
    CHECK_INT(o.budget_ms, 3600000);
    CHECK_INT(o.jobs, 3);
    CHECK_INT(o.waves, 4);
    CHECK_STR(o.home, "/x");
    run_options_release(&o);
}

TEST(built_in_values)
{
    struct run_options o;
    struct error e = {0};
    CHECK_OK(parse("--all", &o, &e), &e);
    CHECK(o.all);
    CHECK_INT(o.waves, 3);
    CHECK_INT(o.jobs, 0);
    CHECK_INT(o.limits.timeout_ms, 0);
    CHECK_INT(o.budget_ms, 0);
    run_options_release(&o);
}

TEST(what_is_wrong_is_a_usage_error_that_names_it)
{
    const struct {
        const char *line;
        const char *part;
    } cases[] = {
        {"", "--all"},
        {"--timeout 10m", "--all"},
        {"--all --source a", "exclude"},
        {"--all --timeout 10x", "--timeout"},
        {"--all --timeout 0", "--timeout"},
        {"--all --timeout", "--timeout"},
        {"--all --jobs 0", "--jobs"},
        {"--all --jobs 2x", "--jobs"},
        {"--all --waves -1", "--waves"},
        {"--all --frobnicate", "--frobnicate"},
        {"--all notes", "notes"},
        {"--all --timeout 60s --grace 31s", "--grace"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct run_options o;
        struct error e = {0};
        CHECK_FAILS(parse(cases[i].line, &o, &e), &e, CAUSE_USAGE, cases[i].part);
        run_options_release(&o);
    }
}

TEST(help_needs_nothing_else)
{
    struct run_options o;
    struct error e = {0};
    CHECK_OK(parse("--help", &o, &e), &e);
    CHECK(o.help);
    run_options_release(&o);
}
