/* Links of a store, by row. */
#ifndef LATTICE_WORKER_READS_STORE_LINKS_H
#define LATTICE_WORKER_READS_STORE_LINKS_H

#include "worker/reads/store_pages.h"

/* In the order of the page. `path` and `title` of the rows are "". */
struct links_of {
    int64_t page;
    struct rows rows;
};
CHECKED bool rstore_links_out(struct rstore *store, struct links_of of, link_handler handle,
                              void *owner, struct error *e);
/* By path of the page that has the link. */
struct links_to {
    const char *markdown; /* keys, a JSON array */
    const char *wiki;
    struct rows rows;
};
CHECKED bool rstore_links_back(struct rstore *store, const struct links_to *to, link_handler handle,
                               void *owner, struct error *e);
/* Keys of links, of any kind, that begin with `start`, each once, in order. */
CHECKED bool rstore_link_keys(struct rstore *store, const char *start, text_handler handle,
                              void *owner, struct error *e);
/* All paths, in order. */
CHECKED bool rstore_paths(struct rstore *store, text_handler handle, void *owner, struct error *e);

#endif
