/* What a store says of itself, read-only, in one snapshot: for status, the sweep and readers. */
#ifndef LATTICE_COMMON_STORE_VIEW_H
#define LATTICE_COMMON_STORE_VIEW_H

#include "common/clock.h"
#include "common/home.h"
#include "common/message.h"
#include "common/proc.h"

/* The lock row: it informs and fences; whether it is held says the kernel lock alone. */
struct lock_row {
    char run_id[RUN_ID_SIZE]; /* "" if there is no row */
    struct process_identity holder;
    char phase[16];
    int64_t done;
    int64_t total;             /* -1: not known */
    int64_t acquired_at;       /* Unix seconds */
    int64_t last_refreshed_at; /* Unix seconds */
    int64_t progress_seq;
};

struct store_view {
    bool exists; /* false: no store yet; the rest is zero */
    struct lock_row lock;
    char bookmark[80];       /* "" if none */
    char target[80];         /* "" if none */
    int64_t last_success_at; /* Unix seconds; 0: never known to equal its source */
    int64_t version;
    int64_t pages;
    int64_t errors;
    int64_t store_bytes; /* files of the store on disk, log included */
    bool has_run;
    struct run_result run; /* the newest run row */
};

/* Opens, reads, closes. Waits at most 2 s for a lock, so never call it on an event loop's thread.
 * CAUSE_STORE with what to do: damaged, newer than this program, unreadable. */
CHECKED bool store_view_read(const struct home *home, const char *id, struct store_view *view,
                             struct error *e);
/* The same, but until `limit` (NULL: none) says that it is over. */
CHECKED bool store_view_read_within(const struct home *home, const char *id,
                                    const struct clock_limit *limit, struct store_view *view,
                                    struct error *e);
/* Size of a store's files on disk; 0 if there are none. */
int64_t store_view_bytes(const struct home *home, const char *id);
/* Clears a leftover lock row if it is still the one in `seen` (compare and set on run_id and
 * progress_seq). Only while holding the source's writer.lock. *cleared: false if it had changed. */
CHECKED bool store_clear_lock(const struct home *home, const char *id, const struct lock_row *seen,
                              bool *cleared, struct error *e);

#endif
