/* The import of an inbox: what waits in its spool goes into the store, and then from the spool. */
#ifndef LATTICE_WORKER_SYNC_INBOX_IMPORT_H
#define LATTICE_WORKER_SYNC_INBOX_IMPORT_H

#include "worker/sync/inbox_queue.h"
#include "worker/sync/kind.h"

struct inbox {
    struct sync *sync;  /* borrowed */
    struct spool spool; /* no file of it is made */
    struct inbox_queue queue;
    int64_t imported;  /* lines that were taken, ever */
    int64_t before_ms; /* open sessions that were silent since are closed */
    int64_t silent;    /* how many they are */
    struct buf note;   /* what people are told of the run */
};

/* The name of the state in which all that waits is imported; caller frees. */
CHECKED bool inbox_head(struct inbox *in, int64_t waiting, int64_t closing, char **head,
                        struct error *e);
enum step inbox_import(struct inbox *in, struct error *e);
/* Files of which all is in the store for good, and which nobody appends to, are taken away. */
CHECKED bool inbox_clear(struct inbox *in, struct error *e);
/* How many lines were ever taken, as the store says. */
CHECKED bool inbox_imported(struct store *store, int64_t *lines, struct error *e);

#endif
