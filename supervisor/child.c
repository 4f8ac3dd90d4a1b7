/* Worker processes on libuv: descriptors, timers, exit, and the collecting of what they left. */

/* libuv reaps its children, so nothing here waits by hand. Handles are closed once the process is
 * gone (or stuck), and memory is freed when the last of them is closed and the pool's work is done.
 * An orphan may hold the worker's pipes open: a run is ended by exit and by what the pipes hold at
 * that moment, never by their end. */
#include "supervisor/child.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "common/clock.h"
#include "common/log.h"
#include "common/marker.h"
#include "common/text.h"
#include "supervisor/child_io.h"
#include "supervisor/conclude.h"
#include "supervisor/limits.h"

struct child {
    struct child_spec spec;
    char source[SOURCE_ID_MAX + 1]; /* the spec's */
    struct child_machine machine;
    struct child_io io;
    uv_process_t process;
    uv_timer_t alarm;
    uv_timer_t stall;
    uv_work_t work;
    uv_work_t killing;
    struct contained *contained; /* owned; what the worker starts */
    int64_t killed_ms;           /* uv_now() when its group was last signalled */
    int64_t ending_since_ms;     /* uv_now() when the search for what it left began */
    bool contained_empty;        /* nothing of it is left */
    bool last_look;              /* what is found now is stuck */
    bool is_killing;             /* the pool has `killing` */
    int users;        /* open handles, and the pool's works: memory is free when none is left */
    bool has_process; /* its handle is the loop's */
    bool spawned;
    bool has_record;
    int64_t started_ms; /* uv_now() at the spawn */
    size_t garbage_lines;
    struct run_progress progress;
    struct run_result record;
    struct store_notice notice;
    bool has_notice;
    char *spawn_error; /* owned */
    struct child_end end;
};

static void unuse(struct child *child)
{
    if (--child->users > 0)
        return;
    child_io_release(&child->io);
    contained_free(child->contained);
    free(child->spawn_error);
    free(child);
}

static void closed(uv_handle_t *handle)
{
    unuse(handle->data);
}

static int64_t now(const struct child *child)
{
    return (int64_t)uv_now(child->spec.loop);
}

static void handle_event(struct child *child, enum child_event event)
{
    child_machine_handle(&child->machine, event, now(child));
}

/* What it says. */

static bool same_progress(const struct run_progress *a, const struct run_progress *b)
{
    return a->done == b->done && a->total == b->total && strcmp(a->phase, b->phase) == 0 &&
           strcmp(a->item_path, b->item_path) == 0;
}

/* Only what moves is progress: a worker that repeats itself stands still. */
static void take_progress(struct child *child, const struct run_progress *progress)
{
    if (same_progress(&child->progress, progress))
        return;
    child->progress = *progress;
    handle_event(child, EVENT_PROGRESS);
    child->spec.observer->progress(child->spec.owner, progress);
}

static void take_result(struct child *child, const struct run_result *result)
{
    child->record = *result;
    child->has_record = strcmp(result->run_id, child->end.attempt.result.run_id) == 0;
    child->garbage_lines += !child->has_record;
    handle_event(child, EVENT_RESULT);
}

static void take_message(void *owner, const char *line, size_t size)
{
    struct child *child = owner;
    struct message message;
    struct error e = {0};
    if (!message_read(line, size, &message, &e)) {
        child->garbage_lines++;
        return;
    }
    switch (message.type) {
    case MESSAGE_PROGRESS:
        take_progress(child, &message.progress);
        break;
    case MESSAGE_RESULT:
        take_result(child, &message.result);
        break;
    case MESSAGE_STORE:
        child->notice = message.store;
        child->has_notice = true;
        break;
    case MESSAGE_WATCH:
        child->spec.observer->watch(child->spec.owner, &message.watch);
        break;
    }
    message_release(&message);
}

static void take_stderr(void *owner, const char *line, size_t size)
{
    struct child *child = owner;
    child->spec.observer->stderr_line(child->spec.owner, line, size);
}

/* What the table makes happen. */

static void stalled(uv_timer_t *timer)
{
    handle_event(timer->data, EVENT_STALLED);
}

