/* The run command: set up, loop, table. */
#include "supervisor/run.h"

#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/ledger_history.h"
#include "common/lock.h"
#include "common/text.h"
#include "supervisor/command_line.h"
#include "supervisor/complain.h"
#include "supervisor/help.h"
#include "supervisor/holder.h"
#include "supervisor/limits.h"
#include "supervisor/metrics.h"
#include "supervisor/report.h"
#include "supervisor/requests.h"
#include "supervisor/service.h"

/* The worker is installed beside us. */
static char *find_worker(void)
{
    char path[PATH_MAX];
    ssize_t size = readlink("/proc/self/exe", path, sizeof path - 1);
    path[size > 0 ? size : 0] = '\0';
    char *slash = strrchr(path, '/');
    if (!slash)
        return xstrdup("lattice-worker");
    *slash = '\0';
    return xasprintf("%s/lattice-worker", path);
}

static void signalled(uv_signal_t *handle, int number)
{
    struct run *run = handle->data;
    if (run->service && number == SIGHUP)
        service_reload_soon(run);
    else
        wave_stop(run, number);
}

static bool is_ignored(int number)
{
    struct sigaction action;
    return sigaction(number, NULL, &action) == 0 && action.sa_handler == SIG_IGN;
}

/* What nohup or a script's `&` made ignored stays so. */
static void listen_for_signals(struct run *run)
{
    static const int numbers[RUN_SIGNALS] = {SIGINT, SIGTERM, SIGHUP};
    signal(SIGPIPE, SIG_IGN);
    for (int i = 0; i < RUN_SIGNALS; i++) {
        uv_signal_init(&run->loop, &run->signals[i]);
        run->signals[i].data = run;
        if (numbers[i] == SIGTERM || !is_ignored(numbers[i]))
            uv_signal_start(&run->signals[i], signalled, numbers[i]);
    }
}

void run_end(struct run *run)
{
    for (int i = 0; i < RUN_SIGNALS; i++)
        uv_close((uv_handle_t *)&run->signals[i], NULL);
    containment_unwatch(run->containment);
    requests_close(run);
    if (run->service)
        service_close(run);
    live_close(run->live);
    loop_lag_close(&run->lag);
    journal_stop(run->journal);
}

static bool open_run(struct run *run, struct ledger **ledger, struct error *e)
{
    struct config_mistakes mistakes = {0};
    if (!home_open(run->options->home, &run->home, e))
        return false;
    char *path = home_path(&run->home, HOME_SOURCES_JSON);
    bool ok = config_read(path, &run->config, &mistakes, e);
    complain_mistakes(path, &mistakes, e);
    config_mistakes_release(&mistakes);
    free(path);
    if (!ok || !task_list_check(&run->config, run->options, e) ||
        !holder_acquire_wait(&run->home, run->wait_ms, &run->lock, e) ||
        !containment_open(&run->home, &run->containment, e))
        return false;
    struct error ledger_error = {0};
    if (!ledger_open(&run->home, ledger, &ledger_error))
        print_note("warning", "%s; this run goes on without history", ledger_error.text);
    return task_list_make(&run->config, run->options, *ledger, &run->list, e);
}

/* Takes `ledger`. */
static void loop(struct run *run, struct ledger *ledger)
{
    if (run->serve)
        setenv("UV_THREADPOOL_SIZE", SERVE_POOL_THREADS, 0);
    uv_loop_init(&run->loop);
    loop_lag_open(&run->lag, &run->loop);
    run->started_ms = (int64_t)uv_now(&run->loop);
    run->started_at = clock_unix_s();
    run->worker = find_worker();
    run->jobs =
        run->options->jobs ? (size_t)run->options->jobs : (size_t)uv_available_parallelism();
    run->queue = xcalloc(run->list.count, sizeof(struct task *));
    for (size_t i = 0; i < run->list.count; i++)
        run->list.tasks[i].run = run;
    run->output = output_new(&run->loop);
    run->live = live_new(&run->loop, run->output, tell_live_rows, run);
    run->journal = journal_new(&run->loop, ledger, run->started_at);
    listen_for_signals(run);
    containment_watch(run->containment, &run->loop);
    requests_open(run);
    if (run->serve)
        service_open(run);
    wave_start(run);
    uv_run(&run->loop, UV_RUN_DEFAULT);
}

