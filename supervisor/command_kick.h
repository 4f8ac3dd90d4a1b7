/* `kick`: the running supervisor looks at sources now. */
#ifndef LATTICE_SUPERVISOR_COMMAND_KICK_H
#define LATTICE_SUPERVISOR_COMMAND_KICK_H

/* Returns the exit code. */
int command_kick(int argc, char **argv);

#endif
