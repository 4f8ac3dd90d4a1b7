/* The one place that prints why a run or `status` could not be done. */
#ifndef LATTICE_SUPERVISOR_COMPLAIN_H
#define LATTICE_SUPERVISOR_COMPLAIN_H

#include "common/config.h"

/* Prints `error: CAUSE: text` and gives the exit code of the cause. */
int complain_error(const struct error *e);
/* Prints several mistakes of sources.json, one a line; `e` is then their number. */
void complain_mistakes(const char *path, const struct config_mistakes *mistakes, struct error *e);

#endif
