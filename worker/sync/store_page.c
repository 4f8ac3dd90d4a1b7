/* Pages in the store, with what is derived from them. */
#include "worker/sync/store_page.h"

#include <string.h>

#include "common/clock.h"
#include "common/text.h"
#include "worker/sync/link_key.h"
#include "worker/sync/store_index.h"
#include "worker/sync/store_internal.h"

enum {
    SQL_PAGE_ADD,
    SQL_PAGE_SET,
    SQL_PAGE_DELETE,
    SQL_PAGE_RENAME,
    SQL_PAGE_EXPIRE,
    SQL_CHUNK_ADD,
    SQL_CHUNK_READ,
    SQL_CHUNK_SET,
    SQL_CHUNK_DELETE,
    SQL_LINK_ADD,
    SQL_LINK_DROP,
    SQL_TAG_ADD,
    SQL_TAG_DROP,
    SQL_ERROR_PUT,
    SQL_ERROR_DELETE,
    SQL_COUNT
};

static const char *const sql[SQL_COUNT] = {
    [SQL_PAGE_ADD] = "INSERT INTO page(path, title, kind, front, warning, blob, epoch, size_bytes,"
                     " created_at, updated_at) VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?9)",
    [SQL_PAGE_SET] = "UPDATE page SET path = ?1, title = ?2, kind = ?3, front = ?4, warning = ?5,"
                     " blob = ?6, epoch = ?7, size_bytes = ?8, updated_at = ?9 WHERE id = ?10",
    [SQL_PAGE_DELETE] = "DELETE FROM page WHERE id = ?1",
    [SQL_PAGE_EXPIRE] = "UPDATE page SET epoch = -1 WHERE id = ?1",
    [SQL_PAGE_RENAME] = "UPDATE page SET path = ?2 WHERE id = ?1",
    [SQL_CHUNK_ADD] = "INSERT INTO chunk(page, position, title, heading, text, id)"
                      " VALUES(?1, ?2, ?3, ?4, ?5, ?6)",
    [SQL_CHUNK_READ] = "SELECT id, title, heading, text FROM chunk WHERE page = ?1"
                       " ORDER BY position",
    [SQL_CHUNK_SET] = "UPDATE chunk SET title = ?3, heading = ?4, text = ?5 WHERE id = ?6",
    [SQL_CHUNK_DELETE] = "DELETE FROM chunk WHERE id = ?1",
    [SQL_LINK_ADD] = "INSERT INTO link(page, seq, position, kind, target, key, label)"
                     " VALUES(?1, ?7, ?2, ?3, ?4, ?5, ?6)",
    [SQL_LINK_DROP] = "DELETE FROM link WHERE page = ?1",
    [SQL_TAG_ADD] = "INSERT OR IGNORE INTO tag(page, tag) VALUES(?1, ?2)",
    [SQL_TAG_DROP] = "DELETE FROM tag WHERE page = ?1",
    [SQL_ERROR_PUT] = "REPLACE INTO page_error(path, shown, reason, detail, blob, epoch, shape, at)"
                      " VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
    [SQL_ERROR_DELETE] = "DELETE FROM page_error WHERE path = ?1",
};

