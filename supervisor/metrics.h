/* metrics/lattice.prom: how it stands, for Prometheus (text format 0.0.4). */
#ifndef LATTICE_SUPERVISOR_METRICS_H
#define LATTICE_SUPERVISOR_METRICS_H

#include "common/home.h"
#include "common/status.h"
#include "common/text.h"

struct metrics_source {
    const struct source_status *status; /* borrowed */
    int64_t last_attempt_at;            /* Unix seconds, 0: never */
};

struct metrics_counter {
    char name[24]; /* one of COUNTER_* */
    char label[32];
    int64_t count;
};

struct metrics {
    const struct metrics_source *sources; /* borrowed */
    size_t source_count;
    const struct metrics_counter *counters; /* borrowed */
    size_t counter_count;
    int64_t round_ended_at; /* Unix seconds; 0: none has ended yet */
    int64_t round_ms;
    int64_t loop_lag_ms; /* greatest in the round; -1: not known */
};

/* Appends the whole file; pure. */
void metrics_format(struct buf *out, const struct metrics *metrics);

/* A run or a service's round that has ended. */
struct metrics_round {
    const struct metrics_source *sources; /* borrowed; in the order of the configuration */
    size_t count;
    int64_t ended_at; /* Unix seconds; 0: none has ended yet */
    int64_t duration_ms;
    int64_t loop_lag_ms; /* -1: not known */
};

/* Writes the file by rename. Of sources of `config` (NULL: there are no others) that are not among
 * the round's it says what the ledger knows; counters come from there too, so call it when the
 * round is in it, and never on a loop's thread. CAUSE_STORE. */
CHECKED bool metrics_write(const struct home *home, const struct config *config,
                           const struct metrics_round *round, struct error *e);

#endif