static void watch(struct child *child)
{
    uv_timer_start(&child->stall, stalled, (uint64_t)child->spec.limits.stall_ms, 0);
}

static enum stop_reason stop_reason(const struct child *child)
{
    enum stop_reason reason = child->machine.reason;
    return reason == STOP_DEADLINE && child->spec.limits.by_budget ? STOP_BUDGET : reason;
}

static void ask_to_stop(struct child *child)
{
    child_io_send(&child->io, message_stop(stop_reason(child)));
    uv_process_kill(&child->process, SIGTERM);
}

static void kill_work(uv_work_t *work)
{
    const struct child *child = work->data;
    contained_kill(child->contained);
}

static void killed(uv_work_t *work, int status)
{
    (void)status;
    struct child *child = work->data;
    child->is_killing = false;
    unuse(child);
}

/* The worker leads a group and a session of its own; until it is reaped the number is its. Who left
 * the group is killed at the same moment if there is a control group, else once the worker is gone.
 */
static void signal_group(struct child *child, int signal)
{
    kill(-child->process.pid, signal);
    child->killed_ms = now(child);
    if (signal != SIGKILL || child->is_killing || !contained_cgroup(child->contained))
        return;
    child->is_killing = true;
    child->users++;
    child->killing.data = child;
    uv_queue_work(child->spec.loop, &child->killing, kill_work, killed);
}

static void alarm_fired(uv_timer_t *timer)
{
    struct child *child = timer->data;
    enum child_event event = child_machine_due(&child->machine);
    if (event != CHILD_EVENT_COUNT)
        handle_event(child, event);
}

static void set_alarm(struct child *child, int64_t at_ms)
{
    int64_t wait_ms = at_ms - now(child);
    uv_timer_start(&child->alarm, alarm_fired, wait_ms > 0 ? (uint64_t)wait_ms : 0, 0);
}

/* A worker of ours that comes to its end by itself has seen that it has no children left. */
static bool ended_clean(const struct child *child)
{
    return child->has_record && !child->end.attempt.signal &&
           child->machine.kill_stage == KILL_NONE && child->machine.state != CHILD_STUCK;
}

/* What the store says now. A worker that found nothing to do has told it, after its last commit
 * there: opening the store again would take as long as all of its run. */
static void look_at_store(struct child *child)
{
    struct child_end *end = &child->end;
    const struct child_spec *spec = &child->spec;
    const struct store_notice *notice = &child->notice;
    if (!child->has_notice || !ended_clean(child) || end->attempt.exit_code != 0 ||
        child->record.outcome != OUTCOME_UNCHANGED) {
        end->view_read = store_view_read(spec->home, spec->source, &end->view, &end->view_error);
        return;
    }
    end->view_read = true;
    end->view = (struct store_view){.exists = true,
                                    .last_success_at = notice->last_success_at,
                                    .version = notice->version,
                                    .pages = child->record.pages,
                                    .errors = child->record.errors,
                                    .store_bytes = store_view_bytes(spec->home, spec->source),
                                    .has_run = true,
                                    .run = child->record};
    memcpy(end->view.bookmark, notice->bookmark, sizeof end->view.bookmark);
}

/* In the pool: everything that may wait for a disk or a lock. */
static void collect_work(uv_work_t *work)
{
    struct child *child = work->data;
    if (!child->spawned)
        child->contained_empty = true;
    else if (ended_clean(child))
        child->contained_empty = contained_end_clean(child->contained);
    else
        child->contained_empty = contained_end(child->contained);
    if (child->contained_empty || child->last_look)
        look_at_store(child);
}

static bool find_row(struct child *child, struct run_result *row)
{
    const struct child_end *end = &child->end;
    if (!end->view_read || !end->view.has_run)
        return false;
    *row = end->view.run;
    return strcmp(row->run_id, end->attempt.result.run_id) == 0;
}

