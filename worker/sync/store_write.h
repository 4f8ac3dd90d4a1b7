/* The writing side of a store: open, the fenced transaction, the lock row, bookmark and run row. */
#ifndef LATTICE_WORKER_SYNC_STORE_WRITE_H
#define LATTICE_WORKER_SYNC_STORE_WRITE_H

#include <stdint.h>

#include "common/config.h"
#include "common/message.h"
#include "common/store_view.h"

struct store;

/* Once, before any store is opened: what SQLite may leave out in a program of one thread. */
void store_init(void);

/* What a run is at while it brings a store to this version's format. */
#define STORE_PHASE_MIGRATE "migrate"
/* Opens or makes the store at `path` and brings its format up to date. The caller holds
 * writer.lock. CAUSE_STORE; `e->damaged` says if the file is beyond use. CAUSE_DEADLINE: a soft
 * stop cut the change of format, which the next run begins again. */
CHECKED bool store_open(const char *path, enum memory_size memory, struct store **store,
                        struct error *e);
void store_close(struct store **store);
/* Brings the log of a run that changed something into the store and empties it, if no reader is in
 * the way: a log costs its bytes on disk, and time at every opening. */
void store_settle(struct store *store);
/* Moves a damaged store and its log aside, to `<path>.damaged`, so that the next open makes a new
 * one. One is kept; `keep`: all are, the older ones as `<path>.damaged.1` and so on. */
CHECKED bool store_set_aside(const char *path, bool keep, struct error *e);
/* Takes over the lock row for `run_id`; *old is the row that was left there (run_id "" if none). */
CHECKED bool store_lock_take(struct store *store, const char *run_id, struct lock_row *old,
                             struct error *e);
/* Where the run stands; written by the next commit or refresh. */
void store_progress(struct store *store, const char *phase, int64_t done, int64_t total);
/* Writes the progress in a transaction of its own, for long fetches. Fenced. */
CHECKED bool store_lock_refresh(struct store *store, struct error *e);
/* It was taken, and no fence has found it gone: this run may say its last words in the store. */
bool store_has_lock(const struct store *store);
/* True once a fence found the row gone: nothing may be written any more. */
bool store_lost_lock(const struct store *store);

/* A changing transaction. Commit checks the fence (the lock row must still be this run's, else all
 * is rolled back: CAUSE_LOCKED), raises the version, and gives readers notice. */
CHECKED bool store_begin(struct store *store, struct error *e);
CHECKED bool store_commit(struct store *store, struct error *e);
/* For a transaction that touches no page: no new version. */
CHECKED bool store_commit_quietly(struct store *store, struct error *e);
void store_rollback(struct store *store);
bool store_in_transaction(const struct store *store);
/* Has this run committed a change? */
bool store_committed(const struct store *store);

struct sync_state {
    char *bookmark; /* owned; NULL if none */
    char *bookmark_shape;
    char *target; /* owned; NULL if no run was cut short */
    char *target_shape;
    bool target_allow_shrink;
    bool target_full;
    int64_t full_count;
    int64_t last_success_at;
    int64_t version;
    int64_t pages;
    int64_t errors;
    int64_t skipped;
};

CHECKED bool store_state_read(struct store *store, struct sync_state *state, struct error *e);
void sync_state_release(struct sync_state *state);
/* Within a transaction: what this run is going to. */
CHECKED bool store_set_target(struct store *store, const struct sync_state *state, struct error *e);
/* Within a transaction: the store equals `bookmark` made under `shape`; clears the target. */
CHECKED bool store_set_bookmark(struct store *store, const char *bookmark, const char *shape,
                                struct error *e);
/* Within a transaction: the store is known to equal what its source was at `at` (Unix seconds; 0:
 * it is not known to have equalled it ever). */
CHECKED bool store_set_fresh(struct store *store, int64_t at, struct error *e);
/* What a kind notes of its source from run to run. *value is NULL if there is none; caller frees.
 */
CHECKED bool store_memo(struct store *store, const char *key, char **value, struct error *e);
/* Within a transaction; a `value` of NULL takes the memo away. */
CHECKED bool store_set_memo(struct store *store, const char *key, const char *value,
                            struct error *e);
CHECKED bool store_set_skipped(struct store *store, int64_t skipped, struct error *e);

/* Pages that came and went in the transaction in hand; sync_state's counts follow at commit. */
void store_count(struct store *store, int64_t pages, int64_t errors);

/* Ends the run in one transaction: `run` becomes the newest run row (of at most RUN_ROWS_KEPT) and
 * the lock row goes. Within a transaction in hand it ends that one. */
enum { RUN_ROWS_KEPT = 50 };
CHECKED bool store_end_run(struct store *store, const struct run_result *run, struct error *e);

#endif
