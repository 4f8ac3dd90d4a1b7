/* What a folder's files looked like when they were last hashed. */
#include "worker/sync/store_files.h"

#include "worker/sync/store_internal.h"

enum { SQL_ALL, SQL_PUT, SQL_DROP, SQL_COUNT };

#define FILE_COLUMNS "path, size_bytes, mtime_ns, ctime_ns, inode, blob"

static const char *const sql[SQL_COUNT] = {
    [SQL_ALL] = "SELECT " FILE_COLUMNS " FROM file ORDER BY path",
    [SQL_PUT] = "REPLACE INTO file(" FILE_COLUMNS ") VALUES(?1, ?2, ?3, ?4, ?5, ?6)",
    [SQL_DROP] = "DELETE FROM file WHERE path = ?1",
};

static bool prepare(struct store *store, struct error *e)
{
    return store_prepare(store, &store->files, sql, SQL_COUNT, e);
}

bool store_files_next(struct store *store, struct file_row *row, bool *there, struct error *e)
{
    if (!prepare(store, e))
        return false;
    sqlite3_stmt *s = store->files.s[SQL_ALL];
    enum db_row answer = db_step(s, e);
    *there = answer == DB_ROW;
    if (answer != DB_ROW)
        return answer == DB_DONE;
    row->path = sqlite3_column_blob(s, 0);
    row->path_size = (size_t)sqlite3_column_bytes(s, 0);
    row->look = (struct file_look){
        .size_bytes = column_int(s, 1),
        .mtime_ns = column_int(s, 2),
        .ctime_ns = column_int(s, 3),
        .inode = column_int(s, 4),
    };
    row->blob = column_text(s, 5);
    return true;
}

void store_files_end(struct store *store)
{
    if (store->files.count)
        db_reset(store->files.s[SQL_ALL]);
}

bool store_file_put(struct store *store, const struct file_row *row, struct error *e)
{
    if (!prepare(store, e))
        return false;
    sqlite3_stmt *s = store->files.s[SQL_PUT];
    bind_blob(s, 1, row->path, row->path_size);
    bind_int(s, 2, row->look.size_bytes);
    bind_int(s, 3, row->look.mtime_ns);
    bind_int(s, 4, row->look.ctime_ns);
    bind_int(s, 5, row->look.inode);
    bind_text(s, 6, row->blob);
    return db_run(s, NULL, e);
}

bool store_file_drop(struct store *store, const char *path, size_t path_size, struct error *e)
{
    if (!prepare(store, e))
        return false;
    bind_blob(store->files.s[SQL_DROP], 1, path, path_size);
    return db_run(store->files.s[SQL_DROP], NULL, e);
}
