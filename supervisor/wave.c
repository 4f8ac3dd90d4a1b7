/* Waves: sweep, order, slots, and which sources go into the next one. */
#include <stdlib.h>
#include <string.h>

#include "common/clock.h"
#include "common/duration.h"
#include "common/ledger_history.h"
#include "common/text.h"
#include "supervisor/quarantine.h"
#include "supervisor/run.h"
#include "supervisor/service.h"
#include "supervisor/sweep.h"

static int64_t now(const struct run *run)
{
    return (int64_t)uv_now(&run->loop);
}

static bool fits_budget(const struct run *run, struct run_limits *limits)
{
    int64_t budget_ms = run->options->budget_ms;
    return !budget_ms || schedule_fit_budget(limits, budget_ms - (now(run) - run->started_ms));
}

/* Tasks that never got a worker. */
static void skip(struct run *run, struct task *task)
{
    struct attempt attempt = {.wave = run->wave, .exit_code = -1, .ended_at = clock_unix_s()};
    struct run_result *result = &attempt.result;
    char budget[DURATION_TEXT_SIZE];
    run_id_make(result->run_id);
    result->outcome = OUTCOME_SKIPPED;
    result->started_at = attempt.ended_at;
    result->remaining = -1;
    result->pages = task->view.pages;
    duration_format_exact(run->options->budget_ms, budget);
    if (run->stop_signal)
        snprintf(result->message, sizeof result->message,
                 "not started: the supervisor was stopped");
    else
        snprintf(result->message, sizeof result->message, "not started: the budget of %s is spent",
                 budget);
    task_add_attempt(task, &attempt);
    tell_skipped(task, &attempt);
}

/* It was tried lately and failed: its last cause stays in sight. Not in the ledger, where the
 * failure itself stays the last word. */
static void skip_for_backoff(struct run *run, struct task *task)
{
    const struct ledger_source *history = &task->history;
    const struct run_result *last = &history->last.result;
    struct attempt attempt = {.wave = run->wave, .exit_code = -1, .ended_at = clock_unix_s()};
    struct run_result *result = &attempt.result;
    char wait[DURATION_TEXT_SIZE];
    run_id_make(result->run_id);
    result->outcome = OUTCOME_SKIPPED;
    result->remaining = -1;
    result->cause = backoff_cause(last);
    result->started_at = attempt.ended_at;
    duration_format((history->next_attempt_at - attempt.ended_at) * 1000, wait);
    snprintf(result->message, sizeof result->message,
             "left alone for %s after %lld failure%s (--source tries now): %.*s", wait,
             (long long)history->failures, history->failures == 1 ? "" : "s",
             (int)(sizeof result->message - 160), last->message);
    task_add_attempt(task, &attempt);
}

static void forget_taken(struct run *run)
{
    run->queue_count -= run->queue_next;
    memmove(run->queue, run->queue + run->queue_next, run->queue_count * sizeof *run->queue);
    run->queue_next = 0;
}

/* Who waited for a slot still does. */
void wave_queue_again(struct run *run)
{
    run->queue = xrealloc(run->queue, (run->list.count + 1) * sizeof *run->queue);
    run->queue_next = run->queue_count = 0;
    for (size_t i = 0; i < run->list.count; i++)
        if (run->list.tasks[i].queued)
            run->queue[run->queue_count++] = &run->list.tasks[i];
}

static bool is_gone(const struct run *run, const struct task *task)
{
    return task->gone || chores_purge(run, task->source->id);
}

static bool enqueue(struct run *run, struct task *task)
{
    if (task->child || is_gone(run, task))
        return false;
    if (task->queued)
        return true;
    forget_taken(run);
    run->queue[run->queue_count++] = task;
    task->queued = true;
    return true;
}

static void fill_slots(struct run *run);
static void end_wave(struct run *run);

static void child_progress(void *owner, const struct run_progress *progress)
{
    task_name_item(owner, progress);
    tell_progress(owner, progress);
}

static void child_watch(void *owner, const struct watch_list *list)
{
    struct task *task = owner;
    if (task->run->service)
        service_watch(task->run, task, list);
}

static void child_stderr(void *owner, const char *line, size_t size)
{
    tell_stderr(owner, line, size);
}

static enum verdict last_verdict(const struct task *task)
{
    return task->history.has_last ? schedule_verdict(&task->history.last.result) : VERDICT_FAILED;
}

/* Somebody made it stop (`break-lock`, a signal) before it could keep anything: it says nothing of
 * the source, and run again at once it would only be where it was. */
static bool was_broken_off(const struct child_end *end)
{
    const struct run_result *result = &end->attempt.result;
    return end->asked && result->outcome == OUTCOME_PARTIAL && !result->committed;
}

