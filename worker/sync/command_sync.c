/* `lattice-worker sync ID`: options or job in, one run, one line or record out. */
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/cleanup.h"
#include "common/clock.h"
#include "common/config.h"
#include "common/duration.h"
#include "common/home.h"
#include "common/log.h"
#include "common/marker.h"
#include "common/message.h"
#include "common/text.h"
#include "worker/sync/commands.h"
#include "worker/sync/guard.h"
#include "worker/sync/kind.h"
#include "worker/sync/priority.h"
#include "worker/sync/report.h"
#include "worker/sync/stop.h"
#include "worker/sync/sync.h"

enum {
    JOB_WAIT_MS = 10 * 1000,   /* for the job line; a supervisor writes it at once */
    ALARM_LATE_MS = 10 * 1000, /* behind a hard deadline that the supervisor keeps */
};

static const char usage[] =
    "usage: lattice-worker sync ID [--home DIR] [--timeout D] [--grace D] [--full]\n"
    "                      [--allow-shrink] [--json]\n"
    "\n"
    "Syncs one source, once, and exits with its status: 0 ok or unchanged, 3 partial,\n"
    "64 usage, 65 bad data or shrink, 69 unreachable or deadline, 70 bug, 74 store,\n"
    "75 locked, 77 auth, 78 config. Stops softly on SIGTERM and at --timeout less --grace.\n"
    "  --home DIR       instead of $LATTICE_HOME\n"
    "  --timeout D      hard limit, such as 90s, 10m, 1h (default: sources.json)\n"
    "  --grace D        part of it that is kept for stopping\n"
    "  --full           import every page anew; can be cut short and goes on\n"
    "  --allow-shrink   let over half of the pages, or all, be deleted\n"
    "  --json           print the result as JSON\n";

struct options {
    const char *home;
    const char *id;
    const char *timeout;
    const char *grace;
    bool full;
    bool allow_shrink;
    bool json;
    bool supervised;
    bool help;
};

static bool parse(int argc, char **argv, struct options *o, struct error *e)
{
    static const struct option list[] = {
        {"home", required_argument, NULL, 'H'},
        {"timeout", required_argument, NULL, 't'},
        {"grace", required_argument, NULL, 'g'},
        {"full", no_argument, NULL, 'f'},
        {"allow-shrink", no_argument, NULL, 's'},
        {"json", no_argument, NULL, 'j'},
        {"supervised", no_argument, NULL, 'S'},
        {"help", no_argument, NULL, 'h'},
        {0},
    };
    opterr = 0;
    for (int option; (option = getopt_long(argc, argv, "", list, NULL)) != -1;) {
        if (option == '?')
            return error_set(e, CAUSE_USAGE, "unknown option, or one without its value: %s",
                             argv[optind - 1]);
        o->home = option == 'H' ? optarg : o->home;
        o->timeout = option == 't' ? optarg : o->timeout;
        o->grace = option == 'g' ? optarg : o->grace;
        o->full |= option == 'f';
        o->allow_shrink |= option == 's';
        o->json |= option == 'j';
        o->supervised |= option == 'S';
        o->help |= option == 'h';
    }
    if (o->help)
        return true;
    if (argc - optind != 1)
        return error_set(e, CAUSE_USAGE, "give one source id; see lattice-worker sync --help");
    o->id = argv[optind];
    if (!source_id_valid(o->id))
        return error_set(e, CAUSE_USAGE, "\"%s\" is not a source id", o->id);
    return true;
}

/* The job line on the lifeline; whatever came with it can only be a stop. */
static bool read_job(struct job *job, struct error *e)
{
    struct buf line = {0};
    const char *end = NULL;
    while (!end && line.size <= MESSAGE_MAX_BYTES) {
        struct pollfd lifeline = {.fd = LIFELINE_FD, .events = POLLIN};
        char bytes[4096];
        ssize_t n =
            poll(&lifeline, 1, JOB_WAIT_MS) > 0 ? read(LIFELINE_FD, bytes, sizeof bytes) : 0;
        if (n <= 0)
            break;
        buf_add(&line, bytes, (size_t)n);
        end = memchr(line.data + line.size - n, '\n', (size_t)n);
    }
    bool ok = end && message_read_job(line.data, (size_t)(end - line.data), job, e);
    if (ok)
        stop_hear(end + 1, line.size - (size_t)(end + 1 - line.data));
    if (!end && line.size > MESSAGE_MAX_BYTES)
        error_set(e, CAUSE_BUG, "the job is too long");
    else if (!end)
        error_set(e, CAUSE_USAGE, "--supervised: no job came on descriptor %d", LIFELINE_FD);
    buf_release(&line);
    return ok;
}

