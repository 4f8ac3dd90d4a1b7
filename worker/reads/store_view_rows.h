/* Views over sessions as one store has them (common/store_views.h). */
#ifndef LATTICE_WORKER_READS_STORE_VIEW_ROWS_H
#define LATTICE_WORKER_READS_STORE_VIEW_ROWS_H

#include <jansson.h>

#include "worker/reads/store_reading.h"

struct view_state {
    const char *name; /* good until the next one */
    int64_t rows;
    int64_t rebuilt_at; /* Unix seconds */
    int64_t watermark;
};

/* Within a snapshot. A store without sessions has no views. */
CHECKED bool rstore_views(struct rstore *store,
                          void (*handle)(void *owner, const struct view_state *view), void *owner,
                          struct error *e);
/* Its rows in their order: JSON arrays, borrowed. What is no array is left out. */
CHECKED bool rstore_view_rows(struct rstore *store, const char *view,
                              void (*handle)(void *owner, const json_t *row), void *owner,
                              struct error *e);

#endif