/* What the attempt says of the source and of a page. `nothing`: it says none. */
static void judge(struct run *run, struct task *task, struct attempt *attempt, bool nothing)
{
    if (nothing) {
        attempt->failures = task->history.failures;
        attempt->next_attempt_at = task->history.next_attempt_at;
        return;
    }
    task_back_off(task, attempt);
    if (!task->item.path || !quarantine_blames(&attempt->result))
        return;
    quarantine_blame(&task->blamed, task->item.path, task->item.blob);
    journal_blame(run->journal, task->source->id, &task->item);
}

static void child_done(void *owner, const struct child_end *end)
{
    struct task *task = owner;
    struct run *run = task->run;
    struct attempt attempt = end->attempt;
    enum verdict before = last_verdict(task);
    attempt.wave = run->wave;
    /* What could not be opened was not counted. */
    if (!end->view_read && attempt.result.pages == 0 && task->history.has_last)
        attempt.result.pages = task->history.last.result.pages;
    task->child = NULL;
    task->swept = task->swept && outcome_verdict(attempt.result.outcome) == VERDICT_OK;
    bool broken_off = was_broken_off(end);
    judge(run, task, &attempt, run->stop_signal || broken_off);
    task_set_view(task, end->view_read ? &end->view : NULL,
                  end->view_read ? NULL : &end->view_error);
    task_add_attempt(task, &attempt);
    task->again = !broken_off && schedule_again(&attempt.result, task->tried_once_more);
    if (outcome_again(attempt.result.outcome) == AGAIN_ONCE)
        task->tried_once_more = true;
    bool more = handover_attempt(&run->handovers, task, &attempt) || task->kicked;
    task->kicked = false;
    if (run->service)
        service_ended(run, task);
    bool gone = is_gone(run, task);
    if (more && !run->stop_signal && !gone)
        enqueue(run, task);
    else if (more)
        handover_refuse(&run->handovers, task,
                        gone ? TASK_GONE_TEXT : "the supervisor was stopped");
    tell_finished(task, &attempt, before);
    run->running--;
    chores_go(run);
    fill_slots(run);
}

static void start_task(struct run *run, struct task *task, const struct run_limits *limits)
{
    static const struct child_observer observer = {.progress = child_progress,
                                                   .watch = child_watch,
                                                   .stderr_line = child_stderr,
                                                   .done = child_done};
    const struct control_request *asked = handover_of(&run->handovers, task);
    size_t quarantine_count;
    struct page_name *quarantine = quarantine_list(&task->blamed, &quarantine_count);
    char *config = config_write_one(&run->config, task->source, JOB_CONFIG_MAX_BYTES);
    struct child_spec spec = {.loop = &run->loop,
                              .home = &run->home,
                              .containment = run->containment,
                              .worker = run->worker,
                              .source = task->source->id,
                              .limits = *limits,
                              .full = asked ? asked->full : run->options->full,
                              .allow_shrink =
                                  asked ? asked->allow_shrink : run->options->allow_shrink,
                              .swept = task->swept,
                              .config = config,
                              .quarantine = quarantine,
                              .quarantine_count = quarantine_count,
                              .version_before = task->view_read ? task->view.version : 0,
                              .observer = &observer,
                              .owner = task};
    memset(&task->progress, 0, sizeof task->progress);
    task->progress.at_ms = now(run);
    task->again = false;
    task->started_ms = now(run);
    run->running++;
    task_name_item(task, NULL);
    task->child = child_start(&spec);
    free(quarantine);
    free(config);
    if (run->service)
        service_started(run);
    tell_started(task);
}

static void take_handed_over(struct run *run, struct task *task)
{
    const struct control_request *asked = handover_of(&run->handovers, task);
    struct run_limits limits;
    struct error e = {0};
    if (run->stop_signal)
        handover_refuse(&run->handovers, task, "not started: the supervisor was stopped");
    else if (!schedule_limits(&asked->limits, task->source, &limits, &e))
        handover_refuse(&run->handovers, task, e.text);
    else if (!handover_fit_budget(&run->handovers, task, now(run), &limits))
        handover_refuse(&run->handovers, task, "not started: the budget is spent");
    else
        start_task(run, task, &limits);
}

/* The next source of the wave; without budget or after a stop it is only said. */
static void take_next(struct run *run)
{
    struct task *task = run->queue[run->queue_next++];
    struct run_limits limits = task->limits;
    /* It stays `queued`, and is taken again when that is done. */
    if (chores_break(run, task->source->id))
        return;
    task->queued = false;
    if (is_gone(run, task)) {
        handover_refuse(&run->handovers, task, TASK_GONE_TEXT);
        return;
    }
    if (handover_of(&run->handovers, task)) {
        take_handed_over(run, task);
        return;
    }
    bool first = run->options->all && !run->service && task->tries == 0;
    if (first && !run->stop_signal && task_in_backoff(task, clock_unix_s()))
        skip_for_backoff(run, task);
    else if (!run->stop_signal && fits_budget(run, &limits))
        start_task(run, task, &limits);
    else if (task->tries == 0 && !run->service)
        skip(run, task);
}

