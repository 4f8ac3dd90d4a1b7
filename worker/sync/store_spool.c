/* How far the spool's files were read. */
#include "worker/sync/store_spool.h"

#include <stdlib.h>
#include <string.h>

#include "worker/sync/store_internal.h"

enum { SQL_OFFSET, SQL_SET, SQL_NAMES, SQL_DROP, SQL_FORGET, SQL_COUNT };

static const char *const sql[SQL_COUNT] = {
    [SQL_OFFSET] = "SELECT offset FROM spool_file WHERE name = ?1",
    [SQL_SET] = "INSERT INTO spool_file(name, offset, lines) VALUES(?1, ?2, ?3)"
                " ON CONFLICT(name) DO UPDATE SET offset = excluded.offset,"
                " lines = lines + excluded.lines",
    [SQL_NAMES] = "SELECT name FROM spool_file ORDER BY name",
    [SQL_DROP] = "DELETE FROM spool_file WHERE name = ?1",
    [SQL_FORGET] = "DELETE FROM page_error WHERE at < ?1 AND reason = 'bad-line'",
};

static sqlite3_stmt *statement(struct store *store, int which, struct error *e)
{
    if (!store_prepare(store, &store->spool, sql, SQL_COUNT, e))
        return NULL;
    return store->spool.s[which];
}

bool store_spool_offset(struct store *store, const char *name, int64_t *offset, struct error *e)
{
    sqlite3_stmt *s = statement(store, SQL_OFFSET, e);
    if (!s)
        return false;
    bind_text(s, 1, name);
    return db_number(s, 0, offset, e);
}

bool store_spool_set(struct store *store, const char *name, int64_t offset, int64_t lines,
                     struct error *e)
{
    sqlite3_stmt *s = statement(store, SQL_SET, e);
    if (!s)
        return false;
    bind_text(s, 1, name);
    bind_int(s, 2, offset);
    bind_int(s, 3, lines);
    return db_run(s, NULL, e);
}

static int by_name(const void *a, const void *b)
{
    return strcmp(a, b);
}

static bool is_there(const struct spool_files *files, const char *name)
{
    return files->count && bsearch(name, files->names, files->count, sizeof *files->names, by_name);
}

bool store_spool_prune(struct store *store, const struct spool_files *files, struct error *e)
{
    sqlite3_stmt *names = statement(store, SQL_NAMES, e);
    struct spool_files gone = {0};
    enum db_row row;
    bool ok = true;
    if (!names)
        return false;
    while ((row = db_step(names, e)) == DB_ROW)
        if (!is_there(files, column_text(names, 0)))
            spool_files_add(&gone, column_text(names, 0));
    for (size_t i = 0; row == DB_DONE && ok && i < gone.count; i++) {
        bind_text(store->spool.s[SQL_DROP], 1, gone.names[i]);
        ok = db_run(store->spool.s[SQL_DROP], NULL, e);
    }
    spool_files_release(&gone);
    return ok && row == DB_DONE;
}

bool store_spool_forget_errors(struct store *store, int64_t before_s, struct error *e)
{
    sqlite3_stmt *s = statement(store, SQL_FORGET, e);
    int64_t changes = 0;
    if (!s)
        return false;
    bind_int(s, 1, before_s);
    if (!db_run(s, &changes, e))
        return false;
    store_count(store, 0, -changes);
    return true;
}

/* With synchronous=NORMAL a commit is in the log, and the log not yet on the disk. */
bool store_durable(struct store *store, struct error *e)
{
    sqlite3_file *log = NULL;
    int code = sqlite3_file_control(store->db, "main", SQLITE_FCNTL_JOURNAL_POINTER, &log);
    if (code == SQLITE_OK && log && log->pMethods)
        code = log->pMethods->xSync(log, SQLITE_SYNC_NORMAL);
    return code == SQLITE_OK ||
           error_set(e, CAUSE_STORE, "sync of the store's log: %s", sqlite3_errstr(code));
}