static void complete_result(struct child *child)
{
    struct attempt *attempt = &child->end.attempt;
    struct run_result row;
    struct run_result result;
    struct evidence evidence = {
        .row = find_row(child, &row) ? &row : NULL,
        .record = child->has_record ? &child->record : NULL,
        .spawn_error = child->spawn_error,
        .limits = child->spec.limits,
        .stuck = child->machine.state == CHILD_STUCK || !child->contained_empty,
        .left = contained_left(child->contained),
        .exit_code = attempt->exit_code,
        .signal = attempt->signal,
        .kill_stage = child->machine.kill_stage,
        .reason = stop_reason(child),
        .committed = child->end.view_read && child->end.view.exists &&
                     child->end.view.version != child->spec.version_before,
        .garbage_lines = child->garbage_lines,
        .pages = child->end.view.pages,
    };
    conclude(&evidence, &result);
    memcpy(result.run_id, attempt->result.run_id, sizeof result.run_id);
    result.started_at = attempt->result.started_at;
    result.duration_ms = attempt->result.duration_ms;
    attempt->result = result;
    kill_stage_write(child->machine.kill_stage, contained_swept(child->contained),
                     attempt->kill_stage, sizeof attempt->kill_stage);
}

static void collect_in_pool(struct child *child);

static void collected(uv_work_t *work, int status)
{
    (void)status;
    struct child *child = work->data;
    if (!child->contained_empty && !child->last_look) {
        collect_in_pool(child);
        unuse(child);
        return;
    }
    complete_result(child);
    handle_event(child, EVENT_DRAINED);
    unuse(child);
}

static void collect_in_pool(struct child *child)
{
    uv_update_time(child->spec.loop);
    child->last_look = child->machine.state == CHILD_STUCK ||
                       now(child) - child->ending_since_ms >= STUCK_AFTER_MS;
    child->users++;
    child->work.data = child;
    uv_queue_work(child->spec.loop, &child->work, collect_work, collected);
}

static void drain(struct child *child)
{
    char line[160];
    child_io_drain(&child->io);
    size_t dropped = child_io_dropped(&child->io);
    if (dropped == 0)
        return;
    int size = snprintf(line, sizeof line, "warn %s worker: %zu more lines not shown",
                        child->spec.source, dropped);
    child->spec.observer->stderr_line(child->spec.owner, line, (size_t)size);
}

static void collect(struct child *child)
{
    struct attempt *attempt = &child->end.attempt;
    drain(child);
    attempt->ended_at = clock_unix_s();
    attempt->result.duration_ms = now(child) - child->started_ms;
    child_io_close(&child->io);
    uv_close((uv_handle_t *)&child->alarm, closed);
    uv_close((uv_handle_t *)&child->stall, closed);
    if (child->has_process)
        uv_close((uv_handle_t *)&child->process, closed);
    child->ending_since_ms = now(child);
    collect_in_pool(child);
}

/* For those who measure: the heavy tests. */
static void log_latency(const struct child *child)
{
    int64_t hard_ms = child->machine.hard_at_ms;
    uv_update_time(child->spec.loop);
    if (child->machine.kill_stage == KILL_KILL)
        log_line(LOG_DEBUG, child->spec.source, "end",
                 "slot free %lld ms after its hard deadline: killed after %lld, exited after %lld, "
                 "%zu looks",
                 (long long)(now(child) - hard_ms), (long long)(child->killed_ms - hard_ms),
                 (long long)(child->ending_since_ms - hard_ms), contained_looks(child->contained));
}

static void finish(struct child *child)
{
    log_latency(child);
    child->spec.observer->done(child->spec.owner, &child->end);
}

static const struct child_effects effects = {
    .watch = watch,
    .ask_to_stop = ask_to_stop,
    .signal_group = signal_group,
    .alarm = set_alarm,
    .collect = collect,
    .finish = finish,
};

/* Start and end of the process. */

/* libuv has reaped it a moment ago: the kernel hands numbers out in turn, so within that moment
 * the group's number can only be its own stragglers'. */
static void exited(uv_process_t *process, int64_t code, int signal)
{
    struct child *child = process->data;
    child->end.attempt.exit_code = signal ? -1 : (int)code;
    child->end.attempt.signal = signal;
    kill(-process->pid, SIGKILL);
    contained_reaped(child->contained);
    uv_update_time(child->spec.loop);
    child->end.asked =
        child->machine.reason == STOP_ASKED ||
        (child->machine.reason == STOP_NONE && now(child) < child->machine.soft_at_ms);
    handle_event(child, EVENT_EXITED);
}