static bool prepare(struct store *store, struct error *e)
{
    return store_prepare(store, &store->page, sql, SQL_COUNT, e);
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

static bool run_for_page(struct store *store, int statement, int64_t id, struct error *e)
{
    bind_int(store->page.s[statement], 1, id);
    return db_run(store->page.s[statement], NULL, e);
}

static struct index_row chunk_row(const struct page *page, size_t at)
{
    const struct page_chunk *chunk = &page->chunks[at];
    return (struct index_row){.title = page->title,
                              .heading = chunk->heading,
                              .text = page->text.data + chunk->start,
                              .size = chunk->size};
}

static void bind_chunk(sqlite3_stmt *s, const struct index_row *row)
{
    bind_text(s, 3, row->title);
    bind_text(s, 4, row->heading);
    bind_text_size(s, 5, row->text, row->size);
    if (row->id)
        bind_int(s, 6, row->id);
}

static bool add_chunk(struct store *store, int64_t page, size_t at, struct index_row *row,
                      struct error *e)
{
    sqlite3_stmt *s = store->page.s[SQL_CHUNK_ADD];
    row->id = store_index_next(store);
    bind_int(s, 1, page);
    bind_int(s, 2, (int64_t)at);
    bind_chunk(s, row);
    if (!db_run(s, NULL, e))
        return false;
    row->id = sqlite3_last_insert_rowid(store->db);
    return store_index_add(store, row, e);
}

/* A chunk that a page has. */
struct old_chunk {
    int64_t id;
    bool same; /* as the one that it gets at that place */
};

static bool is_same(sqlite3_stmt *s, const struct index_row *row)
{
    const void *text = sqlite3_column_blob(s, 3);
    size_t size = (size_t)sqlite3_column_bytes(s, 3);
    return size == row->size && (size == 0 || memcmp(text, row->text, size) == 0) &&
           strcmp(column_text(s, 1), row->title) == 0 &&
           strcmp(column_text(s, 2), row->heading) == 0;
}

static bool read_chunks(struct store *store, int64_t id, const struct page *page, struct buf *old,
                        struct error *e)
{
    sqlite3_stmt *s = store->page.s[SQL_CHUNK_READ];
    enum db_row answer;
    bind_int(s, 1, id);
    for (size_t at = 0; (answer = db_step(s, e)) == DB_ROW; at++) {
        struct old_chunk chunk = {.id = column_int(s, 0)};
        if (at < page->chunk_count) {
            struct index_row row = chunk_row(page, at);
            chunk.same = is_same(s, &row);
        }
        buf_add(old, &chunk, sizeof chunk);
    }
    return answer == DB_DONE;
}

/* What is the same stays: most of a page that is edited, all of one that is imported anew. */
static bool change_chunk(struct store *store, const struct page *page, size_t at,
                         const struct old_chunk *old, struct error *e)
{
    if (old->same)
        return true;
    if (!store_index_drop(store, old->id, e))
        return false;
    if (at >= page->chunk_count)
        return run_for_page(store, SQL_CHUNK_DELETE, old->id, e);
    struct index_row row = chunk_row(page, at);
    row.id = old->id;
    bind_chunk(store->page.s[SQL_CHUNK_SET], &row);
    return db_run(store->page.s[SQL_CHUNK_SET], NULL, e) && store_index_add(store, &row, e);
}

/* `there`: the page may have some. */
static bool put_chunks(struct store *store, int64_t id, bool there, const struct page *page,
                       struct error *e)
{
    struct buf list = {0};
    bool ok = !there || read_chunks(store, id, page, &list, e);
    size_t count = list.size / sizeof(struct old_chunk);
    for (size_t i = 0; ok && i < count; i++) {
        struct old_chunk old;
        memcpy(&old, list.data + i * sizeof old, sizeof old);
        ok = change_chunk(store, page, i, &old, e);
    }
    for (size_t i = count; ok && i < page->chunk_count; i++) {
        struct index_row row = chunk_row(page, i);
        ok = add_chunk(store, id, i, &row, e);
    }
    buf_release(&list);
    return ok;
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

static bool drop_links(struct store *store, int64_t id, struct error *e)
{
    return run_for_page(store, SQL_LINK_DROP, id, e) && run_for_page(store, SQL_TAG_DROP, id, e);
}

static bool drop_derived(struct store *store, int64_t id, struct error *e)
{
    return store_index_change_page(store, id, store->page.s[SQL_CHUNK_DELETE], e) &&
           drop_links(store, id, e);
}

bool store_page_put(struct store *store, int64_t *at, const struct page_origin *origin,
                    const struct page *page, struct error *e)
{
    int64_t id = *at;
    bool there = id != 0;
    if (!prepare(store, e) || (there && !drop_links(store, id, e)))
        return false;
    sqlite3_stmt *s = store->page.s[there ? SQL_PAGE_SET : SQL_PAGE_ADD];
    bind_page(s, origin, page);
    if (there)
        bind_int(s, 10, id);
    if (!db_run(s, NULL, e))
        return false;
    if (!there) {
        *at = id = sqlite3_last_insert_rowid(store->db);
        store_count(store, 1, 0);
    }
    return put_chunks(store, id, there, page, e) && put_links(store, id, origin, page, e) &&
           put_tags(store, id, page, e) &&
           store_error_delete(store, origin->path, origin->path_size, e);
}

bool store_page_delete(struct store *store, int64_t id, struct error *e)
{
    if (!prepare(store, e) || !drop_derived(store, id, e) ||
        !run_for_page(store, SQL_PAGE_DELETE, id, e))
        return false;
    store_count(store, -1, 0);
    return true;
}

bool store_page_expire(struct store *store, int64_t id, struct error *e)
{
    return prepare(store, e) && run_for_page(store, SQL_PAGE_EXPIRE, id, e);
}

bool store_page_rename(struct store *store, int64_t id, const char *path, size_t path_size,
                       struct error *e)
{
    if (!prepare(store, e))
        return false;
    sqlite3_stmt *s = store->page.s[SQL_PAGE_RENAME];
    bind_int(s, 1, id);
    bind_text_size(s, 2, path, path_size);
    return db_run(s, NULL, e) && store_error_delete(store, path, path_size, e);
}

bool store_error_put(struct store *store, const struct page_origin *origin,
                     const struct page_refusal *refusal, struct error *e)
{
    struct buf shown = {0};
    if (!prepare(store, e) || !store_error_delete(store, origin->path, origin->path_size, e))
        return false;
    sqlite3_stmt *s = store->page.s[SQL_ERROR_PUT];
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
    if (!prepare(store, e))
        return false;
    bind_blob(store->page.s[SQL_ERROR_DELETE], 1, path, path_size);
    if (!db_run(store->page.s[SQL_ERROR_DELETE], &changes, e))
        return false;
    store_count(store, 0, -changes);
    return true;
}
