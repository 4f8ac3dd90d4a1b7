/* Making a source_status from configuration, store and ledger, and writing it as JSON. */
#include "common/status.h"

#include <stdio.h>
#include <string.h>

#include "common/cleanup.h"
#include "common/duration.h"
#include "common/json_text.h"
#include "common/lock.h"
#include "common/text.h"

static const char *const words[] = {
    [STATUS_RUNNING] = "running",
    [STATUS_STALLED] = "stalled",
    [STATUS_NEVER] = "never",
    [STATUS_DISABLED] = "disabled",
};

const char *status_name(const struct source_status *status)
{
    return status->word == STATUS_OUTCOME ? outcome_name(status->result.outcome)
                                          : words[status->word];
}

bool source_is_locked(const struct home *home, const char *id)
{
    CLEANUP(free_text) char *path = home_source_path(home, id, SOURCE_LOCK);
    return lock_kernel_held(path);
}

/* The last run is the store's newest, unless the ledger knows of a later one that left no row. */
static void take_last_run(const struct status_parts *parts, struct source_status *status)
{
    const struct store_view *view = parts->view;
    const struct attempt *last =
        parts->ledger && parts->ledger->has_last ? &parts->ledger->last : NULL;
    bool in_store = view && view->has_run;
    bool same = in_store && last && strcmp(view->run.run_id, last->result.run_id) == 0;
    if (last && (same || !in_store || last->result.started_at >= view->run.started_at)) {
        status->result = last->result;
        status->ended_at = last->ended_at;
        snprintf(status->kill_stage, sizeof status->kill_stage, "%s", last->kill_stage);
    } else if (in_store) {
        status->result = view->run;
        status->ended_at = view->run.started_at + view->run.duration_ms / 1000;
    }
    status->has_result = in_store || last;
}

static void take_store(const struct store_view *view, struct source_status *status)
{
    status->result.pages = view->pages;
    status->result.errors = view->errors;
    status->last_success_at = view->last_success_at;
    status->store_bytes = view->store_bytes;
    memcpy(status->bookmark, view->bookmark, sizeof status->bookmark);
    memcpy(status->target, view->target, sizeof status->target);
}

/* A store that cannot be read is shown as that, unless its last run said so in its own words. */
static void show_unreadable(const struct error *why, struct source_status *status)
{
    if (status->has_result && status->result.outcome == OUTCOME_FAILED &&
        status->result.cause == why->cause)
        return;
    status->word = STATUS_OUTCOME;
    status->has_result = true;
    status->result.outcome = OUTCOME_FAILED;
    status->result.cause = why->cause;
    snprintf(status->result.message, sizeof status->result.message, "%s", why->text);
}

/* 12,400: people compare these numbers at a glance. */
static void grouped(int64_t number, char out[32])
{
    char digits[24];
    size_t size = (size_t)snprintf(digits, sizeof digits, "%lld", (long long)number);
    size_t at = 0;
    for (size_t i = 0; i < size; i++) {
        if (i > 0 && (size - i) % 3 == 0 && digits[i - 1] != '-')
            out[at++] = ',';
        out[at++] = digits[i];
    }
    out[at] = '\0';
}

void status_progress(const struct lock_row *row, int64_t now_s, char *out, size_t size)
{
    char done[32];
    char total[32];
    char ago[DURATION_TEXT_SIZE];
    int64_t ago_s = now_s > row->last_refreshed_at ? now_s - row->last_refreshed_at : 0;
    grouped(row->done, done);
    grouped(row->total, total);
    duration_format(ago_s * 1000, ago);
    if (ago_s < 60) /* known in whole seconds only */
        snprintf(ago, sizeof ago, "%llds", (long long)ago_s);
    bool known = row->total >= 0;
    snprintf(out, size, "%s, %s%s%s, last progress %s ago", row->phase, done, known ? " of " : "",
             known ? total : "", ago);
}

