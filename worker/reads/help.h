/* What --help prints. */
#ifndef LATTICE_WORKER_READS_HELP_H
#define LATTICE_WORKER_READS_HELP_H

extern const char reads_help[];
extern const char reads_help_search[];
extern const char reads_help_page[];
extern const char reads_help_context[];
extern const char reads_help_links[];
extern const char reads_help_recent[];
extern const char reads_help_sources[];
extern const char reads_help_runs[];
extern const char reads_help_stats[];
extern const char reads_help_view[];
extern const char reads_help_sessions[];
extern const char reads_help_session[];
extern const char reads_help_queue[];

/* Prints it to stdout; the exit code. */
int reads_help_print(const char *text);

#endif
