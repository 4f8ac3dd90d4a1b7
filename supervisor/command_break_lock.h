/* The command `break-lock`. */
#ifndef LATTICE_SUPERVISOR_COMMAND_BREAK_LOCK_H
#define LATTICE_SUPERVISOR_COMMAND_BREAK_LOCK_H

/* argv[0] is the command's name; gives the exit code. */
int command_break_lock(int argc, char **argv);

#endif
