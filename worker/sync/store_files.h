/* What a folder's files looked like when they were last hashed. */
#ifndef LATTICE_WORKER_SYNC_STORE_FILES_H
#define LATTICE_WORKER_SYNC_STORE_FILES_H

#include "worker/sync/store_write.h"

/* What stat(2) says. A content that changes changes one of these, but for a file that was written
 * in the very moment in which it was looked at. */
struct file_look {
    int64_t size_bytes;
    int64_t mtime_ns;
    int64_t ctime_ns;
    int64_t inode;
};

struct file_row {
    const char *path; /* borrowed until the next step */
    size_t path_size;
    struct file_look look;
    const char *blob; /* borrowed until the next step */
};

/* All rows, in BINARY order of the paths. store_files_end whatever happened; nothing is written in
 * between. */
CHECKED bool store_files_next(struct store *store, struct file_row *row, bool *there,
                              struct error *e);
void store_files_end(struct store *store);

/* Within a transaction. */
CHECKED bool store_file_put(struct store *store, const struct file_row *row, struct error *e);
CHECKED bool store_file_drop(struct store *store, const char *path, size_t path_size,
                             struct error *e);

#endif
