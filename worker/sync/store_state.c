/* Bookmark, target and run row of a store. */
#include <stdlib.h>
#include <string.h>

#include "common/clock.h"
#include "common/store_schema.h"
#include "common/text.h"
#include "worker/sync/store_internal.h"

enum {
    SQL_READ,
    SQL_TARGET,
    SQL_BOOKMARK,
    SQL_FRESH,
    SQL_SKIPPED,
    SQL_RUN,
    SQL_TRIM,
    SQL_MEMO,
    SQL_MEMO_SET,
    SQL_MEMO_DROP,
    SQL_COUNT
};

static const char *const sql[SQL_COUNT] = {
    [SQL_READ] = "SELECT bookmark, bookmark_shape, target, target_shape, target_allow_shrink,"
                 " target_full, full_count, last_success_at, version, pages, errors, skipped"
                 " FROM sync_state",
    [SQL_TARGET] = "UPDATE sync_state SET target = ?1, target_shape = ?2, target_allow_shrink = ?3,"
                   " target_full = ?4, full_count = ?5",
    [SQL_BOOKMARK] = "UPDATE sync_state SET bookmark = ?1, bookmark_shape = ?2, target = NULL,"
                     " target_shape = NULL, target_allow_shrink = 0, target_full = 0",
    [SQL_FRESH] = "UPDATE sync_state SET last_success_at = ?1",
    [SQL_SKIPPED] = "UPDATE sync_state SET skipped = ?1",
    [SQL_RUN] = "INSERT INTO run(" RUN_COLUMNS ") VALUES(" RUN_PARAMETERS ")",
    [SQL_TRIM] = "DELETE FROM run WHERE seq <= (SELECT max(seq) FROM run) - ?1",
    [SQL_MEMO] = "SELECT value FROM memo WHERE key = ?1",
    [SQL_MEMO_SET] = "REPLACE INTO memo(key, value) VALUES(?1, ?2)",
    [SQL_MEMO_DROP] = "DELETE FROM memo WHERE key = ?1",
};

static bool prepare(struct store *store, struct error *e)
{
    return store_prepare(store, &store->state, sql, SQL_COUNT, e);
}

static char *copy_or_null(sqlite3_stmt *s, int at)
{
    return sqlite3_column_type(s, at) == SQLITE_NULL ? NULL : xstrdup(column_text(s, at));
}

bool store_state_read(struct store *store, struct sync_state *state, struct error *e)
{
    bool row = false;
    if (!prepare(store, e))
        return false;
    sqlite3_stmt *s = store->state.s[SQL_READ];
    if (!db_first(s, &row, e))
        return false;
    if (!row) {
        error_set(e, CAUSE_STORE, "%s: no sync_state row: the file is damaged",
                  sqlite3_db_filename(store->db, "main"));
        e->damaged = true;
        return false;
    }
    *state = (struct sync_state){
        .bookmark = copy_or_null(s, 0),
        .bookmark_shape = copy_or_null(s, 1),
        .target = copy_or_null(s, 2),
        .target_shape = copy_or_null(s, 3),
        .target_allow_shrink = column_int(s, 4) != 0,
        .target_full = column_int(s, 5) != 0,
        .full_count = column_int(s, 6),
        .last_success_at = column_int(s, 7),
        .version = column_int(s, 8),
        .pages = column_int(s, 9),
        .errors = column_int(s, 10),
        .skipped = column_int(s, 11),
    };
    db_reset(s);
    if (!store->in_transaction)
        store->has_errors = state->errors != 0;
    return true;
}

void sync_state_release(struct sync_state *state)
{
    free(state->bookmark);
    free(state->bookmark_shape);
    free(state->target);
    free(state->target_shape);
    *state = (struct sync_state){0};
}

bool store_set_target(struct store *store, const struct sync_state *state, struct error *e)
{
    if (!prepare(store, e))
        return false;
    sqlite3_stmt *s = store->state.s[SQL_TARGET];
    bind_text(s, 1, state->target);
    bind_text(s, 2, state->target_shape);
    bind_int(s, 3, state->target_allow_shrink);
    bind_int(s, 4, state->target_full);
    bind_int(s, 5, state->full_count);
    return db_run(s, NULL, e);
}

bool store_set_bookmark(struct store *store, const char *bookmark, const char *shape,
                        struct error *e)
{
    if (!prepare(store, e))
        return false;
    sqlite3_stmt *s = store->state.s[SQL_BOOKMARK];
    bind_text(s, 1, bookmark);
    bind_text(s, 2, shape);
    return db_run(s, NULL, e);
}

bool store_set_fresh(struct store *store, int64_t at, struct error *e)
{
    if (!prepare(store, e))
        return false;
    bind_int(store->state.s[SQL_FRESH], 1, at);
    return db_run(store->state.s[SQL_FRESH], NULL, e);
}

bool store_set_skipped(struct store *store, int64_t skipped, struct error *e)
{
    if (!prepare(store, e))
        return false;
    bind_int(store->state.s[SQL_SKIPPED], 1, skipped);
    return db_run(store->state.s[SQL_SKIPPED], NULL, e);
}

bool store_memo(struct store *store, const char *key, char **value, struct error *e)
{
    bool row = false;
    *value = NULL;
    if (!prepare(store, e))
        return false;
    sqlite3_stmt *s = store->state.s[SQL_MEMO];
    bind_text(s, 1, key);
    if (!db_first(s, &row, e))
        return false;
    if (row)
        *value = xstrdup(column_text(s, 0));
    db_reset(s);
    return true;
}

bool store_set_memo(struct store *store, const char *key, const char *value, struct error *e)
{
    if (!prepare(store, e))
        return false;
    sqlite3_stmt *s = store->state.s[value ? SQL_MEMO_SET : SQL_MEMO_DROP];
    bind_text(s, 1, key);
    if (value)
        bind_text(s, 2, value);
    return db_run(s, NULL, e);
}

static bool write_run(struct store *store, const struct run_result *run, struct error *e)
{
    run_row_bind(store->state.s[SQL_RUN], run);
    if (!db_run(store->state.s[SQL_RUN], NULL, e))
        return false;
    bind_int(store->state.s[SQL_TRIM], 1, RUN_ROWS_KEPT);
    return db_run(store->state.s[SQL_TRIM], NULL, e);
}

bool store_end_run(struct store *store, const struct run_result *run, struct error *e)
{
    if (!prepare(store, e) || (!store->in_transaction && !store_begin(store, e)))
        return false;
    if (write_run(store, run, e) && store_finish(store, e))
        return true;
    store_rollback(store);
    return error_wrap(e, "end the run");
}