/* The next inbox that waits, before all else. */
static bool bring_inbox_forward(struct run *run)
{
    struct task **next = run->queue + run->queue_next;
    for (size_t i = 0; i < run->queue_count - run->queue_next; i++) {
        struct task *task = next[i];
        if (strcmp(task->source->kind, "inbox") != 0)
            continue;
        memmove(next + 1, next, i * sizeof *next);
        next[0] = task;
        return true;
    }
    return false;
}

static void fill_slots(struct run *run)
{
    uv_update_time(&run->loop);
    if (run->sweeping)
        return;
    if (run->service && run->running > 0 && wave_pending(run) && service_sweep_is_due(run)) {
        wave_start(run); /* and comes back here */
        return;
    }
    while (run->running < run->jobs && wave_pending(run))
        take_next(run);
    /* What was pushed is to be found at once: one inbox, whose runs are short, needs no slot. */
    if (run->service && run->running == run->jobs && bring_inbox_forward(run))
        take_next(run);
    if (run->running == 0 && !run->chores.working)
        end_wave(run);
}

static int by_order(const void *a, const void *b)
{
    const struct task *const *left = a;
    const struct task *const *right = b;
    return schedule_compare(&(*left)->order, &(*right)->order);
}

static bool wants(const struct run *run, const struct task *task)
{
    struct run_limits limits = task->limits;
    if (run->wave == 0)
        return task->selected;
    return task->again && fits_budget(run, &limits);
}

static size_t choose(struct run *run)
{
    forget_taken(run);
    for (size_t i = 0; i < run->list.count; i++)
        if (wants(run, &run->list.tasks[i]))
            enqueue(run, &run->list.tasks[i]);
    return run->queue_count;
}

static void swept(void *owner, const struct sweep_item *item)
{
    struct run *run = owner;
    if (item && item->cleared)
        journal_count(run->journal, COUNTER_LOCK_CLEARED, item->cleared, 1);
    if (item && item->owner) {
        struct error e = {.cause = item->error_cause};
        struct task *task = item->owner;
        if (item->error)
            snprintf(e.text, sizeof e.text, "%s", item->error);
        task->swept = item->view_read && !item->view.lock.run_id[0];
        task_set_view(task, item->view_read ? &item->view : NULL, item->view_read ? NULL : &e);
    }
    if (item)
        return;
    run->sweeping = false;
    run->wave++;
    chores_go(run);
    if (run->service)
        service_swept(run, now(run) - run->sweep_started_ms);
    wave_go(run);
}

void wave_start(struct run *run)
{
    struct sweep *sweep = sweep_new(&run->loop, &run->home, run->containment);
    if (!run->service)
        choose(run);
    run->sweeping = true;
    run->sweep_started_ms = now(run);
    for (size_t i = 0; i < run->list.count; i++) {
        struct task *task = &run->list.tasks[i];
        if (task->child)
            sweep_leave_out(sweep, task->source->id);
        else if (!task->gone)
            sweep_add(sweep, task->source->id, task);
    }
    if (run->options->all)
        sweep_add_folders(sweep);
    sweep_start(sweep, swept, run);
}

static void end_wave(struct run *run)
{
    if (run->service)
        service_idle(run);
    else if (run->stop_signal || run->wave >= run->options->waves || choose(run) == 0)
        run_end(run);
    else
        wave_start(run);
}

void wave_stop(struct run *run, int signal)
{
    if (!run->stop_signal)
        run->stop_signal = signal;
    enum child_event event = run->stop_count++ == 0 ? EVENT_STOP : EVENT_HURRY;
    for (size_t i = 0; i < run->list.count; i++)
        if (run->list.tasks[i].child)
            child_tell(run->list.tasks[i].child, event);
    live_changed(run->live);
    if (run->service) {
        service_stopping(run);
        fill_slots(run); /* one that is idle has nothing to wait for */
    }
}

bool wave_pending(const struct run *run)
{
    return run->queue_next < run->queue_count;
}

void wave_enqueue(struct run *run, struct task *task)
{
    enqueue(run, task);
}

void wave_go(struct run *run)
{
    forget_taken(run);
    for (size_t i = 0; i < run->queue_count; i++)
        task_update_order(run->queue[i]);
    qsort(run->queue, run->queue_count, sizeof *run->queue, by_order);
    fill_slots(run);
}

void wave_take(struct run *run, struct task *task)
{
    enqueue(run, task);
    fill_slots(run);
}

bool wave_kick(struct run *run, struct task *task)
{
    if (is_gone(run, task) || run->stop_signal)
        return false;
    task->kicked = task->child != NULL;
    wave_take(run, task);
    return true;
}
