/* How far the spool's files were read, in the transaction of what they gave. */
#ifndef LATTICE_WORKER_SYNC_STORE_SPOOL_H
#define LATTICE_WORKER_SYNC_STORE_SPOOL_H

#include "common/spool.h"
#include "worker/sync/store_write.h"

/* 0 if it never was. */
CHECKED bool store_spool_offset(struct store *store, const char *name, int64_t *offset,
                                struct error *e);

/* Within a transaction, as the two below: `lines` are added to those that were read before. */
CHECKED bool store_spool_set(struct store *store, const char *name, int64_t offset, int64_t lines,
                             struct error *e);
/* The rows of files that are not there any more go. */
CHECKED bool store_spool_prune(struct store *store, const struct spool_files *files,
                               struct error *e);
/* What is known of lines that could not be read, noted before `before_s`, goes. */
CHECKED bool store_spool_forget_errors(struct store *store, int64_t before_s, struct error *e);

/* Once it returns, all that was committed survives a loss of power: what it was made of may go. */
CHECKED bool store_durable(struct store *store, struct error *e);

#endif
