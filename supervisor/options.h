/* The command line of a run. */
#ifndef LATTICE_SUPERVISOR_OPTIONS_H
#define LATTICE_SUPERVISOR_OPTIONS_H

#include <stddef.h>

#include "common/error.h"
#include "supervisor/schedule.h"

struct run_options {
    bool all;
    const char **sources; /* owned; the ids are borrowed from argv */
    size_t source_count;
    struct run_limits limits; /* 0 where no flag was given */
    int64_t budget_ms;        /* 0: none */
    int64_t wait_ms;          /* for another supervisor to end; 0: not at all */
    int jobs;                 /* 0: as many as processors */
    int waves;
    bool full;
    bool allow_shrink;
    bool json;
    bool partial_ok;
    bool help;
    const char *home; /* borrowed; NULL: none given */
};

struct status_options {
    bool json;
    bool watch;
    bool help;
    const char *home; /* borrowed; NULL: none given */
    char *const *ids; /* borrowed; NULL-terminated; none means all */
};

/* CAUSE_USAGE. The caller releases the options of a run. */
CHECKED bool run_options_parse(int argc, char **argv, struct run_options *options, struct error *e);
void run_options_release(struct run_options *options);
CHECKED bool status_options_parse(int argc, char **argv, struct status_options *options,
                                  struct error *e);

#endif
