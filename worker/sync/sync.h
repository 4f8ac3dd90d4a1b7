/* One run of one source: lock, fetch, plan, import, bookmark; and how it ended. */
#ifndef LATTICE_WORKER_SYNC_SYNC_H
#define LATTICE_WORKER_SYNC_SYNC_H

#include "common/config.h"
#include "common/home.h"
#include "worker/sync/kind.h"
#include "worker/sync/shape.h"
#include "worker/sync/store_plan.h"
#include "worker/sync/store_write.h"

/* What a run has done and has left; counts with the transaction in hand, kept when it commits. */
struct tally {
    int64_t added;
    int64_t changed;
    int64_t deleted;
    int64_t renamed;
    int64_t quarantined;
    int64_t lost; /* pages of the store that turned out unreadable; part of `deleted` */
    struct plan_counts left;
};

struct sync {
    const struct home *home;            /* borrowed */
    const struct source_config *source; /* borrowed */
    const struct job *job;              /* borrowed */
    const struct source_kind *kind;
    void *kind_state; /* owned through the kind */
    struct store *store;
    struct sync_state state; /* as it was when the run began; target fields as this run set them */
    struct plan_rules rules;
    struct quarantine_view quarantine; /* as it was when the run began */
    struct tally now;
    struct tally kept;      /* as of the last commit */
    int64_t head_read_at;   /* Unix seconds; just before the head was asked for */
    int64_t have;           /* pages in the store when the plan was made */
    char *head;             /* owned; where this run is going */
    char shape[SHAPE_SIZE]; /* hash of everything besides the head that shapes the result */
    const char *phase;
    int64_t done;
    int64_t total;
    int64_t missing;      /* blobs that could not be read */
    int64_t moved;        /* contents that changed while they were read */
    int64_t skipped;      /* symlinks and submodules at the head, or their change */
    bool leftovers_ended; /* what earlier runs left was looked for */
    bool unchanged;
    bool banked;
    bool set_aside; /* a damaged store was */
    bool recovered; /* the kind made its own copy anew */
    struct run_result result;
    struct store_notice notice; /* what the store says at the end */
    json_t *memos;              /* owned; what sync_remember was told */
};

/* Runs it and fills `result`: whatever happens, there is an outcome, and the store's run row says
 * the same if the store could be opened. Never leaves the lock held. */
void sync_run(const struct home *home, const struct source_config *source, const struct job *job,
              struct run_result *result);

/* The phases' parts in other files. */
enum step plan_run(struct sync *s, struct error *e);
enum step import_run(struct sync *s, struct error *e);
enum step sync_views_run(struct sync *s, struct error *e);

/* Opens a changing transaction unless one is open; the first of a run writes the target with it. */
CHECKED bool sync_begin(struct sync *s, struct error *e);

#endif
