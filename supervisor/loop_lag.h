/* How late a loop is: the longest that anything had to wait for its callbacks. */
#ifndef LATTICE_SUPERVISOR_LOOP_LAG_H
#define LATTICE_SUPERVISOR_LOOP_LAG_H

#include <uv.h>

struct loop_lag {
    uv_prepare_t prepare;
    uint64_t at_ns;   /* uv_hrtime() when the loop went to the kernel last */
    uint64_t idle_ns; /* uv_metrics_idle_time() then */
    uint64_t most_ns;
};

/* Before the loop runs. It keeps no loop alive and wakes none up. */
void loop_lag_open(struct loop_lag *lag, uv_loop_t *loop);
void loop_lag_close(struct loop_lag *lag);
/* The greatest since this was asked last. */
int64_t loop_lag_take_ms(struct loop_lag *lag);

#endif
