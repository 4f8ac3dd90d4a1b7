/* What --help prints. */
#ifndef LATTICE_WORKER_READS_HELP_H
#define LATTICE_WORKER_READS_HELP_H

extern const char reads_help[];
extern const char reads_help_search[];

/* Prints it to stdout; the exit code. */
int reads_help_print(const char *text);

#endif
