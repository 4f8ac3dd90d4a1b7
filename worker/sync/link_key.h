/* What a link means inside its source. Pure. */
#ifndef LATTICE_WORKER_SYNC_LINK_KEY_H
#define LATTICE_WORKER_SYNC_LINK_KEY_H

#include "worker/sync/page.h"

/* Wiki: the name without `#part`. Markdown: the path that a relative destination means from the
 * page at `path`, percent-decoded, without query and fragment. False if it leads outside the
 * source (a scheme, a host, `..` above the root) or nowhere (a bare fragment). */
bool link_key(enum link_kind kind, const char *target, const char *path, struct buf *key);

#endif
