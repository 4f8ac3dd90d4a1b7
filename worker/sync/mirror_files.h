/* The files of a bare mirror: leftovers of killed gits, packs, removal. */
#ifndef LATTICE_WORKER_SYNC_MIRROR_FILES_H
#define LATTICE_WORKER_SYNC_MIRROR_FILES_H

#include <stddef.h>

#include "common/error.h"

/* Removes what a killed git leaves behind (`*.lock`, `tmp_*`). Only under the source's lock, when
 * no git of ours runs. A folder that is not there is fine. */
CHECKED bool mirror_sweep(const char *path, struct error *e);
/* How many packs it holds. */
size_t mirror_packs(const char *path);
/* Did a server leave blobs out (a pack with a `.promisor` beside it)? */
bool mirror_is_partial(const char *path);
/* A mirror that asks for all blobs at once: the server at `url` gives no object by its id. What was
 * noted of another address does not count. */
bool mirror_is_whole(const char *path, const char *url);
CHECKED bool mirror_set_whole(const char *path, const char *url, struct error *e);
/* Forgets it; fine if there is nothing to forget. */
CHECKED bool mirror_unset_whole(const char *path, struct error *e);
/* Removes the whole tree; never follows a symlink. */
CHECKED bool mirror_remove(const char *path, struct error *e);

#endif
