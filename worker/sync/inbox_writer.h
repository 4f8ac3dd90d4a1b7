/* Messages of agents into the store, one after the other. */
#ifndef LATTICE_WORKER_SYNC_INBOX_WRITER_H
#define LATTICE_WORKER_SYNC_INBOX_WRITER_H

#include "common/observation.h"
#include "worker/sync/page.h"
#include "worker/sync/store_write.h"

/* All-zero but the first two is ready; the memory is reused. */
struct inbox_writer {
    struct store *store; /* borrowed */
    int64_t epoch;
    int64_t added;    /* pages, as the one below */
    int64_t changed;  /* each once */
    int64_t replayed; /* messages whose id is known */
    /* Private. */
    int64_t *touched; /* owned; pages that were added or changed, in their order */
    size_t touched_count;
    size_t touched_room;
    struct page page;
    struct buf text;
};

/* Within a transaction. */
CHECKED bool inbox_writer_take(struct inbox_writer *w, const struct observation *o,
                               struct error *e);
void inbox_writer_release(struct inbox_writer *w);

#endif
