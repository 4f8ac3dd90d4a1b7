/* `runs`: what the ledger remembers of past runs, the newest first. */
#include "supervisor/command_runs.h"

#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "common/duration.h"
#include "common/ledger_history.h"
#include "common/status.h"
#include "common/text.h"
#include "supervisor/complain.h"
#include "supervisor/help.h"

static const char help[] =
    "usage: lattice-supervise runs [ID] [--limit N] [--json]\n"
    "\n"
    "Prints past runs of all sources, or of one, the newest first; also of sources that were\n"
    "removed, until they are purged.\n"
    "\n"
    "  --limit N   at most N (20)\n"
    "  --json      as one JSON document\n"
    "  --home DIR  where everything is kept ($LATTICE_HOME)\n"
    "  --help      this text\n";

enum { LIMIT_DEFAULT = 20, LIMIT_MAX = 1000000, VERSION = 1, WHEN_SIZE = 40 };

enum flag { FLAG_LIMIT = 256, FLAG_JSON, FLAG_HOME, FLAG_HELP };

static const struct option flags[] = {
    {"limit", required_argument, NULL, FLAG_LIMIT},
    {"json", no_argument, NULL, FLAG_JSON},
    {"home", required_argument, NULL, FLAG_HOME},
    {"help", no_argument, NULL, FLAG_HELP},
    {NULL, 0, NULL, 0},
};

struct runs_command {
    int64_t limit;
    bool json;
    bool help;
    const char *home_path; /* borrowed */
    const char *source;    /* borrowed; NULL: all */
    struct home home;
    struct ledger *ledger; /* NULL: none yet */
    json_t *list;          /* owned; for --json */
    struct buf text;       /* for the table */
    size_t count;
};

static bool take_limit(struct runs_command *c, struct error *e)
{
    char *end;
    errno = 0;
    long long limit = strtoll(optarg, &end, 10);
    if (errno || end == optarg || *end || limit < 1 || limit > LIMIT_MAX)
        return error_set(e, CAUSE_USAGE, "--limit: \"%s\": expected a number from 1 to %d", optarg,
                         LIMIT_MAX);
    c->limit = limit;
    return true;
}

static bool take_flag(struct runs_command *c, int flag, char **argv, struct error *e)
{
    switch (flag) {
    case FLAG_LIMIT:
        return take_limit(c, e);
    case FLAG_HOME:
        c->home_path = optarg;
        return true;
    case ':':
        return error_set(e, CAUSE_USAGE, "%s needs a value", argv[optind - 1]);
    case '?':
        return error_set(e, CAUSE_USAGE, "unknown option %s", argv[optind - 1]);
    default:
        c->json |= flag == FLAG_JSON;
        c->help |= flag == FLAG_HELP;
        return true;
    }
}

static bool parse(int argc, char **argv, struct runs_command *c, struct error *e)
{
    int flag;
    optind = 0;
    opterr = 0;
    while ((flag = getopt_long(argc, argv, ":", flags, NULL)) != -1)
        if (!take_flag(c, flag, argv, e))
            return false;
    if (argc - optind > 1)
        return error_set(e, CAUSE_USAGE, "one word too many: %s", argv[optind + 1]);
    c->source = argv[optind];
    if (c->source && !source_id_valid(c->source))
        return error_set(e, CAUSE_USAGE, "expected the id of a source");
    return true;
}

static void add_json(void *owner, const char *source, const struct attempt *attempt)
{
    struct runs_command *c = owner;
    json_array_append_new(c->list, attempt_json(source, attempt));
}

static void format_when(int64_t at, char out[WHEN_SIZE])
{
    time_t seconds = (time_t)at;
    struct tm utc;
    if (!gmtime_r(&seconds, &utc) || strftime(out, WHEN_SIZE, "%Y-%m-%dT%H:%M:%SZ", &utc) == 0)
        snprintf(out, WHEN_SIZE, "%" PRId64, at);
}

static void add_row(void *owner, const char *source, const struct attempt *attempt)
{
    struct runs_command *c = owner;
    const struct run_result *r = &attempt->result;
    char when[WHEN_SIZE];
    char duration[DURATION_TEXT_SIZE];
    char cpu[DURATION_TEXT_SIZE];
    char remaining[24] = "-";
    format_when(r->started_at, when);
    duration_format(r->duration_ms, duration);
    duration_format(r->cpu_ms, cpu);
    if (r->remaining >= 0)
        snprintf(remaining, sizeof remaining, "%" PRId64, r->remaining);
    buf_printf(&c->text,
               "%-20s  %-12s  %-9s  %-11s  %8" PRId64 "  %7" PRId64 "  %7" PRId64 "  %7" PRId64
               "  %7s  %7s  %7s  %5" PRId64 "M  %-8s  ",
               when, source, outcome_name(r->outcome), cause_name(r->cause), r->pages, r->added,
               r->changed, r->deleted, remaining, duration, cpu, r->peak_rss_bytes >> 20,
               attempt->kill_stage[0] ? attempt->kill_stage : "-");
    text_escape(&c->text, r->message, strlen(r->message));
    while (c->text.size > 0 && c->text.data[c->text.size - 1] == ' ')
        c->text.size--;
    buf_add_byte(&c->text, '\n');
    c->count++;
}

static bool read_all(struct runs_command *c, struct error *e)
{
    return !c->ledger || ledger_read_attempts(c->ledger, (struct ledger_query){c->source, c->limit},
                                              c->json ? add_json : add_row, c, e);
}

static bool print_json(struct runs_command *c, struct error *e)
{
    c->list = json_array();
    json_t *document = json_pack("{s:i, s:O}", "version", VERSION, "runs", c->list);
    bool ok = read_all(c, e);
    if (ok) {
        json_dumpf(document, stdout, JSON_INDENT(2));
        putchar('\n');
    }
    json_decref(document);
    json_decref(c->list);
    return ok;
}

static bool print_table(struct runs_command *c, struct error *e)
{
    buf_printf(&c->text,
               "%-20s  %-12s  %-9s  %-11s  %8s  %7s  %7s  %7s  %7s  %7s  %7s  %6s  %-8s  %s\n",
               "WHEN", "SOURCE", "STATUS", "CAUSE", "PAGES", "ADDED", "CHANGED", "DELETED",
               "REMAIN", "TIME", "CPU", "PEAK", "KILLED", "NOTE");
    bool ok = read_all(c, e);
    if (ok && c->count == 0)
        fputs("no runs yet\n", stdout);
    else if (ok)
        fwrite(c->text.data, 1, c->text.size, stdout);
    buf_release(&c->text);
    return ok;
}

static int run(struct runs_command *c)
{
    struct error e = {0};
    bool ok = home_open_existing(c->home_path, &c->home, &e) &&
              ledger_open_read(&c->home, &c->ledger, &e) &&
              (c->json ? print_json(c, &e) : print_table(c, &e));
    ledger_close(&c->ledger);
    home_release(&c->home);
    if (!ok)
        return complain_error(&e);
    return fflush(stdout) == 0 ? EXIT_ALL_OK : EXIT_SOME_FAILED;
}

int command_runs(int argc, char **argv)
{
    struct runs_command c = {.limit = LIMIT_DEFAULT};
    struct error e = {0};
    if (!parse(argc, argv, &c, &e))
        return complain_error(&e);
    return c.help ? help_print(help) : run(&c);
}
