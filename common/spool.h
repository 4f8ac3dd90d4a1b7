/* Messages on their way to an inbox: files of JSON lines, each appended to by one process. */
/* sources/<id>/inbox/<ulid>.jsonl. Who appends holds a kernel lock on its file as long as it may;
 * the worker takes a file away only while it holds that lock, once it has read the file to its end.
 * So no producer ever opens a store, and no message that was acknowledged is lost. */
#ifndef LATTICE_COMMON_SPOOL_H
#define LATTICE_COMMON_SPOOL_H

#include <stdint.h>

#include "common/error.h"
#include "common/ulid.h"

#define SPOOL_SUFFIX ".jsonl"
enum { SPOOL_NAME_SIZE = ULID_SIZE + sizeof SPOOL_SUFFIX - 1 };
/* A file that has as much is not appended to any more: what was read goes in parts. */
enum { SPOOL_FILE_MAX_BYTES = 8 * 1024 * 1024 };

/* --- the writing end: of one thread at a time ------------------------------------------------ */

struct spool {
    char *path; /* owned; of the folder */
    int folder;
    int fd;   /* -1: no file is open */
    int code; /* errno of what failed last */
    /* Of the open file: */
    char name[SPOOL_NAME_SIZE];
    int64_t size;  /* of what is durable */
    int64_t lines; /* the same */
};

/* Makes the folder `path` (mode 0700) in the source's, which is there; no file yet. CAUSE_STORE. */
CHECKED bool spool_open(struct spool *spool, const char *path, struct error *e);
/* Appends one or more whole lines. True: all of them are durable. False with CAUSE_STORE: none was
 * acknowledged, and what got into the file of them was taken out again or is left in a file of its
 * own; the next call may go well. */
CHECKED bool spool_append(struct spool *spool, const char *lines, size_t size, struct error *e);
/* The queue is drained: a file that was used is let go, so that it can be taken away. */
void spool_rest(struct spool *spool);
void spool_close(struct spool *spool);

/* --- the reading end ------------------------------------------------------------------------- */

/* *folder is -1 if it is not there; else the caller closes it. */
CHECKED bool spool_open_folder(const char *path, int *folder, struct error *e);

/* All-zero is empty. */
struct spool_files {
    char (*names)[SPOOL_NAME_SIZE]; /* owned; the oldest first */
    size_t count;
    size_t room;
};
/* What does not have the name of a spool file is not seen. */
CHECKED bool spool_list(int folder, struct spool_files *files, struct error *e);
/* A name behind the others; what is none is left out. */
void spool_files_add(struct spool_files *files, const char *name);
void spool_files_release(struct spool_files *files);

/* What stands behind `offset` in a file; all zero if the file is not there. */
struct spool_rest_of {
    int64_t lines;
    int64_t bytes; /* of these */
    int64_t torn;  /* bytes behind them that are no line (yet) */
};
CHECKED bool spool_look(int folder, const char *name, int64_t offset, struct spool_rest_of *rest,
                        struct error *e);

enum spool_taken {
    SPOOL_TAKEN,  /* it is gone, and so is nothing that was acknowledged */
    SPOOL_IN_USE, /* somebody may append to it */
    SPOOL_MORE,   /* there are lines behind `offset` */
    SPOOL_FAILED, /* CAUSE_STORE */
};
/* Takes a file away that was read up to `offset`. *torn: bytes of a line that its writer did not
 * get to the end of. */
enum spool_taken spool_take(int folder, const char *name, int64_t offset, int64_t *torn,
                            struct error *e);

#endif
