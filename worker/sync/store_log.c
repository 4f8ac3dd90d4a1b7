/* Files of an agent's logs: their rows, and what those of one page sum up to. */
#include "worker/sync/store_log.h"

#include <stdlib.h>
#include <string.h>

#include "worker/sync/store_internal.h"

enum {
    SQL_EACH,
    SQL_OF_PAGE,
    SQL_READ,
    SQL_ADD,
    SQL_SET,
    SQL_RENAME,
    SQL_DROP,
    SQL_COUNT_OF_PAGE,
    SQL_RESET,
    SQL_SESSION,
    SQL_SUM,
    SQL_TITLE,
    SQL_CWD,
    SQL_BASE,
    SQL_NEXT_PAGE,
    SQL_ORPHAN,
    SQL_COUNT
};

#define HEAD "SELECT id, path, inode, size, mtime_ns, offset, epoch, page FROM log_file"

static const char *const sql[SQL_COUNT] = {
    [SQL_EACH] = HEAD " ORDER BY path",
    [SQL_OF_PAGE] = HEAD " WHERE page = ?1 ORDER BY path",
    [SQL_READ] =
        "SELECT id, inode, size, mtime_ns, offset, tail_hash, generation, epoch, coalesce(page, 0),"
        " chunks, title_rank, cwd_rank, coalesce(started_at, -1), coalesce(ended_at, -1), prompts,"
        " messages, input_tokens, output_tokens, cache_read_tokens, cache_creation_tokens, title,"
        " cwd, state FROM log_file WHERE path = ?1",
    [SQL_ADD] =
        "INSERT INTO log_file(path, inode, size, mtime_ns, offset, tail_hash, generation, epoch,"
        " page, chunks, title_rank, cwd_rank, started_at, ended_at, prompts, messages,"
        " input_tokens, output_tokens, cache_read_tokens, cache_creation_tokens, title, cwd, state)"
        " VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, nullif(?9, 0), ?10, ?11, ?12, nullif(?13, -1),"
        " nullif(?14, -1), ?15, ?16, ?17, ?18, ?19, ?20, ?21, ?22, ?23)",
    [SQL_SET] = "UPDATE log_file SET inode = ?2, size = ?3, mtime_ns = ?4, offset = ?5,"
                " tail_hash = ?6, generation = ?7, epoch = ?8, page = nullif(?9, 0), chunks = ?10,"
                " title_rank = ?11, cwd_rank = ?12, started_at = nullif(?13, -1),"
                " ended_at = nullif(?14, -1), prompts = ?15, messages = ?16, input_tokens = ?17,"
                " output_tokens = ?18, cache_read_tokens = ?19, cache_creation_tokens = ?20,"
                " title = ?21, cwd = ?22, state = ?23 WHERE path = ?1",
    [SQL_RENAME] = "UPDATE log_file SET path = ?2 WHERE id = ?1",
    [SQL_DROP] = "DELETE FROM log_file WHERE id = ?1",
    [SQL_COUNT_OF_PAGE] = "SELECT count(*) FROM log_file WHERE page = ?1",
    [SQL_RESET] = "UPDATE log_file SET size = -1, offset = 0, tail_hash = 0,"
                  " generation = generation + 1, page = NULL, chunks = 0, title_rank = 0,"
                  " cwd_rank = 0, started_at = NULL, ended_at = NULL, prompts = 0, messages = 0,"
                  " input_tokens = 0, output_tokens = 0, cache_read_tokens = 0,"
                  " cache_creation_tokens = 0, title = '', cwd = '', state = '' WHERE page = ?1",
    [SQL_SESSION] = "SELECT page FROM session WHERE uuid = ?1",
    [SQL_SUM] = "SELECT coalesce(min(started_at), -1), coalesce(max(ended_at), -1), sum(prompts),"
                " sum(messages), sum(input_tokens), sum(output_tokens), sum(cache_read_tokens),"
                " sum(cache_creation_tokens), sum(offset), sum(chunks)"
                " FROM log_file WHERE page = ?1",
    [SQL_TITLE] = "SELECT title FROM log_file WHERE page = ?1 AND title_rank > 0"
                  " ORDER BY title_rank DESC, path LIMIT 1",
    [SQL_CWD] = "SELECT cwd FROM log_file WHERE page = ?1 AND cwd_rank > 0"
                " ORDER BY cwd_rank DESC, path LIMIT 1",
    [SQL_BASE] = "SELECT coalesce(sum(chunks), 0) FROM log_file WHERE page = ?1 AND path < ?2",
    [SQL_NEXT_PAGE] = "SELECT coalesce(max(id), 0) + 1 FROM page",
    [SQL_ORPHAN] = "SELECT id FROM page WHERE NOT EXISTS"
                   " (SELECT 1 FROM log_file WHERE log_file.page = page.id) LIMIT 1",
};

