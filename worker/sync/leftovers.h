/* Processes of a source that outlived the run which started them. */
#ifndef LATTICE_WORKER_SYNC_LEFTOVERS_H
#define LATTICE_WORKER_SYNC_LEFTOVERS_H

#include "worker/sync/sync.h"

/* Ends what earlier runs left, before anything is touched that it may be writing. With the lock row
 * taken and the state read; `row_was_left` says that who had the lock last did not come to its end.
 *
 * Does not look, since it would be in vain, if the supervisor has looked in this invocation and
 * whoever had the lock since took its row away again: that comes after the end of all that it
 * started, and who clears another's row ends what is left first. */
void leftovers_end(struct sync *s, bool row_was_left);

/* Ends what this run started and what is still there: before the lock is free again, and before the
 * row is gone. `whole`: nothing was cut. */
void leftovers_end_own(const struct sync *s, bool whole);

#endif
