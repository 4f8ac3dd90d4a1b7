/* Which pages links mean, within their source. */
#ifndef LATTICE_WORKER_READS_LINK_TARGETS_H
#define LATTICE_WORKER_READS_LINK_TARGETS_H

#include "worker/reads/link_names.h"
#include "worker/reads/store_reading.h"

/* How well a page fits a link, the better the higher: among equals the first in the order of paths.
 * A wiki link means a page of that name in any folder, too, and the same in other case. */
enum link_fit {
    LINK_FIT_NONE,
    LINK_FIT_FOLDED_NAME,
    LINK_FIT_FOLDED_PATH,
    LINK_FIT_NAME,
    LINK_FIT_PATH,
};
struct link_target {
    char *key; /* owned; "": leads outside */
    bool wiki;
    enum link_fit fit;
    char *path; /* owned; of the page; NULL: there is none, or not looked for yet */
};
struct link_targets {
    struct link_target *all; /* owned */
    size_t count;
    size_t room;
};
void link_targets_add(struct link_targets *targets, const char *key, bool wiki);
/* Adds what links that there are call the page at `path`. Some may mean another page. */
CHECKED bool link_targets_add_names(struct link_targets *targets, struct rstore *store,
                                    const char *path, struct error *e);
/* Looks for the pages: in all paths only where a wiki link is none of them as it stands. */
CHECKED bool link_targets_find(struct link_targets *targets, struct rstore *store, struct error *e);
void link_targets_release(struct link_targets *targets);

#endif