static const char *why_left(const struct lock_row *row)
{
    switch (process_liveness(&row->holder)) {
    case PROCESS_DEAD:
        return "its process is gone";
    case PROCESS_ALIVE:
        return "its process no longer holds the kernel lock";
    case PROCESS_UNKNOWN:
        break;
    }
    return "it was on another host or in another container, and no worker lives here";
}

void status_left_row(const struct lock_row *row, int64_t now_s, char out[LEFT_ROW_TEXT_SIZE])
{
    char age[DURATION_TEXT_SIZE];
    int64_t age_s = now_s - row->last_refreshed_at;
    duration_format(age_s > 0 ? age_s * 1000 : 0, age);
    snprintf(out, LEFT_ROW_TEXT_SIZE, "the lock row of pid %d on %s, %s old, phase %s: %s",
             (int)row->holder.pid, row->holder.host, age, row->phase, why_left(row));
}

/* A row of somebody dead is a leftover: the living worker has not written its own yet. */
static void show_running(const struct status_parts *parts, struct source_status *status)
{
    const struct lock_row *row = parts->view ? &parts->view->lock : NULL;
    int64_t stall_ms = parts->stall_ms ? parts->stall_ms : parts->source->stall_ms;
    char progress[160];
    status->word = STATUS_RUNNING;
    if (!row || !row->run_id[0] || process_liveness(&row->holder) == PROCESS_DEAD) {
        snprintf(status->result.message, sizeof status->result.message, "starting");
        return;
    }
    status->holder = *row;
    if ((parts->now_s - row->last_refreshed_at) * 1000 > stall_ms)
        status->word = STATUS_STALLED;
    status_progress(row, parts->now_s, progress, sizeof progress);
    snprintf(status->result.message, sizeof status->result.message, "%s (%s), pid %d",
             words[status->word], progress, (int)row->holder.pid);
}

void status_make(const struct status_parts *parts, struct source_status *status)
{
    const struct source_config *source = parts->source;
    memset(status, 0, sizeof *status);
    snprintf(status->id, sizeof status->id, "%s", source->id);
    snprintf(status->kind, sizeof status->kind, "%s", source->kind);
    status->enabled = source->enabled;
    take_last_run(parts, status);
    if (parts->view)
        take_store(parts->view, status);
    if (parts->ledger) {
        status->attempts = parts->ledger->attempts;
        status->next_attempt_at = parts->ledger->next_attempt_at;
        if (!parts->view)
            status->last_success_at = parts->ledger->last_success_at;
    }
    status->fresh_s = !status->last_success_at ? -1
                      : parts->now_s > status->last_success_at
                          ? parts->now_s - status->last_success_at
                          : 0;
    if (!status->has_result) {
        status->word = STATUS_NEVER;
        status->result.remaining = -1;
    }
    if (parts->view_error)
        show_unreadable(parts->view_error, status);
    if (parts->locked)
        show_running(parts, status);
    else if (!source->enabled)
        status->word = STATUS_DISABLED;
}

static json_t *time_or_null(int64_t unix_s)
{
    return unix_s > 0 ? json_integer(unix_s) : json_null();
}

static json_t *count_or_null(int64_t count)
{
    return count >= 0 ? json_integer(count) : json_null();
}

/* Below 0: not known. */
struct named_count {
    const char *key;
    int64_t count;
};

static void add_named(json_t *object, const struct named_count *counts, size_t size, bool known)
{
    for (size_t i = 0; i < size; i++)
        json_object_set_new(object, counts[i].key, count_or_null(known ? counts[i].count : -1));
}