static sqlite3_stmt *statement(struct store *store, int which, struct error *e)
{
    if (!store_prepare(store, &store->log, sql, SQL_COUNT, e))
        return NULL;
    return store->log.s[which];
}

static void bind_path(sqlite3_stmt *s, int at, const char *path)
{
    bind_blob(s, at, path, strlen(path));
}

bool store_log_each(struct store *store, int64_t page,
                    bool (*take)(void *context, const struct log_file_head *head, struct error *e),
                    void *context, struct error *e)
{
    sqlite3_stmt *s = statement(store, page ? SQL_OF_PAGE : SQL_EACH, e);
    enum db_row row = DB_ROW;
    struct buf path = {0};
    bool ok = s != NULL;
    if (s && page)
        bind_int(s, 1, page);
    while (ok && (row = db_step(s, e)) == DB_ROW) {
        buf_reset(&path);
        buf_add(&path, sqlite3_column_blob(s, 1), (size_t)sqlite3_column_bytes(s, 1));
        const struct log_file_head head = {
            .id = column_int(s, 0),
            .path = path.data,
            .stat = {column_int(s, 2), column_int(s, 3), column_int(s, 4)},
            .offset = column_int(s, 5),
            .epoch = column_int(s, 6),
            .page = column_int(s, 7),
        };
        ok = take(context, &head, e);
        if (!ok)
            db_reset(s);
    }
    buf_release(&path);
    return ok && row == DB_DONE;
}

bool store_log_read(struct store *store, const char *path, struct log_file *file, bool *found,
                    struct error *e)
{
    sqlite3_stmt *s = statement(store, SQL_READ, e);
    *file = (struct log_file){.path = path, .started_at = -1, .ended_at = -1, .stat.size = -1};
    if (!s)
        return false;
    bind_path(s, 1, path);
    if (!db_first(s, found, e))
        return false;
    if (!*found)
        return true;
    int64_t *const numbers[] = {
        &file->id,        &file->stat.inode, &file->stat.size, &file->stat.mtime_ns, &file->offset,
        &file->tail_hash, &file->generation, &file->epoch,     &file->page,          &file->chunks};
    for (int i = 0; i < (int)(sizeof numbers / sizeof *numbers); i++)
        *numbers[i] = column_int(s, i);
    file->title_rank = (int)column_int(s, 10);
    file->cwd_rank = (int)column_int(s, 11);
    int64_t *const counts[] = {&file->started_at,        &file->ended_at,
                               &file->prompts,           &file->messages,
                               &file->tokens.input,      &file->tokens.output,
                               &file->tokens.cache_read, &file->tokens.cache_creation};
    for (int i = 0; i < (int)(sizeof counts / sizeof *counts); i++)
        *counts[i] = column_int(s, 12 + i);
    column_copy(s, 20, file->title, sizeof file->title);
    column_copy(s, 21, file->cwd, sizeof file->cwd);
    file->state = json_loads(column_text(s, 22), 0, NULL);
    db_reset(s);
    return true;
}

void log_file_release(struct log_file *file)
{
    json_decref(file->state);
    *file = (struct log_file){0};
}

