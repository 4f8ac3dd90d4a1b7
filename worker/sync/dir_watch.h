/* Where a tree's news would be seen, for a supervisor that wants to see them. */
#ifndef LATTICE_WORKER_SYNC_DIR_WATCH_H
#define LATTICE_WORKER_SYNC_DIR_WATCH_H

#include "worker/sync/dir_walk.h"

/* Tells the supervisor, if there is one: the root and the folders that moved last. */
void dir_watch(const char *root, const struct dir_tree *tree);

#endif
