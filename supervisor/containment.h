/* Everything that a worker ever started, found and ended, whatever it did to get away. */
#ifndef LATTICE_SUPERVISOR_CONTAINMENT_H
#define LATTICE_SUPERVISOR_CONTAINMENT_H

#include <uv.h>

#include "common/home.h"

/* Each tier has all that is above it in this list, and reaches further:
 *
 *   marker     the process group, and the mark in the environment. Who clears its environment and
 *              leaves the group is lost. Only where a test asks for it.
 *   subreaper  who loses its parent becomes a child of its worker, or of us once that is gone: what
 *              a run started cannot leave it. If we are killed with SIGKILL, each worker ends its
 *              own tree; if a worker is killed at the same moment, the next start finds by the
 * mark. cgroup     each run is a control group of its own, killed as one whatever forks meanwhile,
 * also by the worker when we are gone; what is left of a crash is found by the next start. */
enum containment_tier { CONTAINMENT_MARKER, CONTAINMENT_SUBREAPER, CONTAINMENT_CGROUP };

struct containment;

/* Finds out by trying what holds here, or takes the tier that $LATTICE_CONTAINMENT names:
 * CAUSE_CONFIG if there is no such tier or it cannot be had. Becomes a subreaper. Before any thread
 * or child of ours, and under supervise.lock: control groups that an earlier supervisor of this
 * home left are ended. */
CHECKED bool containment_open(const struct home *home, struct containment **containment,
                              struct error *e);
void containment_close(struct containment **containment);

/* The tier that containment_open would choose, without changing anything for good. `text`: a
 * sentence for people, what it is or why no better one can be had. */
CHECKED bool containment_probe(enum containment_tier *tier, char *text, size_t size,
                               struct error *e);
/* "marker", "subreaper", "cgroup". */
const char *containment_name(enum containment_tier tier);
enum containment_tier containment_tier(const struct containment *containment);

/* From now on whoever comes to us as an orphan and dies is reaped at that moment, and not first by
 * the end of the next run: a service may be idle for long. On the loop's thread. */
void containment_watch(struct containment *containment, uv_loop_t *loop);
void containment_unwatch(struct containment *containment);

/* One run. */
struct contained;

struct contained *contained_new(struct containment *containment, const char *source,
                                const char *run_id);
/* Folder of its control group for CGROUP_VARIABLE; NULL in the lower tiers. Borrowed. */
const char *contained_cgroup(const struct contained *run);
/* uv_spawn, and the process is known as this run's from its first moment on. */
int contained_spawn(struct contained *run, uv_loop_t *loop, uv_process_t *process,
                    const uv_process_options_t *options);
/* In the exit callback: libuv has reaped it. */
void contained_reaped(struct contained *run);
/* Its group is killed as one, if it has one. May wait for the kernel: in the pool. */
void contained_kill(const struct contained *run);
/* In the pool, after contained_reaped or for one that cannot be killed: finds what is left of the
 * run, kills it, and waits up to CONTAINED_WAIT_MS for that. True if nothing was found, twice: the
 * slot is free. False: call again. */
bool contained_end(struct contained *run);
/* The same, cheaply, for a run whose worker said at its end that it has no children left. */
bool contained_end_clean(struct contained *run);
/* Processes that were found outside of the worker's group. */
size_t contained_swept(const struct contained *run);
/* How often /proc was read for its end. */
size_t contained_looks(const struct contained *run);
/* Of one that is still there; 0 if there is none. */
pid_t contained_left(const struct contained *run);
/* What is left of it is the sweep's from now on. */
void contained_free(struct contained *run);

/* At start and between waves, in the pool: ends marked processes of this home of whose source no
 * worker lives (taking its lock meanwhile), and orphans of ours that nobody claims. Runs may be
 * alive or ending meanwhile, but none is started. Said in the log. Returns how many. */
size_t containment_sweep(struct containment *containment);
#endif
