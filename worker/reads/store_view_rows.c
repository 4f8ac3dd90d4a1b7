/* Views over sessions as one store has them. */
#include "worker/reads/store_view_rows.h"

#include "worker/reads/store_reading_internal.h"

/* Stores of formats before views have no such table. */
static bool has_views(struct rstore *store, bool *has, struct error *e)
{
    sqlite3_stmt *s = rstore_statement(store, SLOT_HAS_VIEWS,
                                       "SELECT 1 FROM sqlite_schema WHERE name = 'view_row'", e);
    if (!s || !db_first(s, has, e))
        return false;
    db_reset(s);
    return true;
}

bool rstore_views(struct rstore *store, void (*handle)(void *owner, const struct view_state *view),
                  void *owner, struct error *e)
{
    bool has = false;
    if (!has_views(store, &has, e))
        return false;
    if (!has)
        return true;
    sqlite3_stmt *s = rstore_statement(
        store, SLOT_VIEWS, "SELECT name, rows, rebuilt_at, watermark FROM view ORDER BY name", e);
    enum db_row row = DB_ERROR;
    while (s && (row = db_step(s, e)) == DB_ROW)
        handle(owner, &(struct view_state){.name = column_text(s, 0),
                                           .rows = column_int(s, 1),
                                           .rebuilt_at = column_int(s, 2),
                                           .watermark = column_int(s, 3)});
    return row == DB_DONE;
}

bool rstore_view_rows(struct rstore *store, const char *view,
                      void (*handle)(void *owner, const json_t *row), void *owner, struct error *e)
{
    sqlite3_stmt *s = rstore_statement(store, SLOT_VIEW_ROWS,
                                       "SELECT row FROM view_row WHERE view = ?1 ORDER BY seq", e);
    enum db_row step = DB_ERROR;
    if (s)
        bind_text(s, 1, view);
    while (s && (step = db_step(s, e)) == DB_ROW) {
        json_t *row = json_loads(column_text(s, 0), 0, NULL);
        if (json_is_array(row))
            handle(owner, row);
        json_decref(row);
    }
    return step == DB_DONE;
}
