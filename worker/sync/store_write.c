/* The writing side of a store: open, the fenced transaction, the lock row. */
#include "worker/sync/store_write.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/cleanup.h"
#include "common/clock.h"
#include "common/store_schema.h"
#include "common/text.h"
#include "worker/sync/report.h"
#include "worker/sync/stop.h"
#include "worker/sync/store_index.h"
#include "worker/sync/store_internal.h"
#include "worker/sync/store_tokenizer.h"

/* Page cache of the writing connection. */
enum { CACHE_KIB_NORMAL = 4 * 1024, CACHE_KIB_LOW = 2 * 1024 };
/* Chunks of some 2 KB leave a fifth of a 4 KB page unused, a tenth of an 8 KB one. */
enum { PAGE_BYTES = 16 * 1024 };
/* Nobody else writes; a reader's checkpoint lock is short. */
enum { WRITE_BUSY_MS = 5000 };
/* Readers that come one after the other would let the log grow for ever. Above these, within a run
 * and at its end, the writer waits until those that are there have gone: a query has a deadline of
 * 2 s unless its service is told otherwise. */
#define LOG_RUN_BYTES (INT64_C(64) * 1024 * 1024)
#define LOG_END_BYTES (INT64_C(2) * 1024 * 1024)
enum { READERS_WAIT_MS = 2500 };

enum {
    SQL_LOCK_READ,
    SQL_LOCK_TAKE,
    SQL_LOCK_FENCE,
    SQL_LOCK_DROP,
    SQL_BEGIN,
    SQL_COMMIT,
    SQL_VERSION,
    SQL_COUNT
};

static const char *const sql[SQL_COUNT] = {
    [SQL_LOCK_READ] = "SELECT run_id, host, pid, phase, acquired_at, last_refreshed_at FROM lock",
    [SQL_LOCK_TAKE] =
        "REPLACE INTO lock(id, run_id, host, boot_id, pid_namespace, pid, pid_start, phase, done,"
        " total, acquired_at, last_refreshed_at, progress_seq)"
        " VALUES(1, ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?10, 0)",
    [SQL_LOCK_FENCE] = "UPDATE lock SET phase = ?2, done = ?3, total = ?4, last_refreshed_at = ?5,"
                       " progress_seq = progress_seq + 1 WHERE run_id = ?1",
    [SQL_LOCK_DROP] = "DELETE FROM lock WHERE run_id = ?1",
    [SQL_BEGIN] = "BEGIN IMMEDIATE",
    [SQL_COMMIT] = "COMMIT",
    [SQL_VERSION] = "UPDATE sync_state SET version = version + 1, pages = pages + ?1,"
                    " errors = errors + ?2, dropped = dropped + ?3",
};

bool store_prepare(struct store *store, struct statements *list, const char *const *text,
                   size_t count, struct error *e)
{
    if (list->count)
        return true;
    if (count > STORE_STATEMENTS_MAX)
        return error_set(e, CAUSE_BUG, "%zu statements in one concern", count);
    if (!db_prepare(store->db, text, count, list->s, e))
        return false;
    list->count = count;
    return true;
}

void store_init(void)
{
    /* No mutexes and no statistics: this program has one thread. */
    sqlite3_config(SQLITE_CONFIG_SINGLETHREAD);
    sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
}

struct at_length {
    const struct store *store;
    int64_t looks;
    bool stopped;
};

static int look_up(void *context)
{
    struct at_length *l = context;
    report_step(l->store->phase, ++l->looks, -1);
    l->stopped = stop_requested();
    return l->stopped;
}

bool store_at_length(struct store *store, bool (*run)(struct store *, struct error *),
                     bool *stopped, struct error *e)
{
    enum { OPERATIONS_BETWEEN_LOOKS = 1000 };
    struct at_length l = {.store = store};
    sqlite3_progress_handler(store->db, OPERATIONS_BETWEEN_LOOKS, look_up, &l);
    bool ok = run(store, e);
    sqlite3_progress_handler(store->db, 0, NULL, NULL);
    *stopped = !ok && l.stopped;
    return ok;
}

static bool run_migrations(struct store *store, struct error *e)
{
    return db_migrate(store->db, store_migrations, store_format, "store", e);
}

/* The next run begins a stopped one again. */
static bool migrate(struct store *store, struct error *e)
{
    bool stopped;
    store_progress(store, STORE_PHASE_MIGRATE, 0, -1);
    bool ok = store_at_length(store, run_migrations, &stopped, e);
    if (stopped)
        return error_set(e, CAUSE_DEADLINE,
                         "stopped while the store was brought to this version's format");
    return ok;
}

