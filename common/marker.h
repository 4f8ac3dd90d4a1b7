/* The mark in the environment by which everything that a worker ever started is found again. */
#ifndef LATTICE_COMMON_MARKER_H
#define LATTICE_COMMON_MARKER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/home.h"
#include "common/proc.h"
#include "common/text.h"

/* LATTICE_MARK=<device>:<inode>:<source>:<run_id>. Another home's workers are not ours. */
#define MARKER_VARIABLE "LATTICE_MARK"

/* Forces a tier of containment, for tests; see supervisor/containment.h. In the marker tier the
 * mark is all there is: no subreaper on either level. */
#define CONTAINMENT_VARIABLE    "LATTICE_CONTAINMENT"
#define CONTAINMENT_MARKER_NAME "marker"

/* The value; caller frees. */
char *marker_value(const struct home *home, const char *source, const char *run_id);

/* What a mark says. */
struct mark {
    char source[65];
    char run_id[33];
};
/* Does the environment that `pid` was started with (/proc/PID/environ) carry a mark of this home?
 * `memory` is used anew by each call. */
bool marker_read(const struct home *home, pid_t pid, struct buf *memory, struct mark *mark);

/* Sends `signal` (0: only counts) to every living process whose environment carries a mark of this
 * home and source with whatever run, but not to the caller, its ancestors, nor to a worker that a
 * supervisor has just started: without the kernel lock that one touches nothing. Returns how many
 * were found. Reads /proc/PID/environ, that is, what the process was started with. */
size_t marker_signal(const struct home *home, const char *source, int signal);

/* Ends them all, or those of `run_id` alone if it is not NULL, by SIGKILL and waits until they are
 * gone, then looks again, since one may have forked meanwhile; until none is found, or for
 * `wait_ms`. Returns how many were found. */
size_t marker_end(const struct home *home, const char *source, const char *run_id, int64_t wait_ms);

#endif
