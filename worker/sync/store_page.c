/* Pages in the store, their chunks and the full-text index over them. */
#include "worker/sync/store_page.h"

#include <string.h>

#include "common/clock.h"
#include "common/text.h"
#include "worker/sync/link_key.h"
#include "worker/sync/store_internal.h"

/* The index's own memory for terms that are not on disk yet. Larger means fewer, larger segments:
 * with FTS5's default of 1 MB an import spends half of its time on writing and merging them. */
enum { HASH_BYTES_NORMAL = 64 * 1024 * 1024, HASH_BYTES_LOW = 4 * 1024 * 1024 };
/* Segments of one level that merge at a time (FTS5's usermerge), and pages of the index written by
 * one step. Merging on FTS5's own schedule (automerge) would double the work of a first sync. */
enum { MERGE_SEGMENTS = 16, MERGE_STEP_PAGES = 500 };

enum {
    SQL_PAGE_ADD,
    SQL_PAGE_SET,
    SQL_PAGE_DELETE,
    SQL_PAGE_RENAME,
    SQL_CHUNK_ADD,
    SQL_INDEX_ADD,
    SQL_INDEX_DROP,
    SQL_CHUNK_DROP,
    SQL_LINK_ADD,
    SQL_LINK_DROP,
    SQL_TAG_ADD,
    SQL_TAG_DROP,
    SQL_ERROR_PUT,
    SQL_ERROR_DELETE,
    SQL_CONFIG_READ,
    SQL_CONFIG_SET,
    SQL_MERGE,
    SQL_COUNT
};

static const char *const sql[SQL_COUNT] = {
    [SQL_PAGE_ADD] = "INSERT INTO page(path, title, kind, front, warning, blob, epoch, size_bytes,"
                     " created_at, updated_at) VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?9)",
    [SQL_PAGE_SET] = "UPDATE page SET path = ?1, title = ?2, kind = ?3, front = ?4, warning = ?5,"
                     " blob = ?6, epoch = ?7, size_bytes = ?8, updated_at = ?9 WHERE id = ?10",
    [SQL_PAGE_DELETE] = "DELETE FROM page WHERE id = ?1",
    [SQL_PAGE_RENAME] = "UPDATE page SET path = ?2 WHERE id = ?1",
    [SQL_CHUNK_ADD] = "INSERT INTO chunk(page, position, title, heading, text)"
                      " VALUES(?1, ?2, ?3, ?4, ?5)",
    [SQL_INDEX_ADD] = "INSERT INTO chunk_index(rowid, title, heading, text)"
                      " VALUES(?1, ?2, ?3, ?4)",
    /* With the old text, before the row goes: else phantom hits stay for ever. */
    [SQL_INDEX_DROP] = "INSERT INTO chunk_index(chunk_index, rowid, title, heading, text)"
                       " SELECT 'delete', id, title, heading, text FROM chunk WHERE page = ?1",
    [SQL_CHUNK_DROP] = "DELETE FROM chunk WHERE page = ?1",
    [SQL_LINK_ADD] = "INSERT INTO link(page, seq, position, kind, target, key, label)"
                     " VALUES(?1, ?7, ?2, ?3, ?4, ?5, ?6)",
    [SQL_LINK_DROP] = "DELETE FROM link WHERE page = ?1",
    [SQL_TAG_ADD] = "INSERT OR IGNORE INTO tag(page, tag) VALUES(?1, ?2)",
    [SQL_TAG_DROP] = "DELETE FROM tag WHERE page = ?1",
    [SQL_ERROR_PUT] = "REPLACE INTO page_error(path, shown, reason, detail, blob, epoch, shape, at)"
                      " VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
    [SQL_ERROR_DELETE] = "DELETE FROM page_error WHERE path = ?1",
    [SQL_CONFIG_READ] = "SELECT v FROM chunk_index_config WHERE k = ?1",
    [SQL_CONFIG_SET] = "INSERT INTO chunk_index(chunk_index, rank) VALUES(?1, ?2)",
    [SQL_MERGE] = "INSERT INTO chunk_index(chunk_index, rank) VALUES('merge', ?1)",
};

static bool prepare(struct store *store, struct error *e)
{
    return store_prepare(store, &store->page, sql, SQL_COUNT, e);
}

