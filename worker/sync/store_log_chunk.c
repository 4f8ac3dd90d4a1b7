/* The chunks of a page that grows: put at its end, extended, moved, titled anew. */
#include <string.h>

#include "common/clock.h"
#include "worker/sync/store_index.h"
#include "worker/sync/store_internal.h"
#include "worker/sync/store_log.h"

enum {
    SQL_ADD,
    SQL_SET,
    SQL_READ,
    SQL_SHIFT,
    SQL_DROP,
    SQL_RETITLE,
    SQL_PAGE_READ,
    SQL_PAGE_SET,
    SQL_COUNT
};

static const char *const sql[SQL_COUNT] = {
    [SQL_ADD] = "INSERT INTO chunk(page, position, title, heading, text, id)"
                " VALUES(?1, ?2, ?3, ?4, ?5, ?6)",
    [SQL_SET] = "UPDATE chunk SET text = ?2 WHERE id = ?1",
    [SQL_READ] = "SELECT id, text FROM chunk WHERE page = ?1 AND position = ?2",
    [SQL_SHIFT] = "UPDATE chunk SET position = position + ?3 WHERE page = ?1 AND position >= ?2",
    [SQL_DROP] = "DELETE FROM chunk WHERE id = ?1",
    [SQL_RETITLE] =
        "UPDATE chunk SET title = (SELECT page.title FROM page WHERE page.id = chunk.page)"
        " WHERE id = ?1",
    [SQL_PAGE_READ] = "SELECT title FROM page WHERE id = ?1",
    [SQL_PAGE_SET] = "UPDATE page SET path = ?2, title = ?3, front = ?4, size_bytes = ?5,"
                     " updated_at = ?6 WHERE id = ?1",
};

static sqlite3_stmt *statement(struct store *store, int which, struct error *e)
{
    if (!store_prepare(store, &store->log_chunk, sql, SQL_COUNT, e))
        return NULL;
    return store->log_chunk.s[which];
}

static bool write_row(struct store *store, struct log_chunk *chunk, struct error *e)
{
    sqlite3_stmt *s = statement(store, chunk->id ? SQL_SET : SQL_ADD, e);
    if (!s)
        return false;
    if (chunk->id) {
        bind_int(s, 1, chunk->id);
        bind_text_size(s, 2, chunk->text, chunk->size);
        return db_run(s, NULL, e);
    }
    bind_int(s, 1, chunk->page);
    bind_int(s, 2, chunk->position);
    bind_text(s, 3, chunk->title);
    bind_text(s, 4, chunk->heading);
    bind_text_size(s, 5, chunk->text, chunk->size);
    int64_t next = store_index_next(store);
    if (next)
        bind_int(s, 6, next);
    if (!db_run(s, NULL, e))
        return false;
    chunk->id = sqlite3_last_insert_rowid(store->db);
    return true;
}

bool store_log_chunk_put(struct store *store, struct log_chunk *chunk, struct error *e)
{
    if ((chunk->id && !store_index_drop(store, chunk->id, e)) || !write_row(store, chunk, e))
        return false;
    const struct index_row row = {.id = chunk->id,
                                  .title = chunk->title,
                                  .heading = chunk->heading,
                                  .text = chunk->text,
                                  .size = chunk->size};
    return store_index_add(store, &row, e);
}

bool store_log_chunk_read(struct store *store, struct log_chunk *chunk, struct buf *text,
                          struct error *e)
{
    sqlite3_stmt *s = statement(store, SQL_READ, e);
    bool row = false;
    if (!s)
        return false;
    bind_int(s, 1, chunk->page);
    bind_int(s, 2, chunk->position);
    if (!db_first(s, &row, e))
        return false;
    chunk->id = row ? column_int(s, 0) : 0;
    if (row)
        buf_add(text, column_text(s, 1), (size_t)sqlite3_column_bytes(s, 1));
    db_reset(s);
    return row || error_set(e, CAUSE_BUG, "the chunk that a log goes on in is not there");
}

bool store_log_shift(struct store *store, int64_t page, int64_t from, int64_t by, struct error *e)
{
    sqlite3_stmt *s = statement(store, SQL_SHIFT, e);
    if (!s)
        return false;
    bind_int(s, 1, page);
    bind_int(s, 2, from);
    bind_int(s, 3, by);
    return db_run(s, NULL, e);
}

bool store_log_chunks_drop(struct store *store, int64_t page, struct error *e)
{
    return store_index_change_page(store, page, statement(store, SQL_DROP, e), e);
}

bool store_log_page_set(struct store *store, int64_t page, const struct log_page *now,
                        struct error *e)
{
    sqlite3_stmt *read = statement(store, SQL_PAGE_READ, e);
    bool row = false;
    if (!read)
        return false;
    bind_int(read, 1, page);
    if (!db_first(read, &row, e))
        return false;
    bool other = row && (strcmp(column_text(read, 0), now->title) != 0 ||
                         (now->chunk_title && strcmp(now->chunk_title, now->title) != 0));
    db_reset(read);
    sqlite3_stmt *set = statement(store, SQL_PAGE_SET, e);
    bind_int(set, 1, page);
    bind_text(set, 2, now->path);
    bind_text(set, 3, now->title);
    bind_text(set, 4, now->front);
    bind_int(set, 5, now->size_bytes);
    bind_int(set, 6, clock_unix_s());
    /* The title is a column of the index. */
    return db_run(set, NULL, e) &&
           (!other || store_index_change_page(store, page, statement(store, SQL_RETITLE, e), e));
}
