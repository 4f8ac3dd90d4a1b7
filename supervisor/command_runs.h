/* The command `runs`. */
#ifndef LATTICE_SUPERVISOR_COMMAND_RUNS_H
#define LATTICE_SUPERVISOR_COMMAND_RUNS_H

/* argv[0] is the command's name; gives the exit code. */
int command_runs(int argc, char **argv);

#endif