/* Limits of a run by hand: flag, else the source's. */
static bool make_job(const struct options *o, const struct source_config *source, struct job *job,
                     struct error *e)
{
    job->timeout_ms = source->timeout_ms;
    job->grace_ms = source->grace_ms;
    job->full = o->full;
    job->allow_shrink = o->allow_shrink;
    run_id_make(job->run_id);
    if (o->timeout) {
        if (!duration_parse(o->timeout, "--timeout", &job->timeout_ms, e))
            return false;
        int64_t fitting = default_grace_ms(job->timeout_ms);
        job->grace_ms = job->grace_ms < fitting ? job->grace_ms : fitting;
    }
    if (o->grace && !duration_parse(o->grace, "--grace", &job->grace_ms, e))
        return false;
    if (job->grace_ms * 2 > job->timeout_ms)
        return error_set(e, CAUSE_USAGE, "--grace: more than half of the timeout");
    return true;
}

/* The hard deadline is the supervisor's to keep; without one it is ours. */
static void arm(const struct job *job, bool supervised)
{
    int64_t soft = job->timeout_ms - job->grace_ms;
    stop_set_deadline(clock_monotonic_ms() + soft, job->by_budget ? STOP_BUDGET : STOP_DEADLINE);
    stop_set_grace(job->grace_ms);
    guard_alarm(job->timeout_ms + (supervised ? ALARM_LATE_MS : 0));
}

/* The supervisor's reading of it, or our own: that of all sources, which takes its time where there
 * are a thousand. */
static bool read_config(const struct home *home, const struct job *job, struct config *config,
                        struct error *e)
{
    CLEANUP(free_text) char *path = home_path(home, HOME_SOURCES_JSON);
    if (!job->config)
        return config_read(path, config, NULL, e);
    return config_parse(job->config, strlen(job->config), config, NULL, e) ||
           error_wrap(e, "the supervisor's job");
}

static void stand_behind(const struct source_config *source)
{
    const struct source_kind *kind = kind_find(source->kind);
    if ((!kind || !kind->waited_for) && priority_step_back())
        log_line(LOG_DEBUG, source->id, "start", "stands behind others");
}

static bool run(const struct options *o, struct job *job, struct run_result *result,
                struct error *e)
{
    struct home home = {0};
    struct config config = {0};
    bool ok = false;
    if (!home_open(o->home, &home, e))
        return false;
    CLEANUP(free_text) char *path = home_path(&home, HOME_SOURCES_JSON);
    const struct source_config *source = NULL;
    if (read_config(&home, job, &config, e)) {
        source = config_find(&config, o->id);
        if (!source)
            error_set(e, CAUSE_CONFIG, "no source \"%s\" in %s", o->id, path);
    }
    if (source && (o->supervised || make_job(o, source, job, e))) {
        CLEANUP(free_text) char *mark = marker_value(&home, o->id, job->run_id);
        setenv(MARKER_VARIABLE, mark, 1);
        if (o->supervised)
            stand_behind(source);
        arm(job, o->supervised);
        sync_run(&home, source, job, result);
        ok = true;
    }
    config_release(&config);
    home_release(&home);
    return ok;
}

static void print_text(const char *id, const struct run_result *r)
{
    char time[DURATION_TEXT_SIZE];
    duration_format(r->duration_ms, time);
    printf("%s: %s%s%s, %" PRId64 " pages (%" PRId64 " added, %" PRId64 " changed, %" PRId64
           " deleted), %s%s",
           id, outcome_name(r->outcome), r->cause ? " " : "", cause_name(r->cause), r->pages,
           r->added, r->changed, r->deleted, time, r->message[0] ? ": " : "\n");
    if (r->message[0]) {
        struct buf out = {0};
        text_escape(&out, r->message, strlen(r->message));
        printf("%s\n", out.data);
        buf_release(&out);
    }
}

static int end(const struct options *o, const struct run_result *r)
{
    if (o->supervised)
        report_result(r);
    else if (o->json) {
        CLEANUP(free_text) char *line = message_write_result(r);
        fputs(line, stdout);
    } else
        print_text(o->id, r);
    return outcome_exit(r->outcome, r->cause);
}

int command_sync(int argc, char **argv)
{
    struct options o = {0};
    struct error e = {0};
    struct job job = {0};
    struct run_result result = {.started_at = clock_unix_s(), .remaining = -1};
    pid_t parent = getppid();
    bool ok = parse(argc, argv, &o, &e);
    if (!ok || o.help) {
        fprintf(ok ? stdout : stderr, ok ? "%s" : "error: usage: %s\n", ok ? usage : e.text);
        return ok ? 0 : cause_exit(e.cause);
    }
    stop_init();
    store_init();
    if (o.supervised) {
        guard_supervised(parent);
        report_init(RESULT_FD);
        ok = read_job(&job, &e);
        snprintf(result.run_id, sizeof result.run_id, "%s", job.run_id);
        if (ok)
            stop_watch_lifeline(LIFELINE_FD);
    } else
        guard_by_hand();
    if (!ok || !run(&o, &job, &result, &e)) {
        result.outcome = OUTCOME_FAILED;
        result.cause = e.cause;
        snprintf(result.message, sizeof result.message, "%s", e.text);
    }
    job_release(&job);
    return end(&o, &result);
}