static void send_job(struct child *child)
{
    struct job job = {.timeout_ms = child->spec.limits.timeout_ms,
                      .grace_ms = child->spec.limits.grace_ms,
                      .stall_ms = child->spec.limits.stall_ms,
                      .by_budget = child->spec.limits.by_budget,
                      .full = child->spec.full,
                      .allow_shrink = child->spec.allow_shrink,
                      .swept = child->spec.swept,
                      .config = (char *)child->spec.config,
                      .quarantine = (struct page_name *)child->spec.quarantine,
                      .quarantine_count = child->spec.quarantine_count};
    memcpy(job.run_id, child->end.attempt.result.run_id, sizeof job.run_id);
    char *line = message_write_job(&job);
    child_io_send(&child->io, line);
    free(line);
}

static int spawn(struct child *child)
{
    const struct child_spec *spec = &child->spec;
    char *mark = marker_value(spec->home, spec->source, child->end.attempt.result.run_id);
    char **environment = child_environment(mark, contained_cgroup(child->contained));
    const char *args[] = {spec->worker,   "--home", spec->home->path, "sync", spec->source,
                          "--supervised", NULL};
    uv_process_options_t options = {
        .exit_cb = exited,
        .file = spec->worker,
        .args = (char **)args,
        .env = environment,
        .flags = UV_PROCESS_DETACHED, /* setsid: a session and group of its own */
        .stdio = child->io.stdio,
        .stdio_count = CHILD_STDIO_COUNT,
    };
    int code = contained_spawn(child->contained, spec->loop, &child->process, &options);
    child->has_process = true; /* also after a failure: it was put into the loop */
    child->users++;
    child_environment_free(environment);
    free(mark);
    return code;
}

static void open_handles(struct child *child)
{
    uv_timer_init(child->spec.loop, &child->alarm);
    uv_timer_init(child->spec.loop, &child->stall);
    child->alarm.data = child->stall.data = child->process.data = child;
    child->users = 2;
    struct child_io_handlers handlers = {
        .message = take_message, .stderr_line = take_stderr, .closed = closed, .owner = child};
    child->users += child_io_init(&child->io, child->spec.loop, &handlers);
}

static void start(struct child *child)
{
    const struct run_limits *limits = &child->spec.limits;
    uv_update_time(child->spec.loop);
    child->started_ms = now(child);
    child_machine_init(&child->machine, child->started_ms, limits->timeout_ms, limits->grace_ms);
    int code = child_io_open(&child->io);
    if (code == 0)
        code = spawn(child);
    child_io_close_theirs(&child->io);
    uv_update_time(child->spec.loop);
    child->spawned = code == 0;
    if (!child->spawned) {
        child->spawn_error =
            xasprintf("cannot start %s: %s", child->spec.worker, uv_strerror(code));
        handle_event(child, EVENT_NOT_SPAWNED);
        return;
    }
    child_io_listen(&child->io);
    send_job(child);
    handle_event(child, EVENT_SPAWNED);
}

struct child *child_start(const struct child_spec *spec)
{
    struct child *child = xcalloc(1, sizeof *child);
    child->spec = *spec;
    snprintf(child->source, sizeof child->source, "%s", spec->source);
    child->spec.source = child->source;
    child->machine.effects = &effects;
    child->machine.child = child;
    child->end.attempt.exit_code = -1;
    child->end.attempt.result.started_at = clock_unix_s();
    run_id_make(child->end.attempt.result.run_id);
    child->contained =
        contained_new(spec->containment, spec->source, child->end.attempt.result.run_id);
    open_handles(child);
    start(child);
    return child;
}

void child_move(struct child *child, void *owner)
{
    child->spec.owner = owner;
}

void child_tell(struct child *child, enum child_event event)
{
    handle_event(child, event);
}

int64_t child_deadline_ms(const struct child *child)
{
    return child->machine.hard_at_ms;
}

const char *child_run_id(const struct child *child)
{
    return child->end.attempt.result.run_id;
}

bool child_is_stopping(const struct child *child)
{
    return child->machine.kill_stage != KILL_NONE;
}
