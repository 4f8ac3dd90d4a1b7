/* Reading pages and chunks. */
#include "worker/reads/store_pages.h"

#include "worker/reads/store_observations.h"
#include "worker/reads/store_reading_internal.h"

#define PAGE_COLUMNS                                                                               \
    "p.id, p.path, p.title, p.kind, coalesce(p.front, ''), coalesce(p.warning, ''), p.size_bytes," \
    " p.created_at, p.updated_at"
enum { PAGE_COLUMN_COUNT = 9 };

static void read_page(sqlite3_stmt *s, struct page_row *page)
{
    *page = (struct page_row){
        .id = column_int(s, 0),
        .path = column_text(s, 1),
        .title = column_text(s, 2),
        .kind = column_text(s, 3),
        .front = column_text(s, 4),
        .warning = column_text(s, 5),
        .size_bytes = column_int(s, 6),
        .created_at = column_int(s, 7),
        .updated_at = column_int(s, 8),
    };
}

static void read_chunk(sqlite3_stmt *s, int at, struct chunk_row *chunk)
{
    *chunk = (struct chunk_row){
        .id = column_int(s, at),
        .page = column_int(s, at + 1),
        .position = column_int(s, at + 2),
        .title = column_text(s, at + 3),
        .heading = column_text(s, at + 4),
        .text = column_text(s, at + 5),
        .text_size = (size_t)sqlite3_column_bytes(s, at + 5),
    };
}

/* All rows of a statement that is bound. */
static bool each_page(sqlite3_stmt *s, page_handler handle, void *owner, struct error *e)
{
    enum db_row row;
    while ((row = db_step(s, e)) == DB_ROW) {
        struct page_row page;
        read_page(s, &page);
        handle(owner, &page);
    }
    return row == DB_DONE;
}

static bool each_chunk(sqlite3_stmt *s, chunk_handler handle, void *owner, struct error *e)
{
    enum db_row row;
    while ((row = db_step(s, e)) == DB_ROW) {
        struct chunk_row chunk;
        read_chunk(s, 0, &chunk);
        handle(owner, &chunk);
    }
    return row == DB_DONE;
}

bool rstore_page(struct rstore *store, const char *path, page_handler handle, void *owner,
                 struct error *e)
{
    sqlite3_stmt *s = rstore_statement(store, SLOT_PAGE,
                                       "SELECT " PAGE_COLUMNS " FROM page p WHERE p.path = ?1", e);
    if (!s)
        return false;
    bind_text(s, 1, path);
    return each_page(s, handle, owner, e);
}

/* All rows of a statement that is bound: id and path. */
static bool each_path(sqlite3_stmt *s, page_handler handle, void *owner, struct error *e)
{
    enum db_row row;
    while ((row = db_step(s, e)) == DB_ROW)
        handle(owner, &(struct page_row){.id = column_int(s, 0), .path = column_text(s, 1)});
    return row == DB_DONE;
}

bool rstore_path_of_chunk(struct rstore *store, int64_t chunk, page_handler handle, void *owner,
                          struct error *e)
{
    sqlite3_stmt *s = rstore_statement(
        store, SLOT_CHUNK_PATH,
        "SELECT p.id, p.path FROM chunk c JOIN page p ON p.id = c.page WHERE c.id = ?1", e);
    if (!s)
        return false;
    bind_int(s, 1, chunk);
    return each_path(s, handle, owner, e);
}

bool rstore_chunks(struct rstore *store, struct positions positions, chunk_handler handle,
                   void *owner, struct error *e)
{
    sqlite3_stmt *s = rstore_statement(store, SLOT_CHUNKS,
                                       "SELECT id, page, position, title, heading, text FROM chunk"
                                       " WHERE page = ?1 AND position BETWEEN ?2 AND ?3"
                                       " ORDER BY position",
                                       e);
    if (!s)
        return false;
    bind_int(s, 1, positions.page);
    bind_int(s, 2, positions.first);
    bind_int(s, 3, positions.last);
    return each_chunk(s, handle, owner, e);
}

bool rstore_hit(struct rstore *store, int64_t chunk, hit_handler handle, void *owner,
                struct error *e)
{
    sqlite3_stmt *s =
        rstore_statement(store, SLOT_HIT,
                         "SELECT " PAGE_COLUMNS ", c.id, c.page, c.position, c.title, c.heading,"
                         " c.text FROM chunk c JOIN page p ON p.id = c.page WHERE c.id = ?1",
                         e);
    enum db_row row;
    if (!s)
        return false;
    bind_int(s, 1, chunk);
    while ((row = db_step(s, e)) == DB_ROW) {
        struct page_row page;
        struct chunk_row of_page;
        read_page(s, &page);
        read_chunk(s, PAGE_COLUMN_COUNT, &of_page);
        handle(owner, &page, &of_page);
    }
    return row == DB_DONE;
}

