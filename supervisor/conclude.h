/* How a run ended, from everything that is known of it; pure. */
#ifndef LATTICE_SUPERVISOR_CONCLUDE_H
#define LATTICE_SUPERVISOR_CONCLUDE_H

#include <sys/types.h>

#include "common/message.h"
#include "supervisor/child_state.h"
#include "supervisor/schedule.h"

struct evidence {
    const struct run_result *row;    /* borrowed; the store's run row, NULL if there is none */
    const struct run_result *record; /* borrowed; the final record on fd 3, NULL if none */
    const char *spawn_error;         /* borrowed; NULL if the worker was started */
    struct run_limits limits;
    bool stuck;
    pid_t left;    /* a process of the run that is still there; 0 if none is known */
    int exit_code; /* -1: ended by a signal or not at all */
    int signal;
    enum kill_stage kill_stage;
    enum stop_reason reason;
    bool committed;       /* the store changed while the worker ran */
    size_t garbage_lines; /* on fd 3 */
    int64_t pages;        /* in the store afterwards */
};

/* The store's row is the truth, then the record on fd 3 (a good one only with the exit code that
 * belongs to it), then the exit code. Sets outcome, cause, message and counts of `result`; who
 * calls knows run id and times. */
void conclude(const struct evidence *evidence, struct run_result *result);

#endif
