/* Ending processes that are not our children, by pidfd: asked, waited for, made to. */
#ifndef LATTICE_SUPERVISOR_END_PROCESS_H
#define LATTICE_SUPERVISOR_END_PROCESS_H

#include "common/proc.h"

enum end_stage { END_GONE /* it was gone already */, END_TERM, END_KILL, END_STUCK, END_DENIED };

/* If the identity holds: SIGTERM and SIGCONT, then after `grace_ms` SIGKILL, also to the process
 * group if it leads one; then whoever is left in that group. Waits, so never on a loop's thread. */
enum end_stage end_process(const struct process_identity *id, int64_t grace_ms);

/* "SIGTERM", "SIGKILL", ... */
const char *end_stage_name(enum end_stage stage);

#endif
