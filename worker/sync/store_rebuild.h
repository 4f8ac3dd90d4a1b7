/* Views made anew from the sessions of a store. */
#ifndef LATTICE_WORKER_SYNC_STORE_REBUILD_H
#define LATTICE_WORKER_SYNC_STORE_REBUILD_H

#include "worker/sync/store_write.h"

/* Makes the next view whose sessions moved since it was made, in a transaction of its own; *more
 * false: all are current. Each time the run's record gets a row: view, rows, time, watermark. */
CHECKED bool store_view_step(struct store *store, bool *more, struct error *e);

#endif
