/* What git's words on stderr mean: a cause and a sentence. Pure. */
#ifndef LATTICE_WORKER_SYNC_GIT_EXPLAIN_H
#define LATTICE_WORKER_SYNC_GIT_EXPLAIN_H

#include "common/error.h"

/* Fills `e` from what git printed before it failed; `what` is the subcommand. Returns false. */
bool git_explain(const char *what, const char *stderr_text, struct error *e);

#endif
