/* Queries on libuv's thread pool: a reader for each thread, a bound on how many wait. */
#ifndef LATTICE_WORKER_READS_WORK_H
#define LATTICE_WORKER_READS_WORK_H

#include <uv.h>

#include "worker/reads/reader.h"

struct work_pool;

/* Embedded in what asks; good until `done`. */
struct work {
    void (*run)(struct work *work, struct reader *reader); /* on a thread */
    void (*done)(struct work *work);                       /* on the loop */
    /* Instead of `run`: no reader could be opened; CAUSE_DEADLINE: it waited too long, too many
     * wait, or the pool was stopped. On a thread, or on the loop. */
    void (*failed)(struct work *work, const struct error *e);
    /* The rest is the pool's. */
    uv_work_t request;
    struct work_pool *pool;
    uint64_t queued_ns;
    struct work *next;
};

/* `home` is borrowed. Readers are opened when they are first needed. */
struct work_pool *work_pool_new(uv_loop_t *loop, const struct home *home, int64_t timeout_ms);
/* What waits fails at once, what runs ends as its deadline would, nothing more is taken. */
void work_pool_stop(struct work_pool *pool);
/* When nothing is under way any more. */
void work_pool_free(struct work_pool **pool);

/* `done` comes in any case, in this call if too many wait or the pool was stopped. */
void work_start(struct work_pool *pool, struct work *work);
size_t work_count(const struct work_pool *pool);
/* Since too many waited; only rises. */
uint64_t work_turned_away(const struct work_pool *pool);
/* What each query may take. */
int64_t work_timeout_ms(const struct work_pool *pool);

#endif
