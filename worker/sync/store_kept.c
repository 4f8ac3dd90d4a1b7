/* Reading back what the store has, for kinds whose source forgets. */
#include "worker/sync/store_kept.h"

#include <string.h>

#include "worker/sync/store_internal.h"

enum { SQL_PAGES, SQL_TEXT, SQL_HAS, SQL_COUNT };

static const char *const sql[SQL_COUNT] = {
    [SQL_PAGES] = "SELECT id, path, blob, epoch, size_bytes FROM page ORDER BY path",
    [SQL_TEXT] = "SELECT text FROM chunk WHERE page = ?1 ORDER BY position",
    [SQL_HAS] = ("SELECT 1 FROM page WHERE path = ?1 AND blob = ?2 UNION ALL"
                 " SELECT 1 FROM page_error WHERE path = CAST(?1 AS BLOB) AND blob = ?2"),
};

static bool prepare(struct store *store, struct error *e)
{
    return store_prepare(store, &store->kept, sql, SQL_COUNT, e);
}

static bool read_text(struct store *store, int64_t page, struct buf *text, struct error *e)
{
    sqlite3_stmt *s = store->kept.s[SQL_TEXT];
    enum db_row row;
    buf_reset(text);
    bind_int(s, 1, page);
    while ((row = db_step(s, e)) == DB_ROW)
        buf_add(text, sqlite3_column_blob(s, 0), (size_t)sqlite3_column_bytes(s, 0));
    return row != DB_ERROR;
}

bool store_kept_pages(struct store *store, const struct plan_rules *rules,
                      const struct kept_sink *sink, struct error *e)
{
    if (!prepare(store, e))
        return false;
    sqlite3_stmt *s = store->kept.s[SQL_PAGES];
    struct buf text = {0};
    enum db_row row = DB_DONE;
    bool ok = true;
    while (ok && (row = db_step(s, e)) == DB_ROW) {
        const char *path = column_text(s, 1);
        const char *blob = column_text(s, 2);
        bool current = column_int(s, 3) == rules->epoch &&
                       column_int(s, 4) <= rules->max_page_bytes &&
                       !plan_quarantined(rules, path, blob);
        buf_reset(&text);
        ok = (current || read_text(store, column_int(s, 0), &text, e)) &&
             sink->page(sink->context, path, blob, &text, e);
    }
    db_reset(s);
    buf_release(&text);
    return ok && row != DB_ERROR;
}

bool store_has_page(struct store *store, const char *path, const char *blob, bool *has,
                    struct error *e)
{
    bool row = false;
    if (!prepare(store, e))
        return false;
    sqlite3_stmt *s = store->kept.s[SQL_HAS];
    bind_text(s, 1, path);
    bind_text(s, 2, blob);
    if (!db_first(s, &row, e))
        return false;
    *has = row;
    db_reset(s);
    return true;
}
