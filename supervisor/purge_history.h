/* Forgetting the runs of a source that is purged: its rows in the ledger. */
#ifndef LATTICE_SUPERVISOR_PURGE_HISTORY_H
#define LATTICE_SUPERVISOR_PURGE_HISTORY_H

#include "common/home.h"
#include "common/ledger.h"

struct purge_history {
    int lock;              /* owned; supervise.lock, or -1 while a supervisor runs */
    struct ledger *ledger; /* owned; NULL if there is none, or a supervisor runs */
    const char *id;        /* borrowed */
    bool found;            /* the ledger knows the source */
    struct error busy;     /* who runs, if one does */
};

/* Takes supervise.lock if there is a ledger and no supervisor runs. Caller releases, also on
 * failure. CAUSE_STORE. */
CHECKED bool purge_history_begin(const struct home *home, const char *id,
                                 struct purge_history *history, struct error *e);
/* *forgotten: false if a supervisor runs, then nothing was done. */
CHECKED bool purge_history_delete(const struct purge_history *history, bool *forgotten,
                                  struct error *e);
void purge_history_release(struct purge_history *history);

#endif
