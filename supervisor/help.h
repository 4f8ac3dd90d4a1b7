/* What --help prints. */
#ifndef LATTICE_SUPERVISOR_HELP_H
#define LATTICE_SUPERVISOR_HELP_H

extern const char help_text[];
extern const char help_status_text[];

/* Prints it to stdout; the exit code. */
int help_print(const char *text);

#endif
