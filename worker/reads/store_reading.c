/* Opening stores read-only, and their snapshots. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "common/cleanup.h"
#include "common/clock.h"
#include "common/store_schema.h"
#include "common/store_way.h"
#include "common/text.h"
#include "worker/reads/reader_memory.h"
#include "worker/reads/store_reading_internal.h"

bool request_late(const struct request_clock *clock)
{
    return atomic_load_explicit(&clock->stopped, memory_order_relaxed) ||
           (clock->until_ms && clock_monotonic_ms() >= clock->until_ms);
}

const char *rstore_problem_name(enum rstore_problem problem)
{
    static const char *const names[] = {
        [RSTORE_FINE] = "",       [RSTORE_MISSING] = "missing", [RSTORE_DAMAGED] = "damaged",
        [RSTORE_NEWER] = "newer", [RSTORE_BUSY] = "busy",       [RSTORE_UNREADABLE] = "unreadable",
        [RSTORE_LATE] = "late",
    };
    return names[problem];
}

static bool is_late(const void *clock)
{
    return request_late(clock);
}

struct clock_limit request_clock_limit(const struct request_clock *clock)
{
    return (struct clock_limit){is_late, clock};
}

enum rstore_problem rstore_failure(const struct rstore *store)
{
    switch (sqlite3_errcode(store->db) & 0xFF) {
    case SQLITE_INTERRUPT:
        return RSTORE_LATE;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
        return RSTORE_DAMAGED;
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
    case SQLITE_PROTOCOL:
        return request_late(store->clock) ? RSTORE_LATE : RSTORE_BUSY;
    }
    return RSTORE_UNREADABLE;
}

sqlite3_stmt *rstore_statement(struct rstore *store, enum rstore_slot slot, const char *sql,
                               struct error *e)
{
    sqlite3_stmt **s = &store->slots[slot];
    if (*s)
        db_reset(*s);
    else if (!db_prepare(store->db, &sql, 1, s, e))
        return NULL;
    return *s;
}

/* The cache is set when there is a connection to tell what was wrong: it reads the file. */
static bool open_file(struct rstore *store, const struct rstore_options *options, struct error *e)
{
    struct db_options db = {.mode = DB_READ, .limit = &store->limit};
    char pragmas[80];
    if (!db_open(store->path, &db, &store->db, e))
        return false;
    snprintf(pragmas, sizeof pragmas, "PRAGMA temp_store=MEMORY; PRAGMA cache_size=-%d",
             options->cache_kib);
    return db_exec(store->db, pragmas, e);
}

static enum rstore_problem check_format(struct rstore *store, struct error *e)
{
    sqlite3_stmt *s = rstore_statement(store, SLOT_FORMAT, "PRAGMA user_version", e);
    if (!s || db_step(s, e) != DB_ROW)
        return rstore_failure(store);
    int format = (int)column_int(s, 0);
    db_reset(s);
    if (format > store_format && !db_version_check(store->db, store_format, "store", &format, e))
        return RSTORE_NEWER;
    if (format < STORE_FORMAT_VIEWED) {
        error_set(e, CAUSE_STORE, "%s: nothing was synced into it yet", store->path);
        return RSTORE_MISSING;
    }
    if (store->format && store->format != format) {
        error_set(e, CAUSE_STORE, "%s: was brought up to date just now; ask again", store->path);
        return RSTORE_MISSING; /* the reader opens it anew */
    }
    store->format = format;
    return RSTORE_FINE;
}

static enum rstore_problem open_and_check(struct rstore *store,
                                          const struct rstore_options *options, struct error *e)
{
    if (!open_file(store, options, e))
        return store->db ? rstore_failure(store) : e->damaged ? RSTORE_DAMAGED : RSTORE_UNREADABLE;
    store->immutable = db_is_immutable(store->db);
    enum rstore_problem problem = check_format(store, e);
    if (problem == RSTORE_FINE && !rstore_words_init(store, e))
        problem = rstore_failure(store);
    return problem;
}

