/* Views made anew from the sessions of a store, each in its own transaction. */
#include "worker/sync/store_rebuild.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "common/cleanup.h"
#include "common/clock.h"
#include "common/store_views.h"
#include "worker/sync/store_internal.h"

/* Of views made, over all runs. */
enum { RUN_VIEWS_KEPT = 500 };

enum {
    SQL_WATERMARK,
    SQL_CURRENT,
    SQL_DROP,
    SQL_COUNT_ROWS,
    SQL_PUT,
    SQL_RUN,
    SQL_TRIM,
    SQL_COUNT
};

static const char *const sql[SQL_COUNT] = {
    /* The version of the store that its sessions are of. Making a view raises the version too, for
     * those who read it: as long as nothing but that happened, it is that of the last ones. */
    [SQL_WATERMARK] = "SELECT CASE WHEN version = (SELECT max(version) FROM view)"
                      " THEN (SELECT max(watermark) FROM view) ELSE version END FROM sync_state",
    [SQL_CURRENT] = "SELECT 1 FROM view WHERE name = ?1 AND watermark = ?2 AND definition = ?3",
    [SQL_DROP] = "DELETE FROM view_row WHERE view = ?1",
    [SQL_COUNT_ROWS] = "SELECT count(*) FROM view_row WHERE view = ?1",
    [SQL_PUT] = "REPLACE INTO view(name, definition, watermark, version, rows, rebuilt_at)"
                " SELECT ?1, ?2, ?3, version + 1, ?4, ?5 FROM sync_state",
    [SQL_RUN] = "INSERT INTO run_view(run_id, view, rows, duration_ms, watermark, rebuilt_at)"
                " VALUES(?1, ?2, ?3, ?4, ?5, ?6)",
    [SQL_TRIM] = "DELETE FROM run_view WHERE seq <= (SELECT max(seq) FROM run_view) - ?1",
};

static sqlite3_stmt *statement(struct store *store, int which, struct error *e)
{
    if (!store_prepare(store, &store->views, sql, SQL_COUNT, e))
        return NULL;
    return store->views.s[which];
}

static bool is_current(struct store *store, const struct view *view, int64_t mark, bool *current,
                       struct error *e)
{
    sqlite3_stmt *s = statement(store, SQL_CURRENT, e);
    if (!s)
        return false;
    bind_text(s, 1, view->name);
    bind_int(s, 2, mark);
    bind_int(s, 3, VIEWS_VERSION);
    if (!db_first(s, current, e))
        return false;
    db_reset(s);
    return true;
}

/* Each row as a JSON array: a view is a query and its columns, not a table of its own. */
static bool fill(struct store *store, const struct view *view, struct error *e)
{
    struct buf text = {0};
    sqlite3_stmt *s = NULL;
    buf_add_text(&text, "WITH v(");
    for (size_t i = 0; i < view->column_count; i++)
        buf_printf(&text, "%s%s", i ? ", " : "", view->columns[i].name);
    buf_printf(&text,
               ") AS (%s) INSERT INTO view_row(view, seq, row) SELECT '%s',"
               " row_number() OVER (), json_array(",
               view->sql, view->name);
    for (size_t i = 0; i < view->column_count; i++)
        buf_printf(&text, "%s%s", i ? ", " : "", view->columns[i].name);
    buf_printf(&text, ") FROM v LIMIT %d", VIEW_ROWS_MAX);
    bool ok =
        db_prepare(store->db, (const char *const[]){text.data}, 1, &s, e) && db_run(s, NULL, e);
    if (s)
        db_finalize(&s, 1);
    buf_release(&text);
    return ok;
}

static bool record(struct store *store, const struct view *view, int64_t mark, int64_t started_ms,
                   struct error *e)
{
    sqlite3_stmt *count = statement(store, SQL_COUNT_ROWS, e);
    sqlite3_stmt *put = store->views.s[SQL_PUT];
    sqlite3_stmt *run = store->views.s[SQL_RUN];
    int64_t rows;
    bind_text(count, 1, view->name);
    if (!db_number(count, 0, &rows, e))
        return false;
    bind_text(put, 1, view->name);
    bind_int(put, 2, VIEWS_VERSION);
    bind_int(put, 3, mark);
    bind_int(put, 4, rows);
    bind_int(put, 5, clock_unix_s());
    bind_text(run, 1, store->run_id);
    bind_text(run, 2, view->name);
    bind_int(run, 3, rows);
    bind_int(run, 4, clock_monotonic_ms() - started_ms);
    bind_int(run, 5, mark);
    bind_int(run, 6, clock_unix_s());
    bind_int(store->views.s[SQL_TRIM], 1, RUN_VIEWS_KEPT);
    return db_run(put, NULL, e) && db_run(run, NULL, e) &&
           db_run(store->views.s[SQL_TRIM], NULL, e);
}

static bool rebuild(struct store *store, const struct view *view, int64_t mark, struct error *e)
{
    int64_t started_ms = clock_monotonic_ms();
    bind_text(store->views.s[SQL_DROP], 1, view->name);
    if (!store_begin(store, e))
        return false;
    if (db_run(store->views.s[SQL_DROP], NULL, e) && fill(store, view, e) &&
        record(store, view, mark, started_ms, e) && store_commit(store, e))
        return true;
    store_rollback(store);
    return error_wrap(e, "view %s", view->name);
}

bool store_view_step(struct store *store, bool *more, struct error *e)
{
    int64_t mark;
    if (!db_number(statement(store, SQL_WATERMARK, e), 0, &mark, e))
        return false;
    for (size_t i = 0; i < store_view_count; i++) {
        bool current = false;
        if (!is_current(store, &store_views[i], mark, &current, e))
            return false;
        if (current)
            continue;
        *more = true;
        return rebuild(store, &store_views[i], mark, e);
    }
    *more = false;
    return true;
}