static struct source_status *statuses_of(const struct run *run, size_t *count)
{
    struct source_status *statuses = xcalloc(run->list.count, sizeof *statuses);
    *count = 0;
    for (size_t i = 0; i < run->list.count; i++)
        if (run->list.tasks[i].shown && run->serve)
            task_status_now(&run->list.tasks[i], &statuses[(*count)++]);
        else if (run->list.tasks[i].shown)
            task_status(&run->list.tasks[i], &run->home, &statuses[(*count)++]);
    return statuses;
}

static int print_report(struct report *report, bool json)
{
    if (!report_print(report, json) && report->exit_code == EXIT_ALL_OK) {
        print_note("error", "cannot write to stdout");
        report->exit_code = EXIT_SOME_FAILED;
    }
    return report->exit_code;
}

/* All but those that were purged meanwhile. What it holds is borrowed; the caller frees the list.
 */
static struct config known_sources(const struct run *run)
{
    struct config known = {.sources = xcalloc(run->config.count + 1, sizeof *known.sources)};
    for (size_t i = 0; i < run->config.count; i++)
        if (task_find(&run->list, run->config.sources[i].id))
            known.sources[known.count++] = run->config.sources[i];
    return known;
}

/* Metrics that cannot be written are said; they fail no run. */
static void write_metrics(struct run *run, const struct report *report)
{
    struct error e = {0};
    struct metrics_source *sources = xcalloc(report->count + 1, sizeof *sources);
    struct metrics_round round = {.sources = sources,
                                  .ended_at = clock_unix_s(),
                                  .duration_ms = report->duration_ms,
                                  .loop_lag_ms = loop_lag_take_ms(&run->lag)};
    for (size_t i = 0; i < run->list.count; i++)
        if (run->list.tasks[i].shown) {
            sources[round.count] = (struct metrics_source){
                .status = &report->statuses[round.count],
                .last_attempt_at = run->list.tasks[i].history.last_attempt_at};
            round.count++;
        }
    struct config known = known_sources(run);
    if (!metrics_write(&run->home, &known, &round, &e))
        print_note("warning", "%s", e.text);
    free(known.sources);
    free(sources);
}

static int conclude_run(struct run *run)
{
    size_t count;
    struct source_status *statuses = statuses_of(run, &count);
    struct report report = {.statuses = statuses,
                            .count = count,
                            .ran = true,
                            .containment = containment_name(containment_tier(run->containment)),
                            .waves = run->wave,
                            .duration_ms = (int64_t)uv_now(&run->loop) - run->started_ms};
    report.exit_code = run->serve ? EXIT_ALL_OK
                       : run->stop_signal
                           ? EXIT_SIGNAL_BASE + run->stop_signal
                           : report_exit_code(statuses, report.count, run->options->partial_ok);
    struct invocation invocation = {.started_at = run->started_at,
                                    .ended_at = clock_unix_s(),
                                    .waves = run->wave,
                                    .exit_code = report.exit_code};
    journal_count(run->journal, COUNTER_OVERLAP, "", holder_take_overlaps(run->lock));
    journal_finish(run->journal, &invocation);
    write_metrics(run, &report); /* who opens the ledger alone reads its whole log once more */
    journal_close(run->journal);
    int code = run->serve ? report.exit_code : print_report(&report, run->options->json);
    free(statuses);
    return code;
}

static void close_run(struct run *run)
{
    uv_loop_close(&run->loop);
    output_free(run->output);
    free(run->service);
    free(run->queue);
    free(run->worker);
}

