/* The plan of a run: what has to be renamed, imported and deleted, in a temporary table. */
#ifndef LATTICE_WORKER_SYNC_STORE_PLAN_H
#define LATTICE_WORKER_SYNC_STORE_PLAN_H

#include "common/text.h"
#include "worker/sync/store_write.h"

/* Under what a page counts as done already. Borrowed while the plan is built. */
struct plan_rules {
    int64_t epoch;
    const char *shape;
    int64_t max_page_bytes;
    const struct page_name *quarantine;
    size_t quarantine_count;
};

enum plan_op {
    PLAN_RENAME, /* `page` gets `path` */
    PLAN_IMPORT, /* `blob` becomes `page`'s content at `path`; a new page if `page` is 0 */
    PLAN_DELETE, /* `page` goes */
    PLAN_FORGET, /* the error row of `path` goes */
};

struct plan_counts {
    int64_t renames;
    int64_t adds;
    int64_t changes;
    int64_t deletes;
    int64_t forgets;
};

CHECKED bool plan_begin(struct store *store, const struct plan_rules *rules, struct error *e);

/* By merge-join: the source's whole listing, each path once, in BINARY order of the paths (git's
 * order). Out of order is CAUSE_BAD_DATA. Time is that of reading both; memory is constant. */
CHECKED bool plan_join_begin(struct store *store, struct error *e);
CHECKED bool plan_join_entry(struct store *store, const char *path, size_t path_size,
                             const char *blob, struct error *e);
CHECKED bool plan_join_end(struct store *store, struct error *e);
/* Ends a join that failed; harmless otherwise. */
void plan_join_cancel(struct store *store);

/* By change: `path` now is `blob`, or is gone (NULL). Time is that of one look-up. */
CHECKED bool plan_change(struct store *store, const char *path, size_t path_size, const char *blob,
                         struct error *e);

/* Ends a plan that failed or is not needed; harmless otherwise. The rows of a failed one count for
 * nothing. plan_finish ends it too. */
void plan_end(struct store *store);

/* Would losing `lost` of `have` pages be too much: over half of 20 pages or more, or all? Then `e`
 * says so with CAUSE_SHRINK. */
bool plan_shrinks(int64_t have, int64_t lost, struct error *e);
/* Pairs deletes and adds of one blob into renames, counts, and refuses shrinkage. */
CHECKED bool plan_finish(struct store *store, bool allow_shrink, struct plan_counts *counts,
                         struct error *e);

struct plan_item {
    int64_t seq;
    int64_t page; /* 0: a new one */
    bool moved;   /* of a rename and of an import that go together: the rename is what counts */
    const char *path;
    size_t path_size;
    const char *blob; /* "" where there is none */
};

struct plan_block {
    struct plan_item *items; /* owned */
    size_t count;
    size_t limit; /* set by the caller: at most this many are read */
    size_t room;
    struct buf memory; /* owned; what the items point to */
};

/* The next items of `op` behind `after` (0: the first), at most `block->limit`. */
CHECKED bool plan_read(struct store *store, enum plan_op op, int64_t after,
                       struct plan_block *block, struct error *e);
void plan_block_release(struct plan_block *block);

/* The quarantine as the store has it, against the rules' list. */
struct quarantine_view {
    bool moved;   /* the list names a page that is in, or no longer one that was left out */
    int64_t held; /* pages that are left out and that the list still names */
};
/* A plan of its own, begun and ended. */
CHECKED bool plan_quarantine_view(struct store *store, const struct plan_rules *rules,
                                  struct quarantine_view *view, struct error *e);
bool plan_quarantined(const struct plan_rules *rules, const char *path, const char *blob);

#endif
