/* Reading back what the store has, for kinds whose source forgets. */
#ifndef LATTICE_WORKER_SYNC_STORE_KEPT_H
#define LATTICE_WORKER_SYNC_STORE_KEPT_H

#include "worker/sync/kind.h"

/* Every page of the store, in the order of the paths. */
CHECKED bool store_kept_pages(struct store *store, const struct plan_rules *rules,
                              const struct kept_sink *sink, struct error *e);
/* Does the store have this content at this path, be it as what cannot be a page? */
CHECKED bool store_has_page(struct store *store, const char *path, const char *blob, bool *has,
                            struct error *e);

#endif
