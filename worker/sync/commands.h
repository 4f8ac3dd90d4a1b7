/* The commands of lattice-worker. argv[0] is the command's name; each returns the exit code. */
#ifndef LATTICE_WORKER_SYNC_COMMANDS_H
#define LATTICE_WORKER_SYNC_COMMANDS_H

/* `sync ID`: one run of one source. */
int command_sync(int argc, char **argv);
/* `append ID`: what a hook has to say goes into an inbox. */
int command_append(int argc, char **argv);
/* `credential get`: git's credential helper for a URL that holds a secret, which it reads from
 * descriptor 3. */
int command_credential(int argc, char **argv);

#endif
