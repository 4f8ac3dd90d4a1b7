/* `runs`: what the ledger remembers of past runs, the newest first. */
#include "supervisor/command_runs.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "common/cleanup.h"
#include "common/duration.h"
#include "common/json_text.h"
#include "common/ledger_history.h"
#include "common/status.h"
#include "common/text.h"
#include "supervisor/command_line.h"

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

struct runs_command {
    int64_t limit;
    bool json;
    const char *source;    /* borrowed; NULL: all */
    struct ledger *ledger; /* NULL: none yet */
    json_t *list;          /* borrowed; for --json */
    struct buf text;       /* for the table */
    size_t count;
};

static bool parse_limit(const char *text, int64_t *limit, struct error *e)
{
    char *end;
    errno = 0;
    *limit = strtoll(text, &end, 10);
    if (errno || end == text || *end || *limit < 1 || *limit > LIMIT_MAX)
        return error_set(e, CAUSE_USAGE, "--limit: \"%s\": expected a number from 1 to %d", text,
                         LIMIT_MAX);
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
    return !c->ledger ||
           ledger_read_attempts(c->ledger,
                                (struct ledger_query){.source = c->source, .limit = c->limit},
                                c->json ? add_json : add_row, c, e);
}

static bool print_json(struct runs_command *c, struct error *e)
{
    c->list = json_array();
    CLEANUP(free_json)
    json_t *document = json_pack("{s:i, s:o}", "version", VERSION, "runs", c->list);
    bool ok = read_all(c, e);
    if (ok)
        json_print(json_incref(document));
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

static bool runs(const struct arguments *a, struct error *e)
{
    struct runs_command c = {.limit = LIMIT_DEFAULT, .json = a->json};
    struct home home = {0};
    if (a->limit && !parse_limit(a->limit, &c.limit, e))
        return false;
    if (a->count && !source_id_valid(a->words[0]))
        return error_set(e, CAUSE_USAGE, "expected the id of a source");
    c.source = a->count ? a->words[0] : NULL;
    bool ok = home_open_existing(a->home, &home, e) && ledger_open_read(&home, &c.ledger, e) &&
              (c.json ? print_json(&c, e) : print_table(&c, e));
    ledger_close(&c.ledger);
    home_release(&home);
    return ok;
}

int command_runs(int argc, char **argv)
{
    static const struct option options[] = {COMMON_OPTIONS,
                                            {"limit", required_argument, NULL, OPT_LIMIT},
                                            {"json", no_argument, NULL, OPT_JSON},
                                            {NULL, 0, NULL, 0}};
    static const struct command command = {
        .help = help, .options = options, .least = 0, .most = 1, .run = runs};
    return command_run(&command, argc, argv);
}
