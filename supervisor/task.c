/* Sources of one invocation. */
#include "supervisor/task.h"

#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "common/clock.h"
#include "common/log.h"
#include "common/text.h"
#include "supervisor/quarantine.h"

static bool named(const struct run_options *options, const char *id)
{
    for (size_t i = 0; i < options->source_count; i++)
        if (strcmp(options->sources[i], id) == 0)
            return true;
    return false;
}

static bool refuse_unknown(const struct config *config, const char *id, struct error *e)
{
    struct buf known = {0};
    for (size_t i = 0; i < config->count && known.size < 200; i++)
        buf_printf(&known, "%s%s", i ? ", " : "", config->sources[i].id);
    error_set(e, CAUSE_USAGE, "no source \"%s\"; there %s: %s", id,
              config->count == 1 ? "is" : "are", known.data ? known.data : "none");
    buf_release(&known);
    return false;
}

bool task_list_check(const struct config *config, const struct run_options *options,
                     struct error *e)
{
    if (config->count == 0)
        return error_set(e, CAUSE_CONFIG,
                         "no sources yet; add one: lattice-supervise add ID URL-OR-PATH");
    for (size_t i = 0; i < options->source_count; i++)
        if (!config_find(config, options->sources[i]))
            return refuse_unknown(config, options->sources[i], e);
    return true;
}

/* History that cannot be read is said and costs only the order. */
static void read_history(struct ledger *ledger, struct task *task)
{
    struct error e = {0};
    const char *id = task->source->id;
    if (ledger && (!ledger_read_source(ledger, id, &task->history, &e) ||
                   !ledger_read_blamed(ledger, id, &task->blamed, &e)))
        log_line(LOG_WARN, id, "ledger", "%s", e.text);
    task->backoff_before = (struct backoff){.failures = task->history.failures,
                                            .next_at = task->history.next_attempt_at};
}

bool task_list_make(const struct config *config, const struct run_options *options,
                    struct ledger *ledger, struct task_list *list, struct error *e)
{
    *list = (struct task_list){0};
    list->tasks = xcalloc(config->count, sizeof *list->tasks);
    for (size_t i = 0; i < config->count; i++) {
        const struct source_config *source = &config->sources[i];
        struct task *task = &list->tasks[list->count++];
        static const struct run_limits no_flags;
        task->source = source;
        task->shown = options->all || named(options, source->id);
        task->selected = task->shown && (source->enabled || !options->all);
        task->order.position = i;
        if (!schedule_limits(task->shown ? &options->limits : &no_flags, source, &task->limits,
                             e)) {
            task_list_release(list);
            return false;
        }
        read_history(ledger, task);
    }
    return true;
}

struct task *task_find_any(const struct task_list *list, const char *id)
{
    for (size_t i = 0; i < list->count; i++)
        if (strcmp(list->tasks[i].source->id, id) == 0)
            return &list->tasks[i];
    return NULL;
}

struct task *task_find(const struct task_list *list, const char *id)
{
    struct task *task = task_find_any(list, id);
    return task && !task->gone ? task : NULL;
}

void task_list_release(struct task_list *list)
{
    for (size_t i = 0; i < list->count; i++) {
        free(list->tasks[i].view_error);
        free(list->tasks[i].item.path);
        free(list->tasks[i].item.blob);
        blamed_pages_release(&list->tasks[i].blamed);
        config_release(&list->tasks[i].entry);
    }
    free(list->tasks);
    *list = (struct task_list){0};
}

void task_update_order(struct task *task)
{
    const struct ledger_source *history = &task->history;
    task->order.last_success_at =
        task->view_read ? task->view.last_success_at : history->last_success_at;
    task->order.last_attempt_at = history->last_attempt_at;
    task->order.partial =
        history->has_last && schedule_verdict(&history->last.result) == VERDICT_PARTIAL;
}

void task_set_view(struct task *task, const struct store_view *view, const struct error *why_not)
{
    free(task->view_error);
    task->view_error = NULL;
    task->view_read = why_not == NULL;
    if (view)
        task->view = *view;
    if (why_not) {
        task->view_error = xmalloc(sizeof *why_not);
        *task->view_error = *why_not;
    }
}

