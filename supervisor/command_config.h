/* Commands that look at sources.json or edit it; argv[0] is the command's name. */
#ifndef LATTICE_SUPERVISOR_COMMAND_CONFIG_H
#define LATTICE_SUPERVISOR_COMMAND_CONFIG_H

/* Each returns the program's exit code: 0, or that of the cause of the error it printed. */
int command_add(int argc, char **argv);
int command_remove(int argc, char **argv);
int command_list(int argc, char **argv);
int command_check_config(int argc, char **argv);

#endif
