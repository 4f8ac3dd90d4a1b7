/* `retry`: what failed is tried again at once. */
#ifndef LATTICE_SUPERVISOR_COMMAND_RETRY_H
#define LATTICE_SUPERVISOR_COMMAND_RETRY_H

/* Returns the exit code. */
int command_retry(int argc, char **argv);

#endif