bool store_open(const char *path, enum memory_size memory, struct store **out, struct error *e)
{
    struct store *store = xcalloc(1, sizeof *store);
    const struct db_options options = {
        .mode = DB_CREATE,
        .busy_ms = WRITE_BUSY_MS,
        .page_bytes = PAGE_BYTES,
        .cache_kib = memory == MEMORY_LOW ? CACHE_KIB_LOW : CACHE_KIB_NORMAL,
    };
    store->memory = memory;
    store->has_errors = true;
    store->log_bytes = LOG_RUN_BYTES;
    if (db_open(path, &options, &store->db, e) && store_tokenizer_register(store->db, e) &&
        migrate(store, e) && store_prepare(store, &store->write, sql, SQL_COUNT, e)) {
        *out = store;
        return true;
    }
    store_close(&store);
    return false;
}

void store_settle(struct store *store)
{
    if (store->committed && !db_cut_log(store->db, 0, 0))
        (void)db_cut_log(store->db, LOG_END_BYTES, (int)stop_wait_ms(READERS_WAIT_MS));
}

void store_close(struct store **out)
{
    struct store *store = *out;
    if (!store)
        return;
    db_finalize(store->write.s, store->write.count);
    db_finalize(store->state.s, store->state.count);
    db_finalize(store->page.s, store->page.count);
    db_finalize(store->index.s, store->index.count);
    db_finalize(store->plan.s, store->plan.count);
    db_finalize(store->session.s, store->session.count);
    db_finalize(store->files.s, store->files.count);
    db_finalize(store->kept.s, store->kept.count);
    db_finalize(store->log.s, store->log.count);
    db_finalize(store->log_chunk.s, store->log_chunk.count);
    db_finalize(store->views.s, store->views.count);
    db_finalize(store->inbox.s, store->inbox.count);
    db_finalize(store->spool.s, store->spool.count);
    db_close(&store->db);
    buf_release(&store->plan_state.pack);
    buf_release(&store->waiting.old);
    free(store);
    *out = NULL;
}

static bool move_store(const char *path, const char *name, struct error *e)
{
    static const char *const suffixes[] = {"-wal", "-shm", ""};
    for (size_t i = 0; i < sizeof suffixes / sizeof *suffixes; i++) {
        CLEANUP(free_text) char *from = xasprintf("%s%s", path, suffixes[i]);
        CLEANUP(free_text) char *to = xasprintf("%s%s", name, suffixes[i]);
        /* An older one's log must not stay beside this one. */
        if (rename(from, to) != 0 && (errno != ENOENT || (unlink(to) != 0 && errno != ENOENT)))
            return error_set(e, CAUSE_STORE, "set %s aside: %s", from, strerror(errno));
    }
    return true;
}

/* The first number that none has. */
static bool move_older(const char *damaged, struct error *e)
{
    for (int i = 1;; i++) {
        CLEANUP(free_text) char *name = xasprintf("%s.%d", damaged, i);
        if (access(name, F_OK) != 0)
            return move_store(damaged, name, e);
    }
}

bool store_set_aside(const char *path, bool keep, struct error *e)
{
    CLEANUP(free_text) char *damaged = xasprintf("%s.damaged", path);
    bool older = keep && access(damaged, F_OK) == 0;
    return (!older || move_older(damaged, e)) && move_store(path, damaged, e);
}

static bool take_row(struct store *store, struct error *e)
{
    struct process_identity self;
    sqlite3_stmt *s = store->write.s[SQL_LOCK_TAKE];
    process_self(&self);
    bind_text(s, 1, store->run_id);
    bind_text(s, 2, self.host);
    bind_text(s, 3, self.boot_id);
    bind_int(s, 4, (int64_t)self.pid_namespace);
    bind_int(s, 5, self.pid);
    bind_int(s, 6, (int64_t)self.pid_start);
    bind_text(s, 7, store->phase);
    bind_int(s, 8, store->done);
    bind_int(s, 9, store->total);
    bind_int(s, 10, clock_unix_s());
    return db_run(s, NULL, e);
}

bool store_lock_take(struct store *store, const char *run_id, struct lock_row *old, struct error *e)
{
    sqlite3_stmt *s = store->write.s[SQL_LOCK_READ];
    bool row = false;
    *old = (struct lock_row){0};
    snprintf(store->run_id, sizeof store->run_id, "%s", run_id);
    if (!store_begin(store, e))
        return false;
    bool ok = db_first(s, &row, e);
    if (ok && row) {
        column_copy(s, 0, old->run_id, sizeof old->run_id);
        column_copy(s, 1, old->holder.host, sizeof old->holder.host);
        old->holder.pid = (pid_t)column_int(s, 2);
        column_copy(s, 3, old->phase, sizeof old->phase);
        old->acquired_at = column_int(s, 4);
        old->last_refreshed_at = column_int(s, 5);
    }
    db_reset(s);
    ok = ok && take_row(store, e) && db_run(store->write.s[SQL_COMMIT], NULL, e);
    if (!ok) {
        store_rollback(store);
        return error_wrap(e, "take the lock row");
    }
    store->in_transaction = false;
    store->took_lock = true;
    return true;
}

