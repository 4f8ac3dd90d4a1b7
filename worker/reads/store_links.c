/* Reading links. */
#include "worker/reads/store_links.h"

#include <stdlib.h>
#include <string.h>

#include "common/cleanup.h"
#include "common/text.h"
#include "worker/reads/store_reading_internal.h"

/* Where a page is not part of a row, its columns are ''. */
static bool each_link(sqlite3_stmt *s, link_handler handle, void *owner, struct error *e)
{
    enum db_row row;
    while ((row = db_step(s, e)) == DB_ROW)
        handle(owner, &(struct link_row){.kind = column_text(s, 0),
                                         .target = column_text(s, 1),
                                         .key = column_text(s, 2),
                                         .label = column_text(s, 3),
                                         .position = column_int(s, 4),
                                         .path = column_text(s, 5),
                                         .title = column_text(s, 6)});
    return row == DB_DONE;
}

bool rstore_links_out(struct rstore *store, struct links_of of, link_handler handle, void *owner,
                      struct error *e)
{
    sqlite3_stmt *s = rstore_statement(store, SLOT_LINKS_OUT,
                                       "SELECT kind, target, coalesce(key, ''), label, position,"
                                       " '', '' FROM link WHERE page = ?1 ORDER BY seq"
                                       " LIMIT ?2 OFFSET ?3",
                                       e);
    if (!s)
        return false;
    bind_int(s, 1, of.page);
    bind_int(s, 2, of.rows.limit);
    bind_int(s, 3, of.rows.offset);
    return each_link(s, handle, owner, e);
}

bool rstore_links_back(struct rstore *store, const struct links_to *to, link_handler handle,
                       void *owner, struct error *e)
{
    static const char *const sql =
        "SELECT l.kind, l.target, l.key, l.label, l.position, p.path, p.title"
        " FROM (SELECT value, 0 AS wiki FROM json_each(?1)"
        " UNION ALL SELECT value, 1 FROM json_each(?2)) k"
        " CROSS JOIN link l ON l.key = k.value AND (l.kind = 'wiki') = k.wiki"
        " CROSS JOIN page p ON p.id = l.page"
        " ORDER BY p.path, l.seq LIMIT ?3 OFFSET ?4";
    sqlite3_stmt *s = rstore_statement(store, SLOT_LINKS_BACK, sql, e);
    if (!s)
        return false;
    bind_text(s, 1, to->markdown);
    bind_text(s, 2, to->wiki);
    bind_int(s, 3, to->rows.limit);
    bind_int(s, 4, to->rows.offset);
    return each_link(s, handle, owner, e);
}

/* All rows of a statement that is bound. */
static bool each_text(sqlite3_stmt *s, text_handler handle, void *owner, struct error *e)
{
    enum db_row row;
    while ((row = db_step(s, e)) == DB_ROW)
        handle(owner, column_text(s, 0));
    return row == DB_DONE;
}

bool rstore_link_keys(struct rstore *store, const char *start, text_handler handle, void *owner,
                      struct error *e)
{
    sqlite3_stmt *s = rstore_statement(
        store, SLOT_LINK_KEYS, "SELECT DISTINCT key FROM link WHERE key >= ?1 AND key < ?2", e);
    if (!s)
        return false;
    CLEANUP(free_text) char *end = xstrdup(start);
    end[strlen(end) - 1]++; /* of no UTF-8 the last byte is 0xFF */
    bind_text(s, 1, start);
    bind_text(s, 2, end);
    return each_text(s, handle, owner, e);
}

bool rstore_paths(struct rstore *store, text_handler handle, void *owner, struct error *e)
{
    sqlite3_stmt *s = rstore_statement(store, SLOT_PATHS, "SELECT path FROM page ORDER BY path", e);
    return s && each_text(s, handle, owner, e);
}
