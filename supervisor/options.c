/* Reading the command line of a run and of `status`. */
#include "supervisor/options.h"

#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#include "common/duration.h"
#include "common/text.h"
#include "supervisor/limits.h"

enum flag {
    FLAG_ALL = 256, /* above every character, as getopt_long wants */
    FLAG_SOURCE,
    FLAG_TIMEOUT,
    FLAG_GRACE,
    FLAG_STALL,
    FLAG_BUDGET,
    FLAG_WAIT,
    FLAG_JOBS,
    FLAG_WAVES,
    FLAG_FULL,
    FLAG_ALLOW_SHRINK,
    FLAG_JSON,
    FLAG_PARTIAL_OK,
    FLAG_WATCH,
    FLAG_HOME,
    FLAG_HELP,
};

static const struct option run_flags[] = {
    {"all", no_argument, NULL, FLAG_ALL},
    {"source", required_argument, NULL, FLAG_SOURCE},
    {"timeout", required_argument, NULL, FLAG_TIMEOUT},
    {"grace", required_argument, NULL, FLAG_GRACE},
    {"stall", required_argument, NULL, FLAG_STALL},
    {"budget", required_argument, NULL, FLAG_BUDGET},
    {"wait", required_argument, NULL, FLAG_WAIT},
    {"jobs", required_argument, NULL, FLAG_JOBS},
    {"waves", required_argument, NULL, FLAG_WAVES},
    {"full", no_argument, NULL, FLAG_FULL},
    {"allow-shrink", no_argument, NULL, FLAG_ALLOW_SHRINK},
    {"json", no_argument, NULL, FLAG_JSON},
    {"partial-ok", no_argument, NULL, FLAG_PARTIAL_OK},
    {"home", required_argument, NULL, FLAG_HOME},
    {"help", no_argument, NULL, FLAG_HELP},
    {NULL, 0, NULL, 0},
};

static const struct option status_flags[] = {
    {"json", no_argument, NULL, FLAG_JSON},
    {"watch", no_argument, NULL, FLAG_WATCH},
    {"home", required_argument, NULL, FLAG_HOME},
    {"help", no_argument, NULL, FLAG_HELP},
    {NULL, 0, NULL, 0},
};

static bool parse_count(const char *text, const char *flag, int max, int *out, struct error *e)
{
    char *end;
    errno = 0;
    long count = strtol(text, &end, 10);
    if (errno || end == text || *end || count < 1 || count > max)
        return error_set(e, CAUSE_USAGE, "%s: \"%s\": expected a number from 1 to %d", flag, text,
                         max);
    *out = (int)count;
    return true;
}

static void add_source(struct run_options *options, const char *id)
{
    for (size_t i = 0; i < options->source_count; i++)
        if (strcmp(options->sources[i], id) == 0)
            return;
    options->sources =
        xrealloc(options->sources, (options->source_count + 1) * sizeof *options->sources);
    options->sources[options->source_count++] = id;
}

static bool take_duration_flag(struct run_options *options, int flag, struct error *e)
{
    switch (flag) {
    case FLAG_TIMEOUT:
        return duration_parse(optarg, "--timeout", &options->limits.timeout_ms, e);
    case FLAG_GRACE:
        return duration_parse(optarg, "--grace", &options->limits.grace_ms, e);
    case FLAG_STALL:
        return duration_parse(optarg, "--stall", &options->limits.stall_ms, e);
    case FLAG_WAIT:
        return duration_parse(optarg, "--wait", &options->wait_ms, e);
    default:
        return duration_parse(optarg, "--budget", &options->budget_ms, e);
    }
}

static bool take_run_flag(struct run_options *options, int flag, struct error *e)
{
    switch (flag) {
    case FLAG_SOURCE:
        add_source(options, optarg);
        return true;
    case FLAG_JOBS:
        return parse_count(optarg, "--jobs", JOBS_MAX, &options->jobs, e);
    case FLAG_WAVES:
        return parse_count(optarg, "--waves", WAVES_MAX, &options->waves, e);
    case FLAG_HOME:
        options->home = optarg;
        return true;
    case FLAG_TIMEOUT:
    case FLAG_GRACE:
    case FLAG_STALL:
    case FLAG_BUDGET:
    case FLAG_WAIT:
        return take_duration_flag(options, flag, e);
    }
    options->all |= flag == FLAG_ALL;
    options->full |= flag == FLAG_FULL;
    options->allow_shrink |= flag == FLAG_ALLOW_SHRINK;
    options->json |= flag == FLAG_JSON;
    options->partial_ok |= flag == FLAG_PARTIAL_OK;
    options->help |= flag == FLAG_HELP;
    return true;
}

/* getopt's own answers '?' (unknown) and ':' (argument missing). */
static bool refuse(int answer, char **argv, struct error *e)
{
    const char *word = argv[optind - 1];
    if (answer == ':')
        return error_set(e, CAUSE_USAGE, "%s needs a value", word);
    return error_set(e, CAUSE_USAGE, "unknown option %s", word);
}

static void restart_getopt(void)
{
    optind = 0; /* glibc: also forget what an earlier call left */
    opterr = 0;
}

static bool check_run(const struct run_options *options, const char *stray, struct error *e)
{
    if (options->help)
        return true;
    if (stray)
        return error_set(e, CAUSE_USAGE, "unexpected word \"%s\"; name a source with --source",
                         stray);
    if (options->all && options->source_count)
        return error_set(e, CAUSE_USAGE, "--all and --source exclude each other");
    if (!options->all && !options->source_count)
        return error_set(e, CAUSE_USAGE, "say which sources to sync: --all, or --source ID");
    if (options->limits.timeout_ms && options->limits.grace_ms > options->limits.timeout_ms / 2)
        return error_set(e, CAUSE_USAGE, "--grace is over half of --timeout");
    return true;
}

bool run_options_parse(int argc, char **argv, struct run_options *options, struct error *e)
{
    int flag;
    *options = (struct run_options){.waves = WAVES_DEFAULT};
    restart_getopt();
    while ((flag = getopt_long(argc, argv, ":", run_flags, NULL)) != -1) {
        if (flag == '?' || flag == ':')
            return refuse(flag, argv, e);
        if (!take_run_flag(options, flag, e))
            return false;
    }
    return check_run(options, argv[optind], e);
}

void run_options_release(struct run_options *options)
{
    free(options->sources);
    options->sources = NULL;
}

bool status_options_parse(int argc, char **argv, struct status_options *options, struct error *e)
{
    int flag;
    *options = (struct status_options){0};
    restart_getopt();
    while ((flag = getopt_long(argc, argv, ":", status_flags, NULL)) != -1) {
        if (flag == '?' || flag == ':')
            return refuse(flag, argv, e);
        options->json |= flag == FLAG_JSON;
        options->help |= flag == FLAG_HELP;
        options->watch |= flag == FLAG_WATCH;
        if (flag == FLAG_HOME)
            options->home = optarg;
    }
    options->ids = argv + optind;
    return true;
}