void store_progress(struct store *store, const char *phase, int64_t done, int64_t total)
{
    snprintf(store->phase, sizeof store->phase, "%s", phase);
    store->done = done;
    store->total = total;
}

/* Before each commit. The fence: one row must be touched, else somebody took the lock away. */
static bool fence(struct store *store, struct error *e)
{
    sqlite3_stmt *s = store->write.s[SQL_LOCK_FENCE];
    int64_t changes = 0;
    if (!store_index_settle(store, e))
        return false;
    bind_text(s, 1, store->run_id);
    bind_text(s, 2, store->phase);
    bind_int(s, 3, store->done);
    bind_int(s, 4, store->total);
    bind_int(s, 5, clock_unix_s());
    if (!db_run(s, &changes, e))
        return false;
    if (changes == 1)
        return true;
    store->lost_lock = true;
    return error_set(e, CAUSE_LOCKED,
                     "the lock was taken away from this run; nothing was written after that");
}

bool store_begin(struct store *store, struct error *e)
{
    if (!db_run(store->write.s[SQL_BEGIN], NULL, e))
        return false;
    store->in_transaction = true;
    return true;
}

void store_rollback(struct store *store)
{
    if (store->in_transaction)
        sqlite3_exec(store->db, "ROLLBACK", NULL, NULL, NULL);
    store->in_transaction = false;
    store->pages_delta = 0;
    store->errors_delta = 0;
    store->dropped_delta = 0;
    store_index_forget(store);
}

static bool raise_version(struct store *store, struct error *e)
{
    sqlite3_stmt *s = store->write.s[SQL_VERSION];
    bind_int(s, 1, store->pages_delta);
    bind_int(s, 2, store->errors_delta);
    bind_int(s, 3, store->dropped_delta);
    return db_run(s, NULL, e);
}

/* One who stays is waited for once in each doubling. */
static void bound_log(struct store *store)
{
    if (db_cut_log(store->db, store->log_bytes, (int)stop_wait_ms(READERS_WAIT_MS)))
        store->log_bytes = LOG_RUN_BYTES;
    else
        store->log_bytes *= 2;
    sqlite3_busy_timeout(store->db, WRITE_BUSY_MS);
}

bool store_commit(struct store *store, struct error *e)
{
    if (!fence(store, e) || !raise_version(store, e) ||
        !db_run(store->write.s[SQL_COMMIT], NULL, e)) {
        store_rollback(store);
        return false;
    }
    store->in_transaction = false;
    store->committed = true;
    store->pages_delta = 0;
    store->errors_delta = 0;
    store->dropped_delta = 0;
    db_notice(store->db);
    bound_log(store);
    return true;
}

bool store_quiet_commit(struct store *store, struct error *e)
{
    if (!fence(store, e) || !db_run(store->write.s[SQL_COMMIT], NULL, e))
        return false;
    store->in_transaction = false;
    return true;
}

bool store_commit_quietly(struct store *store, struct error *e)
{
    if (store_quiet_commit(store, e))
        return true;
    store_rollback(store);
    return false;
}

bool store_lock_refresh(struct store *store, struct error *e)
{
    return store_begin(store, e) && store_commit_quietly(store, e);
}

bool store_finish(struct store *store, struct error *e)
{
    sqlite3_stmt *s = store->write.s[SQL_LOCK_DROP];
    int64_t changes = 0;
    bind_text(s, 1, store->run_id);
    if (!fence(store, e) || !db_run(s, &changes, e) ||
        ((store->pages_delta || store->errors_delta || store->dropped_delta) &&
         !raise_version(store, e)) ||
        !db_run(store->write.s[SQL_COMMIT], NULL, e))
        return false;
    store->in_transaction = false;
    db_notice(store->db);
    return true;
}

bool store_has_lock(const struct store *store)
{
    return store->took_lock && !store->lost_lock;
}

bool store_lost_lock(const struct store *store)
{
    return store->lost_lock;
}

bool store_in_transaction(const struct store *store)
{
    return store->in_transaction;
}

bool store_committed(const struct store *store)
{
    return store->committed;
}

void store_count(struct store *store, int64_t pages, int64_t errors)
{
    store->pages_delta += pages;
    store->errors_delta += errors;
}
