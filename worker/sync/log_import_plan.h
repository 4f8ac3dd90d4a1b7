/* What a listing of logs differs by from what the store has read: in memory, some bytes a file. */
#ifndef LATTICE_WORKER_SYNC_LOG_IMPORT_PLAN_H
#define LATTICE_WORKER_SYNC_LOG_IMPORT_PLAN_H

#include "worker/sync/log_tree.h"

struct log_todo {
    const struct log_entry *entry; /* borrowed from the tree */
    bool known;                    /* it was read before */
};

struct log_gone {
    int64_t id;
    int64_t page;
    char *path; /* owned */
    int64_t inode;
    int64_t offset;
};

/* The same file under another name. */
struct log_move {
    int64_t id;
    const char *to; /* borrowed from the tree */
};

/* All-zero is empty. */
struct log_plan {
    struct log_todo *todo; /* owned; the newest first: what people look for */
    size_t count;
    int64_t adds;          /* of these */
    int64_t bytes;         /* to read */
    bool unfinished;       /* a run before this one was cut in a file */
    struct log_gone *gone; /* owned; those of one page are neighbours */
    size_t gone_count;
    int64_t pages_gone;     /* with all their files */
    struct log_move *moves; /* owned */
    size_t move_count;
};

CHECKED bool log_plan_make(struct log_plan *plan, struct store *store, const struct log_tree *tree,
                           int64_t epoch, struct error *e);
void log_plan_release(struct log_plan *plan);

/* The files of a page, in order. */
struct log_paths {
    char **paths; /* owned */
    size_t count;
};
CHECKED bool log_paths_of_page(struct store *store, int64_t page, struct log_paths *paths,
                               struct error *e);
void log_paths_release(struct log_paths *paths);

#endif
