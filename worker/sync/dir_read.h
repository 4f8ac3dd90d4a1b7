/* The content of a file in a tree, whole and at rest. */
#ifndef LATTICE_WORKER_SYNC_DIR_READ_H
#define LATTICE_WORKER_SYNC_DIR_READ_H

#include "common/text.h"
#include "worker/sync/dir_walk.h"

enum dir_answer {
    DIR_READ,
    DIR_LARGE,  /* over the limit; `look` says by how much */
    DIR_GONE,   /* no longer there, or no file any more */
    DIR_MOVING, /* it changed each time it was read */
    DIR_CLOSED, /* `bytes` says why, for people */
};

struct dir_reader {
    const char *root; /* borrowed; absolute */
    int root_fd;      /* -1: not open */
    int folder_fd;    /* of `folder`, -1: not open */
    char *folder;     /* owned; the one that was last read from */
    struct buf bytes; /* of the last file */
    struct file_look look;
    char blob[DIR_BLOB_SIZE]; /* XXH3-128 of the bytes, in hexadecimal digits */
};

#define DIR_READER_CLOSED                                                                          \
    {                                                                                              \
        .root_fd = -1, .folder_fd = -1                                                             \
    }

/* Is it the id of a file that was over the limit? */
bool dir_blob_large(const char *blob);
/* Follows no symlink on the way, and waits for no pipe. `path` is relative. */
enum dir_answer dir_read(struct dir_reader *reader, const char *path, int64_t max_bytes);
void dir_reader_release(struct dir_reader *reader);

#endif