/* Sets an index option unless the store has it already: a write for nothing costs a commit. */
static bool set_option(struct store *store, const char *name, int64_t value, struct error *e)
{
    sqlite3_stmt *s = store->page.s[SQL_CONFIG_READ];
    bool row = false;
    bind_text(s, 1, name);
    if (!db_first(s, &row, e))
        return false;
    bool same = row && column_int(s, 0) == value;
    db_reset(s);
    if (same)
        return true;
    bind_text(store->page.s[SQL_CONFIG_SET], 1, name);
    bind_int(store->page.s[SQL_CONFIG_SET], 2, value);
    return db_run(store->page.s[SQL_CONFIG_SET], NULL, e);
}

bool store_bulk(struct store *store, struct error *e)
{
    if (store->bulk)
        return true;
    int64_t hash = store->memory == MEMORY_LOW ? HASH_BYTES_LOW : HASH_BYTES_NORMAL;
    store->bulk = prepare(store, e) && set_option(store, "hashsize", hash, e) &&
                  set_option(store, "automerge", 0, e) &&
                  set_option(store, "usermerge", MERGE_SEGMENTS, e) &&
                  set_option(store, "crisismerge", 256, e);
    return store->bulk;
}

static void bind_page(sqlite3_stmt *s, const struct page_origin *origin, const struct page *page)
{
    static const char *const kinds[] = {[PAGE_MARKDOWN] = "markdown", [PAGE_TEXT] = "text"};
    bind_text_size(s, 1, origin->path, origin->path_size);
    bind_text(s, 2, page->title);
    bind_text(s, 3, kinds[page->kind]);
    bind_text(s, 4, page->front);
    bind_text(s, 5, page->warning);
    bind_text(s, 6, origin->blob);
    bind_int(s, 7, origin->epoch);
    bind_int(s, 8, origin->size_bytes);
    bind_int(s, 9, clock_unix_s());
}

static bool put_chunks(struct store *store, int64_t id, const struct page *page, struct error *e)
{
    sqlite3_stmt *row = store->page.s[SQL_CHUNK_ADD];
    sqlite3_stmt *index = store->page.s[SQL_INDEX_ADD];
    for (size_t i = 0; i < page->chunk_count; i++) {
        const struct page_chunk *chunk = &page->chunks[i];
        const char *text = page->text.data + chunk->start;
        bind_int(row, 1, id);
        bind_int(row, 2, (int64_t)i);
        bind_text(row, 3, page->title);
        bind_text(row, 4, chunk->heading);
        bind_text_size(row, 5, text, chunk->size);
        if (!db_run(row, NULL, e))
            return false;
        bind_int(index, 1, sqlite3_last_insert_rowid(store->db));
        bind_text(index, 2, page->title);
        bind_text(index, 3, chunk->heading);
        bind_text_size(index, 4, text, chunk->size);
        if (!db_run(index, NULL, e))
            return false;
    }
    return true;
}

static bool put_links(struct store *store, int64_t id, const struct page_origin *origin,
                      const struct page *page, struct error *e)
{
    static const char *const kinds[] = {[LINK_WIKI] = "wiki", [LINK_MARKDOWN] = "markdown"};
    sqlite3_stmt *s = store->page.s[SQL_LINK_ADD];
    struct buf key = {0};
    bool ok = true;
    for (size_t i = 0; ok && i < page->link_count; i++) {
        const struct page_link *link = &page->links[i];
        bool inside = link_key(link->kind, link->target, origin->path, &key);
        bind_int(s, 1, id);
        bind_int(s, 2, (int64_t)link->chunk);
        bind_text(s, 3, kinds[link->kind]);
        bind_text(s, 4, link->target);
        bind_text(s, 5, inside ? key.data : NULL);
        bind_text(s, 6, link->label);
        bind_int(s, 7, (int64_t)i);
        ok = db_run(s, NULL, e);
    }
    buf_release(&key);
    return ok;
}

static bool put_tags(struct store *store, int64_t id, const struct page *page, struct error *e)
{
    sqlite3_stmt *s = store->page.s[SQL_TAG_ADD];
    for (size_t i = 0; i < page->tag_count; i++) {
        bind_int(s, 1, id);
        bind_text(s, 2, page->tags[i]);
        if (!db_run(s, NULL, e))
            return false;
    }
    return true;
}