static void add_identity(json_t *object, const struct source_status *status)
{
    const struct run_result *result = &status->result;
    bool running = status->word == STATUS_RUNNING || status->word == STATUS_STALLED;
    json_object_set_new(object, "id", json_string(status->id));
    json_object_set_new(object, "kind", json_string(status->kind));
    json_object_set_new(object, "enabled", json_boolean(status->enabled));
    json_object_set_new(object, "status", json_string(status_name(status)));
    json_object_set_new(object, "cause", text_or_null(running ? "" : cause_name(result->cause)));
    json_object_set_new(object, "message", text_or_null(result->message));
    json_object_set_new(object, "phase", text_or_null(status->holder.phase));
    json_object_set_new(object, "pid", time_or_null(status->holder.holder.pid));
}

static void add_times(json_t *object, const struct source_status *status)
{
    bool held = status->holder.run_id[0] != '\0';
    int64_t started_at = held ? status->holder.acquired_at : status->result.started_at;
    int64_t refreshed_at = held ? status->holder.last_refreshed_at : status->ended_at;
    json_object_set_new(object, "started_at", time_or_null(started_at));
    json_object_set_new(object, "last_refreshed_at", time_or_null(refreshed_at));
    json_object_set_new(object, "last_success_at", time_or_null(status->last_success_at));
    json_object_set_new(object, "fresh_s", count_or_null(status->fresh_s));
    json_object_set_new(object, "bookmark", text_or_null(status->bookmark));
    json_object_set_new(object, "target", text_or_null(status->target));
}

static void add_counts(json_t *object, const struct source_status *status)
{
    const struct run_result *r = &status->result;
    const struct named_count counts[] = {
        {"added", r->added},
        {"changed", r->changed},
        {"deleted", r->deleted},
        {"remaining", r->remaining},
        {"errors", r->errors},
        {"quarantined", r->quarantined},
        {"duration_ms", r->duration_ms},
        {"cpu_ms", r->cpu_ms},
        {"peak_rss_bytes", r->peak_rss_bytes},
    };
    json_object_set_new(object, "pages", json_integer(r->pages));
    add_named(object, counts, sizeof counts / sizeof *counts, status->has_result);
    json_object_set_new(object, "store_bytes", json_integer(status->store_bytes));
    json_object_set_new(object, "attempts", json_integer(status->attempts));
}

json_t *status_json(const struct source_status *status)
{
    json_t *object = json_object();
    const char *run_id = status->holder.run_id[0] ? status->holder.run_id : status->result.run_id;
    add_identity(object, status);
    add_times(object, status);
    add_counts(object, status);
    json_object_set_new(object, "next_attempt_at", time_or_null(status->next_attempt_at));
    json_object_set_new(object, "kill_stage", text_or_null(status->kill_stage));
    json_object_set_new(object, "run_id", text_or_null(run_id));
    return object;
}

json_t *attempt_json(const char *source, const struct attempt *attempt)
{
    const struct run_result *r = &attempt->result;
    json_t *run = json_object();
    const struct named_count counts[] = {
        {"wave", attempt->wave},
        {"started_at", r->started_at},
        {"ended_at", attempt->ended_at},
        {"pages", r->pages},
        {"added", r->added},
        {"changed", r->changed},
        {"deleted", r->deleted},
        {"renamed", r->renamed},
        {"remaining", r->remaining},
        {"errors", r->errors},
        {"quarantined", r->quarantined},
        {"duration_ms", r->duration_ms},
        {"cpu_ms", r->cpu_ms},
        {"peak_rss_bytes", r->peak_rss_bytes},
        {"exit_code", attempt->exit_code},
        {"signal", attempt->signal ? attempt->signal : -1},
    };
    json_object_set_new(run, "source", json_string(source));
    json_object_set_new(run, "run_id", text_or_null(r->run_id));
    json_object_set_new(run, "status", json_string(outcome_name(r->outcome)));
    json_object_set_new(run, "cause", text_or_null(cause_name(r->cause)));
    json_object_set_new(run, "message", text_or_null(r->message));
    json_object_set_new(run, "kill_stage", text_or_null(attempt->kill_stage));
    add_named(run, counts, sizeof counts / sizeof *counts, true);
    return run;
}
