/* Pages in the store: put, delete, rename, with their chunks, index, links and tags. */
#ifndef LATTICE_WORKER_SYNC_STORE_PAGE_H
#define LATTICE_WORKER_SYNC_STORE_PAGE_H

#include "worker/sync/page.h"
#include "worker/sync/store_write.h"

/* What a page's row says beside its content. Borrowed. */
struct page_origin {
    const char *path;
    size_t path_size;
    const char *blob;
    int64_t epoch;
    int64_t size_bytes;
};

/* All within a transaction, store_bulk before the first of them in a run. */

/* Adds the page and sets *id, or replaces that of row *id if it is not 0. An error row of the path
 * goes. */
CHECKED bool store_page_put(struct store *store, int64_t *id, const struct page_origin *origin,
                            const struct page *page, struct error *e);
CHECKED bool store_page_delete(struct store *store, int64_t id, struct error *e);
/* It is not what its source has: the next plan imports it again, whatever its blob. */
CHECKED bool store_page_expire(struct store *store, int64_t id, struct error *e);
/* The page keeps its identity and everything derived from its bytes. */
CHECKED bool store_page_rename(struct store *store, int64_t id, const char *path, size_t path_size,
                               struct error *e);

/* Records that a path cannot be a page. The page that was there is the caller's to delete. */
struct page_refusal {
    const char *reason; /* one word: binary, too-large, path, quarantined */
    const char *detail; /* for people */
    const char *shape;
};
CHECKED bool store_error_put(struct store *store, const struct page_origin *origin,
                             const struct page_refusal *refusal, struct error *e);
CHECKED bool store_error_delete(struct store *store, const char *path, size_t path_size,
                                struct error *e);

#endif
