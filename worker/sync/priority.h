/* How far behind others a worker stands. */
#ifndef LATTICE_WORKER_SYNC_PRIORITY_H
#define LATTICE_WORKER_SYNC_PRIORITY_H

#include <stdbool.h>

/* How many steps of nice(2); 0: none. */
#define NICE_VARIABLE "LATTICE_NICE"

/* For a worker that a supervisor started, and for all that it starts: whoever searches, or works on
 * the machine, goes first. What cannot be had is done without. False: it was told not to. */
bool priority_step_back(void);

#endif
