/* How far behind others a worker stands. */
#ifndef LATTICE_WORKER_SYNC_PRIORITY_H
#define LATTICE_WORKER_SYNC_PRIORITY_H

/* For a worker that a supervisor started, and for all that it starts: whoever searches, or works on
 * the machine, goes first. What cannot be had is done without. */
void priority_step_back(void);

#endif
