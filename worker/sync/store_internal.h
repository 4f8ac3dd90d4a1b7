/* What the store_* files of the worker share. */
#ifndef LATTICE_WORKER_SYNC_STORE_INTERNAL_H
#define LATTICE_WORKER_SYNC_STORE_INTERNAL_H

#include "common/store_db.h"
#include "common/text.h"
#include "worker/sync/store_plan.h"
#include "worker/sync/store_write.h"

/* Statements by concern; each file prepares its own at first use and store_close ends them. */
enum {
    STORE_STATEMENTS_MAX = 32,
};

struct statements {
    sqlite3_stmt *s[STORE_STATEMENTS_MAX];
    size_t count;
};

/* A plan in the making. */
struct plan_state {
    struct plan_rules rules;
    struct plan_counts counts; /* of the rows so far */
    bool open;                 /* its transaction */
    bool joining;
    bool on_page;  /* the page cursor stands on a row */
    bool on_error; /* the error cursor stands on a row */
    struct buf last_path;
    struct buf pack; /* imports that wait to be written */
    size_t packed;
    bool unpacked; /* each import has a row of its own */
};

/* What the index does not know yet: see store_index.h. */
struct waiting {
    int64_t behind; /* chunks with larger ids are new */
    int64_t next;   /* id of the next one; 0: nothing waits */
    struct buf old; /* those up to `behind` that changed or went, as the index has them */
    size_t count;   /* of them */
};

struct store {
    sqlite3 *db;
    struct statements write;     /* store_write.c */
    struct statements state;     /* store_state.c */
    struct statements page;      /* store_page.c */
    struct statements index;     /* store_index.c */
    struct statements plan;      /* store_plan.c */
    struct statements session;   /* store_session.c */
    struct statements files;     /* store_files.c */
    struct statements kept;      /* store_kept.c */
    struct statements log;       /* store_log.c */
    struct statements log_chunk; /* store_log_chunk.c */
    struct statements views;     /* store_rebuild.c */
    struct statements inbox;     /* store_inbox.c */
    struct statements spool;     /* store_spool.c */
    enum memory_size memory;
    char run_id[RUN_ID_SIZE];
    char phase[16];
    int64_t done;
    int64_t total;
    int64_t pages_delta;
    int64_t errors_delta;
    int64_t dropped_delta; /* chunks that were taken out of the index */
    struct plan_state plan_state;
    struct waiting waiting;
    int64_t log_bytes; /* a larger log is cut at the next commit */
    bool in_transaction;
    bool has_errors; /* there may be rows in page_error */
    bool bulk;       /* the index's settings are in force */
    bool committed;
    bool took_lock;
    bool lost_lock;
};

/* Prepares `count` statements of a concern unless they are already. */
CHECKED bool store_prepare(struct store *store, struct statements *list, const char *const *sql,
                           size_t count, struct error *e);

/* A statement that takes its time, which is no stall: it says that it moves. A stop undoes it;
 * *stopped tells that from other failures. */
CHECKED bool store_at_length(struct store *store, bool (*run)(struct store *, struct error *),
                             bool *stopped, struct error *e);

/* Fence and commit of a transaction that changes nothing a reader could see. */
CHECKED bool store_quiet_commit(struct store *store, struct error *e);
/* Drops the lock row, fenced, and commits the transaction in hand. */
CHECKED bool store_finish(struct store *store, struct error *e);

#endif