bool task_in_backoff(const struct task *task, int64_t now_s)
{
    struct backoff backoff = {.failures = task->history.failures,
                              .next_at = task->history.next_attempt_at};
    return backoff_holds(&backoff, task->source->every_ms, now_s);
}

/* All tries of one invocation are one failure: within it, waves decide. */
void task_back_off(const struct task *task, struct attempt *attempt)
{
    struct backoff after = {0};
    uint32_t random = 0;
    switch (backoff_effect_of(&attempt->result)) {
    case BACKOFF_RESET:
        break;
    case BACKOFF_COUNT:
        if (getrandom(&random, sizeof random, 0) < 0)
            random = 0;
        after = backoff_after_failure(&task->backoff_before, task->source->every_ms,
                                      attempt->ended_at, random);
        break;
    case BACKOFF_KEEP:
        after = (struct backoff){.failures = task->history.failures,
                                 .next_at = task->history.next_attempt_at};
        break;
    }
    attempt->failures = after.failures;
    attempt->next_attempt_at = after.next_at;
}

void task_name_item(struct task *task, const struct run_progress *progress)
{
    free(task->item.path);
    free(task->item.blob);
    task->item = (struct page_name){0};
    if (progress && progress->item_path[0] && progress->item_blob[0])
        task->item = (struct page_name){.path = xstrdup(progress->item_path),
                                        .blob = xstrdup(progress->item_blob)};
}

static void add_counts(struct run_result *sum, const struct run_result *result)
{
    sum->added += result->added;
    sum->changed += result->changed;
    sum->deleted += result->deleted;
    sum->renamed += result->renamed;
    sum->duration_ms += result->duration_ms;
    sum->cpu_ms += result->cpu_ms;
    if (result->peak_rss_bytes > sum->peak_rss_bytes)
        sum->peak_rss_bytes = result->peak_rss_bytes;
}

void task_add_attempt(struct task *task, const struct attempt *attempt)
{
    struct ledger_source *history = &task->history;
    history->has_last = true;
    history->last = *attempt;
    if (attempt->result.outcome == OUTCOME_SKIPPED)
        return;
    bool ok = schedule_verdict(&attempt->result) == VERDICT_OK;
    history->attempts = ok ? 0 : history->attempts + 1;
    history->failures = attempt->failures;
    history->next_attempt_at = attempt->next_attempt_at;
    if (attempt->failures == 0)
        task->backoff_before = (struct backoff){0};
    history->last_attempt_at = attempt->result.started_at;
    if (ok)
        history->last_success_at = attempt->ended_at;
    task->tries++;
    add_counts(&task->sum, &attempt->result);
}

static void show_sums(const struct task *task, struct run_result *result)
{
    result->added = task->sum.added;
    result->changed = task->sum.changed;
    result->deleted = task->sum.deleted;
    result->renamed = task->sum.renamed;
    result->duration_ms = task->sum.duration_ms;
    result->cpu_ms = task->sum.cpu_ms;
    result->peak_rss_bytes = task->sum.peak_rss_bytes;
}

static void make_status(const struct task *task, bool locked, struct source_status *status)
{
    struct status_parts parts = {.source = task->source,
                                 .view = task->view_read ? &task->view : NULL,
                                 .view_error = task->view_error,
                                 .ledger = &task->history,
                                 .locked = locked,
                                 .stall_ms = task->limits.stall_ms,
                                 .now_s = clock_unix_s()};
    status_make(&parts, status);
}

void task_status_now(const struct task *task, struct source_status *status)
{
    make_status(task, task->child != NULL, status);
}

void task_status(const struct task *task, const struct home *home, struct source_status *status)
{
    /* A worker of ours that got the lock is gone, or stuck: only others can be `running`. */
    bool ours = task->tries > 0 && task->history.last.result.outcome != OUTCOME_LOCKED;
    make_status(task, !ours && source_is_locked(home, task->source->id), status);
    if (task->tries == 0)
        return;
    if (status->word == STATUS_DISABLED)
        status->word = STATUS_OUTCOME;
    show_sums(task, &status->result);
}
