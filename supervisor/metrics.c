/* The metrics' text: one table of series, values from statuses and counters; pure. */
#include "supervisor/metrics.h"

#include <inttypes.h>
#include <string.h>

#include "common/ledger_history.h"

/* Label values: backslash, quote and line feed are escaped; the rest must be UTF-8. */
static void add_label(struct buf *out, const char *text)
{
    struct buf clean = {0};
    utf8_sanitize(&clean, text, strlen(text));
    for (size_t i = 0; i < clean.size; i++) {
        if (clean.data[i] == '\n')
            buf_add_text(out, "\\n");
        else {
            if (clean.data[i] == '\\' || clean.data[i] == '"')
                buf_add_byte(out, '\\');
            buf_add_byte(out, clean.data[i]);
        }
    }
    buf_release(&clean);
}

static void add_head(struct buf *out, const char *name, const char *type, const char *help)
{
    buf_printf(out, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

/* Seconds with three places. */
static void add_ms(struct buf *out, int64_t ms)
{
    buf_printf(out, "%" PRId64 ".%03" PRId64 "\n", ms / 1000, ms % 1000);
}

/* --- of each source -------------------------------------------------------------------------- */

static int64_t last_success(const struct metrics_source *s)
{
    return s->status->last_success_at > 0 ? s->status->last_success_at : -1;
}

static int64_t last_attempt(const struct metrics_source *s)
{
    return s->last_attempt_at > 0 ? s->last_attempt_at : -1;
}

static int64_t backlog(const struct metrics_source *s)
{
    return s->status->has_result ? s->status->result.remaining : -1;
}

static int64_t duration(const struct metrics_source *s)
{
    return s->status->has_result ? s->status->result.duration_ms : -1;
}

static int64_t pages(const struct metrics_source *s)
{
    return s->status->result.pages;
}

static int64_t attempts(const struct metrics_source *s)
{
    return s->status->attempts;
}

static int64_t store_bytes(const struct metrics_source *s)
{
    return s->status->store_bytes > 0 ? s->status->store_bytes : -1;
}

static const struct {
    const char *name;
    const char *help;
    int64_t (*value)(const struct metrics_source *s); /* below 0: not known, left out */
    bool is_ms;
} gauges[] = {
    {"lattice_source_last_success_timestamp_seconds",
     "When the store was last known to equal its source.", last_success, false},
    {"lattice_source_last_attempt_timestamp_seconds", "When the last worker was started.",
     last_attempt, false},
    {"lattice_source_backlog_pages", "Pages that the last run left to do.", backlog, false},
    {"lattice_source_duration_seconds", "How long the last run took.", duration, true},
    {"lattice_source_pages", "Pages in the store.", pages, false},
    {"lattice_source_attempts_since_success", "Runs since the last that succeeded.", attempts,
     false},
    {"lattice_source_store_bytes", "Size of the store on disk.", store_bytes, false},
};

static void add_gauge(struct buf *out, size_t which, const struct metrics *metrics)
{
    add_head(out, gauges[which].name, "gauge", gauges[which].help);
    for (size_t i = 0; i < metrics->source_count; i++) {
        int64_t value = gauges[which].value(&metrics->sources[i]);
        if (value < 0)
            continue;
        buf_printf(out, "%s{source=\"", gauges[which].name);
        add_label(out, metrics->sources[i].status->id);
        buf_add_text(out, "\"} ");
        if (gauges[which].is_ms)
            add_ms(out, value);
        else
            buf_printf(out, "%" PRId64 "\n", value);
    }
}

static void add_statuses(struct buf *out, const struct metrics *metrics)
{
    add_head(out, "lattice_source_status", "gauge",
             "1 for the status that the source has, with the cause of a failure.");
    for (size_t i = 0; i < metrics->source_count; i++) {
        const struct source_status *s = metrics->sources[i].status;
        bool failed = s->word == STATUS_OUTCOME;
        buf_add_text(out, "lattice_source_status{source=\"");
        add_label(out, s->id);
        buf_add_text(out, "\",kind=\"");
        add_label(out, s->kind);
        buf_printf(out, "\",status=\"%s\",cause=\"%s\"} 1\n", status_name(s),
                   failed ? cause_name(s->result.cause) : "");
    }
}

/* --- of all ---------------------------------------------------------------------------------- */

static const struct {
    const char *counter;
    const char *name;
    const char *label; /* NULL: none */
    const char *help;
} counters[] = {
    {COUNTER_RUN, "lattice_runs_total", "outcome", "Runs by outcome."},
    {COUNTER_KILL, "lattice_kills_total", "stage", "Workers that were ended, by stage."},
    {COUNTER_ORPHAN, "lattice_orphans_reaped_total", NULL,
     "Processes that were ended after the worker that had started them."},
    {COUNTER_LOCK_CLEARED, "lattice_locks_cleared_total", "reason",
     "Lock rows that were cleared, by reason."},
    {COUNTER_OVERLAP, "lattice_overlaps_total", NULL,
     "Supervisors that were turned away since another one ran."},
};

static void add_counter(struct buf *out, size_t which, const struct metrics *metrics)
{
    const char *name = counters[which].name;
    bool any = false;
    add_head(out, name, "counter", counters[which].help);
    for (size_t i = 0; i < metrics->counter_count; i++) {
        const struct metrics_counter *c = &metrics->counters[i];
        if (strcmp(c->name, counters[which].counter) != 0)
            continue;
        any = true;
        buf_add_text(out, name);
        if (counters[which].label) {
            buf_printf(out, "{%s=\"", counters[which].label);
            add_label(out, c->label);
            buf_add_text(out, "\"}");
        }
        buf_printf(out, " %" PRId64 "\n", c->count);
    }
    if (!any && !counters[which].label) /* a rate needs its zero */
        buf_printf(out, "%s 0\n", name);
}

static void add_last_round(struct buf *out, const struct metrics *metrics)
{
    add_head(out, "lattice_last_round_timestamp_seconds", "gauge", "When the last round ended.");
    buf_printf(out, "lattice_last_round_timestamp_seconds %" PRId64 "\n", metrics->round_ended_at);
    add_head(out, "lattice_last_round_duration_seconds", "gauge", "How long it took.");
    buf_add_text(out, "lattice_last_round_duration_seconds ");
    add_ms(out, metrics->round_ms);
}

static void add_round(struct buf *out, const struct metrics *metrics)
{
    if (metrics->round_ended_at > 0)
        add_last_round(out, metrics);
    if (metrics->loop_lag_ms < 0)
        return;
    add_head(out, "lattice_loop_lag_seconds", "gauge",
             "The longest that the supervisor kept an event waiting lately.");
    buf_add_text(out, "lattice_loop_lag_seconds ");
    add_ms(out, metrics->loop_lag_ms);
}

void metrics_format(struct buf *out, const struct metrics *metrics)
{
    for (size_t i = 0; i < sizeof gauges / sizeof *gauges; i++)
        add_gauge(out, i, metrics);
    add_statuses(out, metrics);
    for (size_t i = 0; i < sizeof counters / sizeof *counters; i++)
        add_counter(out, i, metrics);
    add_round(out, metrics);
}
