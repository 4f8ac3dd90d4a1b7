/* `status`: the table without running anything. */
#ifndef LATTICE_SUPERVISOR_COMMAND_STATUS_H
#define LATTICE_SUPERVISOR_COMMAND_STATUS_H

/* Returns the exit code. */
int command_status(int argc, char **argv);

#endif
