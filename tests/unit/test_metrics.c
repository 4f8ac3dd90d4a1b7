/* The text of the metrics. */
#include "supervisor/metrics.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/ledger_history.h"
#include "tests/unit/harness.h"

static char *format(const struct source_status *status, const struct metrics_counter *counters,
                    size_t count)
{
    struct buf out = {0};
    struct metrics_source source = {.status = status, .last_attempt_at = 1700000000};
    metrics_format(&out, &(struct metrics){.sources = &source,
                                           .source_count = 1,
                                           .counters = counters,
                                           .counter_count = count,
                                           .round_ended_at = 1700000100,
                                           .round_ms = 2050,
                                           .loop_lag_ms = -1});
    return buf_take(&out);
}

static struct source_status status_of(const char *id)
{
    struct source_status status = {.has_result = true, .last_success_at = 1699999999};
    snprintf(status.id, sizeof status.id, "%s", id);
    snprintf(status.kind, sizeof status.kind, "git");
    status.result.outcome = OUTCOME_PARTIAL;
    status.result.remaining = 31024;
    status.result.duration_ms = 50007;
    status.result.pages = 61200;
    return status;
}

TEST(a_source_has_times_status_backlog_duration_and_pages)
{
    struct source_status status = status_of("wiki");
    char *text = format(&status, NULL, 0);
    CHECK_CONTAINS(text, "\nlattice_source_last_success_timestamp_seconds{source=\"wiki\"} "
                         "1699999999\n");
    CHECK_CONTAINS(text, "\nlattice_source_last_attempt_timestamp_seconds{source=\"wiki\"} "
                         "1700000000\n");
    CHECK_CONTAINS(text, "\nlattice_source_backlog_pages{source=\"wiki\"} 31024\n");
    CHECK_CONTAINS(text, "\nlattice_source_duration_seconds{source=\"wiki\"} 50.007\n");
    CHECK_CONTAINS(text, "\nlattice_source_pages{source=\"wiki\"} 61200\n");
    CHECK_CONTAINS(text, "\nlattice_source_status{source=\"wiki\",kind=\"git\",status=\"partial\","
                         "cause=\"\"} 1\n");
    CHECK_CONTAINS(text, "\nlattice_last_round_duration_seconds 2.050\n");
    free(text);
}

TEST(what_is_not_known_is_left_out)
{
    struct source_status status = {.id = "new", .word = STATUS_NEVER};
    char *text = format(&status, NULL, 0);
    CHECK(!strstr(text, "last_success_timestamp_seconds{"));
    CHECK(!strstr(text, "backlog_pages{"));
    CHECK(!strstr(text, "loop_lag"));
    CHECK_CONTAINS(text, "status=\"never\"");
    free(text);
}

TEST(label_values_are_escaped)
{
    struct source_status status = status_of("a");
    snprintf(status.kind, sizeof status.kind, "q\"b\\n\n\xff");
    char *text = format(&status, NULL, 0);
    CHECK_CONTAINS(text, "kind=\"q\\\"b\\\\n\\n\xEF\xBF\xBD\"");
    free(text);
}

TEST(counters_have_their_labels_and_a_zero)
{
    struct source_status status = status_of("a");
    const struct metrics_counter counters[] = {
        {COUNTER_KILL, "kill", 3}, {COUNTER_LOCK_CLEARED, "dead", 2}, {"unknown", "x", 1}};
    char *text = format(&status, counters, 3);
    CHECK_CONTAINS(text, "\nlattice_kills_total{stage=\"kill\"} 3\n");
    CHECK_CONTAINS(text, "\nlattice_locks_cleared_total{reason=\"dead\"} 2\n");
    CHECK_CONTAINS(text, "\nlattice_overlaps_total 0\n");
    CHECK(!strstr(text, "unknown"));
    free(text);
}
