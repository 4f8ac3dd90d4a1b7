/* When to stop: signals, the lifeline and the worker's own clock, in one place. */
#ifndef LATTICE_WORKER_SYNC_STOP_H
#define LATTICE_WORKER_SYNC_STOP_H

#include <poll.h>
#include <stdbool.h>
#include <stdint.h>

/* Installs the handlers of SIGTERM, SIGINT and SIGHUP (soft stop). Once, at start. */
void stop_init(void);
/* The soft deadline on the monotonic clock; 0 for none. */
void stop_set_deadline(int64_t soft_deadline_ms);
/* Watches the lifeline from now on: a `stop` line asks for a soft stop; its end means that the
 * supervisor is gone, and ends the worker's group. */
void stop_watch_lifeline(int fd);

/* Has a soft stop been asked for, or has the soft deadline passed? Cheap: no system call but the
 * clock. Reads the lifeline only in stop_poll(). */
bool stop_requested(void);
/* Was it a signal to a worker that nobody supervises, rather than a deadline? */
bool stop_was_by_hand(void);

/* poll(2) over `fds` that also wakes for a stop request and at the soft deadline. Returns false if
 * a stop was requested. `timeout_ms` < 0: no limit of its own. */
bool stop_poll(struct pollfd *fds, nfds_t count, int timeout_ms);

#endif
