/* Which pages a search may show: --tag, --path, --since, --until. */
#ifndef LATTICE_WORKER_READS_SEARCH_FILTER_H
#define LATTICE_WORKER_READS_SEARCH_FILTER_H

#include <jansson.h>

#include "common/glob.h"
#include "worker/reads/store_pages.h"

struct search_filter {
    bool any; /* false: every page passes */
    struct page_filter rows;
    struct glob_set *paths; /* owned; NULL: any */
};

/* From checked arguments, which stay in use. CAUSE_USAGE for a bad pattern. */
CHECKED bool search_filter_make(struct search_filter *filter, json_t *args, struct error *e);
void search_filter_release(struct search_filter *filter);

/* Ids of pages that pass, in order. */
struct page_set {
    int64_t *ids; /* owned */
    size_t count;
    size_t room;
};
CHECKED bool page_set_make(struct page_set *set, const struct search_filter *filter,
                           struct rstore *store, struct error *e);
void page_set_release(struct page_set *set);
bool page_set_has(const struct page_set *set, int64_t page);

#endif