/* A page's chunks are written together, so their ids are near each other. The + keeps SQLite from
 * asking the index anew for each of them. */
bool rstore_page_hits(struct rstore *store, const struct page_match *match, int64_t *hits,
                      struct error *e)
{
#define HITS_OF_PAGE                                                                               \
    "SELECT count(*) FROM chunk_index WHERE chunk_index MATCH ?1 AND rowid BETWEEN"                \
    " (SELECT min(id) FROM chunk WHERE page = ?2) AND"                                             \
    " (SELECT max(id) FROM chunk WHERE page = ?2) AND +rowid IN (SELECT id FROM chunk WHERE"       \
    " page = ?2"
    static const char *const all = HITS_OF_PAGE ")";
    static const char *const shown =
        HITS_OF_PAGE " AND NOT EXISTS(SELECT 1 FROM hidden_chunk h WHERE h.chunk = chunk.id))";
    bool row = false;
    bool hides = false;
    if (!match->with_hidden && !rstore_hides(store, &hides, e))
        return false;
    sqlite3_stmt *s = hides ? rstore_statement(store, SLOT_MORE_HITS_SHOWN, shown, e)
                            : rstore_statement(store, SLOT_MORE_HITS, all, e);
    if (!s)
        return false;
    bind_text(s, 1, match->match);
    bind_int(s, 2, match->page);
    if (!db_first(s, &row, e))
        return false;
    *hits = column_int(s, 0);
    db_reset(s);
    return true;
}

bool rstore_chunk_count(struct rstore *store, int64_t page, int64_t *count, struct error *e)
{
    sqlite3_stmt *s =
        rstore_statement(store, SLOT_CHUNK_COUNT, "SELECT count(*) FROM chunk WHERE page = ?1", e);
    bool row = false;
    if (!s)
        return false;
    bind_int(s, 1, page);
    if (!db_first(s, &row, e))
        return false;
    *count = column_int(s, 0);
    db_reset(s);
    return true;
}

bool rstore_tags(struct rstore *store, int64_t page, text_handler handle, void *owner,
                 struct error *e)
{
    sqlite3_stmt *s =
        rstore_statement(store, SLOT_TAGS, "SELECT tag FROM tag WHERE page = ?1 ORDER BY tag", e);
    enum db_row row;
    if (!s)
        return false;
    bind_int(s, 1, page);
    while ((row = db_step(s, e)) == DB_ROW)
        handle(owner, column_text(s, 0));
    return row == DB_DONE;
}

bool rstore_recent(struct rstore *store, struct recent_range range, page_handler handle,
                   void *owner, struct error *e)
{
    static const char *const sql =
        "SELECT id, path, title, kind, '', '', size_bytes, created_at, updated_at FROM page"
        " WHERE updated_at >= ?1 ORDER BY updated_at DESC, path LIMIT ?2";
    sqlite3_stmt *s = rstore_statement(store, SLOT_RECENT, sql, e);
    if (!s)
        return false;
    bind_int(s, 1, range.since);
    bind_int(s, 2, range.limit);
    return each_page(s, handle, owner, e);
}

bool rstore_filter(struct rstore *store, const struct page_filter *filter, page_handler handle,
                   void *owner, struct error *e)
{
    static const char *const any = "SELECT id, path FROM page WHERE updated_at >= ?1"
                                   " AND updated_at < ?2";
    static const char *const tagged =
        "SELECT p.id, p.path FROM tag t JOIN page p ON p.id = t.page WHERE t.tag = ?3"
        " AND p.updated_at >= ?1 AND p.updated_at < ?2";
    static const char *const all = "SELECT id, path FROM page";
    bool timed = filter->since > INT64_MIN || filter->until < INT64_MAX;
    sqlite3_stmt *s = filter->tag ? rstore_statement(store, SLOT_FILTER_TAG, tagged, e)
                      : timed     ? rstore_statement(store, SLOT_FILTER, any, e)
                                  : rstore_statement(store, SLOT_FILTER_ALL, all, e);
    if (!s)
        return false;
    if (filter->tag || timed) {
        bind_int(s, 1, filter->since);
        bind_int(s, 2, filter->until);
    }
    if (filter->tag)
        bind_text(s, 3, filter->tag);
    return each_path(s, handle, owner, e);
}
