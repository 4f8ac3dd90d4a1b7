/* `remove --purge`: out of sources.json, its folder, its history. */
#ifndef LATTICE_SUPERVISOR_PURGE_SOURCE_H
#define LATTICE_SUPERVISOR_PURGE_SOURCE_H

#include "common/home.h"

/* With the id. */
#define PURGED_TEXT "removed %s, what was synced of it, and its history"

/* All but the history, which the caller has forgotten by the ledger's one writer. CAUSE_LOCKED
 * while a worker lives, then nothing is changed; CAUSE_USAGE if nothing is known of it. */
CHECKED bool purge_source(const struct home *home, const char *id, struct error *e);
/* By the supervisor that runs, which stops the source's worker first; else by ourselves. Says on
 * stdout what was done. */
CHECKED bool purge_source_anywhere(const struct home *home, const char *id, struct error *e);

#endif