static bool run_for_page(struct store *store, int statement, int64_t id, struct error *e)
{
    bind_int(store->page.s[statement], 1, id);
    return db_run(store->page.s[statement], NULL, e);
}

static bool drop_derived(struct store *store, int64_t id, struct error *e)
{
    return run_for_page(store, SQL_INDEX_DROP, id, e) &&
           run_for_page(store, SQL_CHUNK_DROP, id, e) &&
           run_for_page(store, SQL_LINK_DROP, id, e) && run_for_page(store, SQL_TAG_DROP, id, e);
}

bool store_page_put(struct store *store, int64_t *at, const struct page_origin *origin,
                    const struct page *page, struct error *e)
{
    int64_t id = *at;
    sqlite3_stmt *s = store->page.s[id ? SQL_PAGE_SET : SQL_PAGE_ADD];
    if (id && !drop_derived(store, id, e))
        return false;
    bind_page(s, origin, page);
    if (id)
        bind_int(s, 10, id);
    if (!db_run(s, NULL, e))
        return false;
    if (!id) {
        *at = id = sqlite3_last_insert_rowid(store->db);
        store_count(store, 1, 0);
    }
    return put_chunks(store, id, page, e) && put_links(store, id, origin, page, e) &&
           put_tags(store, id, page, e) &&
           store_error_delete(store, origin->path, origin->path_size, e);
}

bool store_page_delete(struct store *store, int64_t id, struct error *e)
{
    if (!drop_derived(store, id, e) || !run_for_page(store, SQL_PAGE_DELETE, id, e))
        return false;
    store_count(store, -1, 0);
    return true;
}

bool store_page_rename(struct store *store, int64_t id, const char *path, size_t path_size,
                       struct error *e)
{
    sqlite3_stmt *s = store->page.s[SQL_PAGE_RENAME];
    bind_int(s, 1, id);
    bind_text_size(s, 2, path, path_size);
    return db_run(s, NULL, e) && store_error_delete(store, path, path_size, e);
}

bool store_error_put(struct store *store, const struct page_origin *origin,
                     const struct page_refusal *refusal, struct error *e)
{
    sqlite3_stmt *s = store->page.s[SQL_ERROR_PUT];
    struct buf shown = {0};
    if (!store_error_delete(store, origin->path, origin->path_size, e))
        return false;
    text_escape(&shown, origin->path, origin->path_size);
    bind_blob(s, 1, origin->path, origin->path_size);
    bind_text_size(s, 2, shown.data, shown.size);
    bind_text(s, 3, refusal->reason);
    bind_text(s, 4, refusal->detail);
    bind_text(s, 5, origin->blob);
    bind_int(s, 6, origin->epoch);
    bind_text(s, 7, refusal->shape);
    bind_int(s, 8, clock_unix_s());
    bool ok = db_run(s, NULL, e);
    buf_release(&shown);
    store->has_errors = true;
    if (ok)
        store_count(store, 0, 1);
    return ok;
}

bool store_error_delete(struct store *store, const char *path, size_t path_size, struct error *e)
{
    int64_t changes = 0;
    if (!store->has_errors)
        return true;
    bind_blob(store->page.s[SQL_ERROR_DELETE], 1, path, path_size);
    if (!db_run(store->page.s[SQL_ERROR_DELETE], &changes, e))
        return false;
    store_count(store, 0, -changes);
    return true;
}

bool store_merge_step(struct store *store, bool *more, struct error *e)
{
    if (!prepare(store, e) || !store_begin(store, e))
        return false;
    /* "If the value returned is less than 2, the merge command was a no-op": FTS5, section 6.8. */
    int64_t before = sqlite3_total_changes64(store->db);
    bind_int(store->page.s[SQL_MERGE], 1, MERGE_STEP_PAGES);
    bool ok = db_run(store->page.s[SQL_MERGE], NULL, e);
    *more = ok && sqlite3_total_changes64(store->db) - before >= 2;
    if (ok && store_quiet_commit(store, e))
        return true;
    store_rollback(store);
    return false;
}
