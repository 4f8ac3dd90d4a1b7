/* A store opened for reading: long-lived connection, short snapshots, every trouble by name. */
#ifndef LATTICE_WORKER_READS_STORE_READING_H
#define LATTICE_WORKER_READS_STORE_READING_H

#include <stdatomic.h>
#include <stdint.h>
#include <sys/types.h>

#include "common/clock.h"
#include "common/error.h"

/* When a request has to end. One thread's, but `stopped` is set by others, and stays. */
struct request_clock {
    int64_t until_ms; /* monotonic; 0: no deadline */
    atomic_bool stopped;
};
bool request_late(const struct request_clock *clock);
struct clock_limit request_clock_limit(const struct request_clock *clock);

enum rstore_problem {
    RSTORE_FINE,
    RSTORE_MISSING,    /* not there (yet, or any more) */
    RSTORE_DAMAGED,    /* beyond use */
    RSTORE_NEWER,      /* of a format that this program does not know */
    RSTORE_BUSY,       /* locked beyond the deadline */
    RSTORE_UNREADABLE, /* permissions, disk, a log that cannot be read */
    RSTORE_LATE,       /* the deadline came */
};
const char *rstore_problem_name(enum rstore_problem problem);

struct rstore_options {
    int cache_kib;
    const struct request_clock *clock; /* borrowed; looked at all the time */
};

/* What a snapshot says of itself. */
struct rstore_state {
    int64_t version;
    int64_t last_success_at; /* Unix seconds, 0: never */
    int64_t pages;
    int64_t errors; /* what cannot be a page */
};

struct rstore;

/* Opens and checks. On a problem *store is NULL and `e` says more. */
CHECKED enum rstore_problem rstore_open(const char *path, const struct rstore_options *options,
                                        struct rstore **store, struct error *e);
void rstore_close(struct rstore **store);
struct store_look;
/* Is the file that was opened the one that was looked at, and the way it was opened still safe? */
bool rstore_is_current(const struct rstore *store, const struct store_look *now);
/* Opened as immutable, since the home is read-only and there is no log. */
bool rstore_is_immutable(const struct rstore *store);
ino_t rstore_inode(const struct rstore *store);

/* One snapshot at a time: everything else is asked within one. */
CHECKED enum rstore_problem rstore_begin(struct rstore *store, struct rstore_state *state,
                                         struct error *e);
/* The same again, within the snapshot. */
CHECKED bool rstore_state_now(struct rstore *store, struct rstore_state *state, struct error *e);
/* On disk, log included. */
int64_t rstore_bytes(const struct rstore *store);
void rstore_end(struct rstore *store);
/* Which problem the last failure was. */
enum rstore_problem rstore_failure(const struct rstore *store);

#endif
