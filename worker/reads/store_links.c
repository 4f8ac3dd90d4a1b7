/* Reading links. */
#include "worker/reads/store_links.h"

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

bool rstore_links_back(struct rstore *store, const struct link_targets *targets,
                       link_handler handle, void *owner, struct error *e)
{
    static const char *const sql =
        "SELECT l.kind, l.target, l.key, l.label, l.position, p.path, p.title"
        " FROM link l JOIN page p ON p.id = l.page"
        " WHERE l.key IN (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8) AND"
        " (l.kind = 'wiki' AND l.key IN (?5, ?6, ?7, ?8) OR"
        " l.kind <> 'wiki' AND l.key IN (?1, ?2, ?3, ?4))"
        " ORDER BY p.path, l.seq LIMIT ?9 OFFSET ?10";
    sqlite3_stmt *s = rstore_statement(store, SLOT_LINKS_BACK, sql, e);
    if (!s)
        return false;
    for (int i = 0; i < (int)targets->markdown.count; i++)
        bind_text(s, 1 + i, targets->markdown.names[i]);
    for (int i = 0; i < (int)targets->wiki.count; i++)
        bind_text(s, 1 + LINK_NAMES_MAX + i, targets->wiki.names[i]);
    bind_int(s, 9, targets->rows.limit);
    bind_int(s, 10, targets->rows.offset);
    return each_link(s, handle, owner, e);
}

bool rstore_paths(struct rstore *store, text_handler handle, void *owner, struct error *e)
{
    sqlite3_stmt *s = rstore_statement(store, SLOT_PATHS, "SELECT path FROM page ORDER BY path", e);
    enum db_row row;
    if (!s)
        return false;
    while ((row = db_step(s, e)) == DB_ROW)
        handle(owner, column_text(s, 0));
    return row == DB_DONE;
}
