/* What the running supervisor does for other commands: one row per request. */
#ifndef LATTICE_SUPERVISOR_REQUESTS_H
#define LATTICE_SUPERVISOR_REQUESTS_H

#include "supervisor/control.h"

struct run;

/* Opens supervise.sock; without it (said) only other commands cannot reach this run. */
void requests_open(struct run *run);
void requests_close(struct run *run);

#endif