enum rstore_problem rstore_open(const char *path, const struct rstore_options *options,
                                struct rstore **out, struct error *e)
{
    struct stat before;
    struct store_look now;
    *out = NULL;
    if (stat(path, &before) != 0) {
        error_set(e, CAUSE_STORE, "%s: nothing was synced yet", path);
        return RSTORE_MISSING;
    }
    struct rstore *store = xcalloc(1, sizeof *store);
    store->path = xstrdup(path);
    store->device = before.st_dev;
    store->inode = before.st_ino;
    store->changed = before.st_mtim;
    store->clock = options->clock;
    store->limit = request_clock_limit(options->clock);
    enum rstore_problem problem = open_and_check(store, options, e);
    (void)store_look_take(path, &now);
    if (problem == RSTORE_FINE && !rstore_is_current(store, &now)) {
        error_set(e, CAUSE_STORE, "%s: was replaced just now; ask again", path);
        problem = RSTORE_MISSING;
    }
    if (problem == RSTORE_UNREADABLE && stat(path, &before) != 0)
        problem = RSTORE_MISSING; /* it is being removed */
    if (problem != RSTORE_FINE)
        rstore_close(&store);
    *out = store;
    return problem;
}

void rstore_close(struct rstore **store)
{
    if (!*store)
        return;
    rstore_end(*store);
    rstore_words_release(*store);
    db_finalize((*store)->slots, SLOT_KEEP_COUNT);
    db_close(&(*store)->db);
    free((*store)->path);
    free(*store);
    *store = NULL;
}

bool rstore_is_current(const struct rstore *store, const struct store_look *now)
{
    const struct file_look *file = &now->database;
    return file->device == store->device && file->inode == store->inode &&
           (!store->immutable ||
            (now->log.size == 0 && file->changed.tv_sec == store->changed.tv_sec &&
             file->changed.tv_nsec == store->changed.tv_nsec));
}

bool rstore_is_immutable(const struct rstore *store)
{
    return store->immutable;
}

ino_t rstore_inode(const struct rstore *store)
{
    return store->inode;
}

int64_t rstore_bytes(const struct rstore *store)
{
    struct stat st;
    int64_t bytes = stat(store->path, &st) == 0 ? (int64_t)st.st_size : 0;
    return bytes + store_log_bytes(store->path);
}

bool rstore_state_now(struct rstore *store, struct rstore_state *state, struct error *e)
{
    sqlite3_stmt *s = rstore_statement(
        store, SLOT_STATE, "SELECT version, last_success_at, pages, errors FROM sync_state", e);
    bool row = false;
    if (!s || !db_first(s, &row, e))
        return false;
    if (!row)
        return error_set(e, CAUSE_STORE, "%s: has no sync_state row", store->path);
    *state = (struct rstore_state){column_int(s, 0), column_int(s, 1), column_int(s, 2),
                                   column_int(s, 3)};
    db_reset(s);
    bool fit = store_count_fits(state->version) && store_count_fits(state->last_success_at) &&
               store_count_fits(state->pages) && store_count_fits(state->errors);
    return fit || store_counts_error(store->path, e);
}

enum rstore_problem rstore_begin(struct rstore *store, struct rstore_state *state, struct error *e)
{
    enum rstore_problem problem = RSTORE_FINE;
    if (!db_exec(store->db, "BEGIN", e))
        return rstore_failure(store);
    store->in_snapshot = true;
    if (!rstore_state_now(store, state, e))
        problem = e->damaged ? RSTORE_DAMAGED : rstore_failure(store);
    if (problem == RSTORE_FINE)
        problem = check_format(store, e);
    if (problem != RSTORE_FINE)
        rstore_end(store);
    return problem;
}

void rstore_end(struct rstore *store)
{
    if (!store->in_snapshot)
        return;
    for (size_t i = 0; i < SLOT_KEEP_COUNT; i++)
        if (store->slots[i])
            db_reset(store->slots[i]);
    sqlite3_exec(store->db, "ROLLBACK", NULL, NULL, NULL);
    store->in_snapshot = false;
}