bool store_log_save(struct store *store, struct log_file *file, struct error *e)
{
    sqlite3_stmt *s = statement(store, file->id ? SQL_SET : SQL_ADD, e);
    if (!s)
        return false;
    char *state = file->state ? json_dumps(file->state, JSON_COMPACT) : NULL;
    const int64_t numbers[] = {file->stat.inode,
                               file->stat.size,
                               file->stat.mtime_ns,
                               file->offset,
                               file->tail_hash,
                               file->generation,
                               file->epoch,
                               file->page,
                               file->chunks,
                               file->title_rank,
                               file->cwd_rank,
                               file->started_at,
                               file->ended_at,
                               file->prompts,
                               file->messages,
                               file->tokens.input,
                               file->tokens.output,
                               file->tokens.cache_read,
                               file->tokens.cache_creation};
    bind_path(s, 1, file->path);
    for (int i = 0; i < (int)(sizeof numbers / sizeof *numbers); i++)
        bind_int(s, 2 + i, numbers[i]);
    bind_text(s, 21, file->title);
    bind_text(s, 22, file->cwd);
    bind_text(s, 23, state ? state : "");
    bool ok = db_run(s, NULL, e);
    if (ok && !file->id)
        file->id = sqlite3_last_insert_rowid(store->db);
    free(state);
    return ok;
}

bool store_log_rename(struct store *store, int64_t id, const char *path, struct error *e)
{
    sqlite3_stmt *s = statement(store, SQL_RENAME, e);
    if (!s)
        return false;
    bind_int(s, 1, id);
    bind_path(s, 2, path);
    return db_run(s, NULL, e);
}

bool store_log_drop(struct store *store, int64_t id, struct error *e)
{
    return db_run_on(statement(store, SQL_DROP, e), id, e);
}

bool store_log_count(struct store *store, int64_t page, int64_t *files, struct error *e)
{
    sqlite3_stmt *s = statement(store, SQL_COUNT_OF_PAGE, e);
    if (!s)
        return false;
    bind_int(s, 1, page);
    return db_number(s, 0, files, e);
}

bool store_log_reset(struct store *store, int64_t page, struct error *e)
{
    return db_run_on(statement(store, SQL_RESET, e), page, e) &&
           store_log_chunks_drop(store, page, e) && store_session_reset(store, page, e);
}

bool store_log_session(struct store *store, const char *uuid, int64_t *page, struct error *e)
{
    sqlite3_stmt *s = statement(store, SQL_SESSION, e);
    if (!s)
        return false;
    bind_text(s, 1, uuid);
    return db_number(s, 0, page, e);
}

/* The best title, or folder, that a file of the page has. */
static bool best(struct store *store, int which, struct log_sum *sum, struct error *e)
{
    sqlite3_stmt *s = statement(store, which, e);
    bool row = false;
    if (!s)
        return false;
    bind_int(s, 1, sum->row.page);
    if (!db_first(s, &row, e))
        return false;
    if (row && which == SQL_TITLE)
        column_copy(s, 0, sum->title, sizeof sum->title);
    else if (row)
        column_copy(s, 0, sum->cwd, sizeof sum->cwd);
    db_reset(s);
    return true;
}

bool store_log_sum(struct store *store, int64_t page, struct log_sum *sum, struct error *e)
{
    sqlite3_stmt *s = statement(store, SQL_SUM, e);
    struct session_row *row = &sum->row;
    bool any = false;
    *sum = (struct log_sum){.row.page = page};
    if (!s)
        return false;
    bind_int(s, 1, page);
    if (!db_first(s, &any, e))
        return false;
    int64_t *const numbers[] = {&row->started_at,
                                &row->ended_at,
                                &row->prompts,
                                &row->messages,
                                &row->tokens.input,
                                &row->tokens.output,
                                &row->tokens.cache_read,
                                &row->tokens.cache_creation,
                                &sum->bytes,
                                &sum->chunks};
    for (int i = 0; any && i < (int)(sizeof numbers / sizeof *numbers); i++)
        *numbers[i] = column_int(s, i);
    db_reset(s);
    if (row->started_at >= 0)
        row->duration_ms = (row->ended_at - row->started_at) * 1000;
    return best(store, SQL_TITLE, sum, e) && best(store, SQL_CWD, sum, e);
}

bool store_log_base(struct store *store, const struct log_file *file, int64_t *base,
                    struct error *e)
{
    sqlite3_stmt *s = statement(store, SQL_BASE, e);
    if (!s)
        return false;
    bind_int(s, 1, file->page);
    bind_path(s, 2, file->path);
    return db_number(s, 0, base, e);
}

bool store_log_next_page(struct store *store, int64_t *page, struct error *e)
{
    return db_number(statement(store, SQL_NEXT_PAGE, e), 1, page, e);
}

bool store_log_orphan(struct store *store, int64_t *page, struct error *e)
{
    return db_number(statement(store, SQL_ORPHAN, e), 0, page, e);
}
