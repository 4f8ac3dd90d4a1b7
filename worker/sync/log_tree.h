/* The files of a folder of logs, with the stat data by which a change is seen. */
#ifndef LATTICE_WORKER_SYNC_LOG_TREE_H
#define LATTICE_WORKER_SYNC_LOG_TREE_H

#include "common/message.h"
#include "worker/sync/kind.h"
#include "worker/sync/store_log.h"

struct log_entry {
    char *path; /* owned; below the folder, without a leading '/' */
    struct log_stat stat;
};

/* All-zero is empty. */
struct log_tree {
    struct log_entry *entries; /* owned; in BINARY order of the paths */
    size_t count;
    size_t room;
    int64_t symlinks; /* not followed */
};

/* Walks the source's folder and takes what its filters let through. A folder that is not there or
 * cannot be read is CAUSE_UNREACHABLE, never an empty one. */
enum step log_tree_read(struct sync *sync, struct log_tree *tree, struct error *e);
void log_tree_release(struct log_tree *tree);
/* NULL if it is not there. */
const struct log_entry *log_tree_find(const struct log_tree *tree, const char *path);
/* Hash of all of it: path, inode, size, time. Caller frees. */
char *log_tree_name(const struct log_tree *tree);
/* The folders to watch: the root and those with the newest files, in the order of their names, so
 * that the list is another only when a folder is. The caller releases it. */
struct watch_list log_tree_watch(const struct log_tree *tree, const char *root);

#endif
