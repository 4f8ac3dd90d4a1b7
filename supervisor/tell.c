/* Telling ledger, live lines and stderr what happens to a task. */
#include <stdlib.h>
#include <string.h>

#include "common/duration.h"
#include "common/json_text.h"
#include "common/text.h"
#include "supervisor/limits.h"
#include "supervisor/run.h"

static int64_t now(const struct run *run)
{
    return (int64_t)uv_now(&run->loop);
}

static json_t *run_event(const struct run *run, const char *run_id)
{
    json_t *data = json_object();
    if (run_id)
        json_object_set_new(data, "run_id", json_string(run_id));
    json_object_set_new(data, "wave", json_integer(run->wave));
    return data;
}

static void event(struct task *task, const char *type, json_t *data)
{
    journal_event(task->run->journal, task->source->id, type, data);
}

void tell_started(struct task *task)
{
    event(task, EVENT_TYPE_RUN_STARTED, run_event(task->run, child_run_id(task->child)));
    live_changed(task->run->live);
}

/* A new phase counts from its first progress: the rate is the phase's own. */
static void note_progress(struct task *task, const struct run_progress *progress)
{
    struct task_progress *p = &task->progress;
    if (strcmp(p->phase, progress->phase) != 0) {
        memcpy(p->phase, progress->phase, sizeof p->phase);
        p->phase_done = progress->done;
        p->phase_at_ms = now(task->run);
    }
    p->at_ms = now(task->run);
    p->done = progress->done;
    p->total = progress->total;
}

void tell_progress(struct task *task, const struct run_progress *progress)
{
    struct run *run = task->run;
    note_progress(task, progress);
    live_changed(run->live);
    if (task->progress.event_at_ms && now(run) - task->progress.event_at_ms < PROGRESS_EVENT_MS)
        return;
    task->progress.event_at_ms = now(run);
    json_t *data = run_event(run, task->child ? child_run_id(task->child) : NULL);
    json_object_set_new(data, "phase", text_json(progress->phase));
    json_object_set_new(data, "done", json_integer(progress->done));
    json_object_set_new(data, "total",
                        progress->total >= 0 ? json_integer(progress->total) : json_null());
    event(task, EVENT_TYPE_RUN_PROGRESS, data);
}

static bool harmless(const char *line, size_t size)
{
    for (size_t i = 0; i < size; i++)
        if ((unsigned char)line[i] < 0x20 || line[i] == 0x7F)
            return false;
    return utf8_valid(line, size);
}

/* A worker escapes its own lines; what comes from elsewhere is escaped only if it has to be, so
 * that no backslash is doubled. */
void tell_stderr(struct task *task, const char *line, size_t size)
{
    struct buf text = {0};
    if (harmless(line, size))
        buf_add(&text, line, size);
    else
        text_escape(&text, line, size);
    live_print(task->run->live, text.data ? text.data : "", text.size);
    buf_release(&text);
}

static void tell_freshness(struct task *task, const struct run_result *result, enum verdict before)
{
    enum verdict after = schedule_verdict(result);
    if ((after == VERDICT_OK) != (before == VERDICT_OK))
        event(task, after == VERDICT_OK ? EVENT_TYPE_SOURCE_FRESH : EVENT_TYPE_SOURCE_STALE,
              run_event(task->run, result->run_id));
}

static void event_finished(struct task *task, const struct attempt *attempt)
{
    const struct run_result *r = &attempt->result;
    json_t *data = run_event(task->run, r->run_id);
    json_object_set_new(data, "outcome", json_string(outcome_name(r->outcome)));
    json_object_set_new(data, "cause", json_string(cause_name(r->cause)));
    json_object_set_new(data, "message", text_json(r->message));
    json_object_set_new(data, "pages", json_integer(r->pages));
    json_object_set_new(data, "added", json_integer(r->added));
    json_object_set_new(data, "changed", json_integer(r->changed));
    json_object_set_new(data, "deleted", json_integer(r->deleted));
    json_object_set_new(data, "remaining",
                        r->remaining >= 0 ? json_integer(r->remaining) : json_null());
    json_object_set_new(data, "duration_ms", json_integer(r->duration_ms));
    json_object_set_new(data, "kill_stage", json_string(attempt->kill_stage));
    event(task, EVENT_TYPE_RUN_FINISHED, data);
}

/* Where no terminal shows live lines, one line per finished run; LATTICE_LOG can silence it. */
static bool quiet(const struct run *run)
{
    const char *level = getenv("LATTICE_LOG");
    return live_is_on(run->live) ||
           (level && (strcmp(level, "error") == 0 || strcmp(level, "warn") == 0));
}

static void say_finished(struct task *task, const struct attempt *attempt)
{
    const struct run_result *r = &attempt->result;
    char duration[DURATION_TEXT_SIZE];
    struct buf line = {0};
    duration_format(r->duration_ms, duration);
    buf_printf(&line, "info %s wave %d: %s", task->source->id, task->run->wave,
               outcome_name(r->outcome));
    if (r->cause != CAUSE_NONE)
        buf_printf(&line, " (%s)", cause_name(r->cause));
    buf_printf(&line, ", %lld pages, %lld added, %lld changed, %lld deleted, %s",
               (long long)r->pages, (long long)r->added, (long long)r->changed,
               (long long)r->deleted, duration);
    live_print(task->run->live, line.data, line.size);
    buf_release(&line);
}

void tell_finished(struct task *task, const struct attempt *attempt, enum verdict before)
{
    journal_attempt(task->run->journal, task->source->id, attempt);
    event_finished(task, attempt);
    tell_freshness(task, &attempt->result, before);
    if (!quiet(task->run))
        say_finished(task, attempt);
    live_changed(task->run->live);
}

void tell_skipped(struct task *task, const struct attempt *attempt)
{
    journal_attempt(task->run->journal, task->source->id, attempt);
    event_finished(task, attempt);
}

static int64_t rate_of(const struct task *task)
{
    const struct task_progress *p = &task->progress;
    int64_t spent_ms = now(task->run) - p->phase_at_ms;
    return p->phase[0] && spent_ms >= 500 ? (p->done - p->phase_done) * 1000 / spent_ms : -1;
}

size_t tell_live_rows(void *owner, struct live_row *rows, size_t room)
{
    struct run *run = owner;
    size_t count = 0;
    for (size_t i = 0; i < run->list.count && count < room; i++) {
        const struct task *task = &run->list.tasks[i];
        if (!task->child)
            continue;
        rows[count++] =
            (struct live_row){.source = task->source->id,
                              .phase = task->progress.phase,
                              .done = task->progress.done,
                              .total = task->progress.phase[0] ? task->progress.total : -1,
                              .rate = rate_of(task),
                              .left_ms = child_deadline_ms(task->child) - now(run),
                              .stopping = child_is_stopping(task->child)};
    }
    return count;
}
