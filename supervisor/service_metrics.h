/* metrics/lattice.prom while the service runs: after a round, and now and then within one. */
#ifndef LATTICE_SUPERVISOR_SERVICE_METRICS_H
#define LATTICE_SUPERVISOR_SERVICE_METRICS_H

#include "supervisor/metrics.h"
#include "supervisor/run.h"

struct service_metrics {
    struct run *run; /* borrowed */
    uv_timer_t timer;
    uv_work_t work;
    bool writing;
    bool wanted; /* something has changed since the last one was made */
    bool closed;
    bool warned;
    int64_t made_ms; /* the last one; on uv_now()'s clock */
    bool in_round;
    int64_t started_ms; /* of the round */
    struct metrics_round round;
    /* What the pool reads while `writing`: nothing else is, and nobody changes it meanwhile. */
    struct metrics_round written;
    struct source_status *statuses; /* owned */
    struct metrics_source *sources; /* owned */
};

void service_metrics_open(struct service_metrics *metrics, struct run *run);
void service_metrics_close(struct service_metrics *metrics);
/* A worker was started. */
void service_metrics_started(struct service_metrics *metrics);
/* A worker has ended. */
void service_metrics_ended(struct service_metrics *metrics);
/* Nothing runs any more, or a sweep came between. */
void service_metrics_round(struct service_metrics *metrics);

#endif
