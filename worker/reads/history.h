/* What the ledger knows, for answers: one look at it, then closed. */
#ifndef LATTICE_WORKER_READS_HISTORY_H
#define LATTICE_WORKER_READS_HISTORY_H

#include <stdint.h>

#include "common/ledger.h"
#include "worker/reads/reader.h"

/* NULL if there is no ledger or it cannot be read: then nothing is known. Ends with the request's
 * deadline. Caller closes. */
struct ledger *history_open(const struct reader *reader);
/* Unix seconds, 0: never or not known. */
int64_t history_last_success(struct ledger *ledger, const char *id);

#endif
