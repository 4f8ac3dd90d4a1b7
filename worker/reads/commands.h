/* The commands that are one operation each. */
#ifndef LATTICE_WORKER_READS_COMMANDS_H
#define LATTICE_WORKER_READS_COMMANDS_H

#include "worker/reads/shell.h"

extern const struct shell_command shell_commands[];
extern const size_t shell_command_count;

/* NULL if there is none. */
const struct shell_command *shell_command_find(const char *name);

#endif
