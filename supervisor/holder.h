/* One supervisor at a time, and who it is. */
#ifndef LATTICE_SUPERVISOR_HOLDER_H
#define LATTICE_SUPERVISOR_HOLDER_H

#include "common/home.h"

/* Takes supervise.lock and writes into it who we are. CAUSE_LOCKED if another supervisor runs, and
 * the message says which and since when. Release with lock_kernel_release. */
CHECKED bool holder_acquire(const struct home *home, int *fd, struct error *e);
/* The same, and waits up to `wait_ms` for the other one to end: in the kernel, woken by its end.
 * Takes SIGALRM for that long. */
CHECKED bool holder_acquire_wait(const struct home *home, int64_t wait_ms, int *fd,
                                 struct error *e);
/* Does a supervisor run? Then `who` says which and since when. Takes nothing, changes nothing. */
enum { HOLDER_TEXT_SIZE = 200 };
bool holder_find(const struct home *home, char who[HOLDER_TEXT_SIZE]);
/* For one that was turned away: it leaves its mark, and the holder counts it. */
void holder_leave_overlap(const struct home *home);
/* How many found `fd`'s lock taken and were turned away since this was asked last. */
int64_t holder_take_overlaps(int fd);

#endif
