/* When to stop: signals, the lifeline and the worker's own clock, in one place. */
#ifndef LATTICE_WORKER_SYNC_STOP_H
#define LATTICE_WORKER_SYNC_STOP_H

#include <poll.h>
#include <stdbool.h>
#include <stdint.h>

#include "common/message.h"

/* Installs the handlers of SIGTERM, SIGINT and SIGHUP (soft stop). Once, at start. */
void stop_init(void);
/* The soft deadline on the monotonic clock, and what it is called: STOP_DEADLINE or STOP_BUDGET. */
void stop_set_deadline(int64_t soft_deadline_ms, enum stop_reason reason);
/* What follows the soft deadline, for stop_wait_ms. */
void stop_set_grace(int64_t grace_ms);
/* How long what ends may be waited for: `most_ms`, or a quarter of the grace if that is less, so
 * that a run that waits for its git and for what that left is still over before its deadline. */
int64_t stop_wait_ms(int64_t most_ms);
/* Until the soft deadline; INT64_MAX if there is none. */
int64_t stop_left_ms(void);
/* Watches the lifeline from now on: a `stop` line asks for a soft stop; its end means that the
 * supervisor is gone, and ends the worker's group. */
void stop_watch_lifeline(int fd);
/* What was read from it behind the job: a `stop` line, or the beginning of one. */
void stop_hear(const char *text, size_t size);

/* Has a soft stop been asked for, or has the soft deadline passed? Cheap: no system call but the
 * clock. Reads the lifeline only in stop_poll(). */
bool stop_requested(void);
/* Why, once a stop was requested: what the supervisor says, else a signal is STOP_ASKED, else the
 * deadline's. */
enum stop_reason stop_why(void);
/* In words that go behind "stopped", and what to do if nothing could be kept. */
enum { STOP_WORDS_SIZE = 64 };
void stop_describe(enum stop_reason reason, int64_t stall_ms, char out[STOP_WORDS_SIZE]);
const char *stop_remedy(enum stop_reason reason);

/* poll(2) over `fds` that also wakes for a stop request and at the soft deadline. Returns false if
 * a stop was requested. `timeout_ms` < 0: no limit of its own. */
bool stop_poll(struct pollfd *fds, nfds_t count, int timeout_ms);

#endif