static void release_run(struct run *run)
{
    task_list_release(&run->list);
    config_release(&run->config);
    containment_close(&run->containment);
    lock_kernel_release(&run->lock);
    home_release(&run->home);
}

/* The table of a run that another supervisor did for us. */
static int conclude_handover(struct run *run)
{
    size_t count;
    struct report report = {.ran = true};
    for (size_t i = 0; i < run->list.count; i++) {
        struct task *task = &run->list.tasks[i];
        struct store_view view;
        struct error e = {0};
        if (!task->shown)
            continue;
        bool read = store_view_read(&run->home, task->source->id, &view, &e);
        task_set_view(task, read ? &view : NULL, read ? NULL : &e);
        if (task->tries > report.waves)
            report.waves = task->tries;
    }
    struct source_status *statuses = statuses_of(run, &count);
    report.statuses = statuses;
    report.count = count;
    report.duration_ms = clock_monotonic_ms() - run->started_ms;
    report.exit_code = report_exit_code(statuses, count, run->options->partial_ok);
    int code = print_report(&report, run->options->json);
    free(statuses);
    return code;
}

/* Another supervisor runs: it gets the sources that were named, and we wait for their results. */
static bool hand_over(struct run *run, int *code, struct error *e)
{
    struct ledger *ledger = NULL;
    struct error busy = *e;
    struct error problem = {0};
    *e = (struct error){0};
    run->started_ms = clock_monotonic_ms();
    if (!ledger_open_read(&run->home, &ledger, &problem))
        print_note("warning", "%s", problem.text);
    bool ok = task_list_make(&run->config, run->options, ledger, &run->list, e);
    ledger_close(&ledger);
    ok = ok && handover_ask(&run->home, run->options, &run->list, e);
    if (ok)
        *code = conclude_handover(run);
    else
        error_wrap(e, "%s", busy.text);
    return ok;
}

static int run_loop(struct run *run, struct ledger *ledger)
{
    loop(run, ledger);
    int code = conclude_run(run);
    close_run(run);
    return code;
}

static void release_and_clear(struct run *run)
{
    const struct run_options *options = run->options;
    release_run(run);
    *run = (struct run){.options = options, .lock = -1, .serve = run->serve};
}

/* One that cannot be reached begins or ends just now: then we wait a little, and run ourselves. */
static int run_with(struct run *run)
{
    const struct run_options *options = run->options;
    int code = 0;
    run->wait_ms = options->all ? options->wait_ms : 0;
    for (bool last = options->all;; last = true) {
        struct ledger *ledger = NULL;
        struct error e = {0};
        if (open_run(run, &ledger, &e)) {
            code = run_loop(run, ledger);
            break;
        }
        ledger_close(&ledger);
        if (!options->all && e.cause == CAUSE_LOCKED && hand_over(run, &code, &e))
            break;
        if (options->all && e.cause == CAUSE_LOCKED)
            holder_leave_overlap(&run->home);
        if (last || e.cause != CAUSE_UNREACHABLE) {
            if (e.cause == CAUSE_UNREACHABLE)
                e.cause = CAUSE_LOCKED; /* it is the supervisor that cannot be reached */
            code = complain_error(&e);
            break;
        }
        release_and_clear(run);
        run->wait_ms = options->wait_ms > HANDOVER_WAIT_MS ? options->wait_ms : HANDOVER_WAIT_MS;
    }
    release_run(run);
    return code;
}

int run_as(int argc, char **argv, bool serve)
{
    struct run_options options;
    struct run run = {.options = &options, .lock = -1, .serve = serve};
    struct error e = {0};
    int code;
    if (!run_options_parse(argc, argv, &options, &e))
        code = complain_error(&e);
    else if (options.help)
        code = help_print(help_text);
    else
        code = run_with(&run);
    run_options_release(&options);
    return code;
}

int run_command(int argc, char **argv)
{
    return run_as(argc, argv, false);
}
