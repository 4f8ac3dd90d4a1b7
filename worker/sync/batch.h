/* Items of an import gathered into transactions, each as large as the grace allows. */
#ifndef LATTICE_WORKER_SYNC_BATCH_H
#define LATTICE_WORKER_SYNC_BATCH_H

#include <stdbool.h>
#include <stdint.h>

#include "common/error.h"

struct sync;

struct batch {
    struct sync *sync; /* borrowed */
    bool low;          /* the source's `memory` */
    int64_t total;     /* items, for progress; -1: not known */
    int64_t pages;     /* in the transaction in hand */
    int64_t bytes;
    int64_t started_ms;
    int64_t commit_ms;   /* that a commit may take */
    double commit_share; /* of the time that gathering took */
    double least_share;  /* that it is taken for, whatever was learned */
};

/* `waiting`: pages that are there change or go, so that the index waits (store_index.h). */
void batch_init(struct batch *b, struct sync *sync, int64_t total, bool waiting);
/* Before an item: opens a transaction if none is, with the target and the index's settings. */
CHECKED bool batch_begin(struct batch *b, struct error *e);
/* After an item of `bytes`: says the progress, and commits when the batch is full, its time is up,
 * or a stop came. */
CHECKED bool batch_end(struct batch *b, int64_t bytes, struct error *e);

#endif
