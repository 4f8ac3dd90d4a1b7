/* `retry`: what failed is tried again at once. */
#ifndef LATTICE_SUPERVISOR_COMMAND_RETRY_H
#define LATTICE_SUPERVISOR_COMMAND_RETRY_H

#include "common/ledger.h"

/* Returns the exit code. */
int command_retry(int argc, char **argv);
/* What it did, in a sentence. */
void retry_text(const char *id, const struct ledger_retry *taken, char *out, size_t size);

#endif
