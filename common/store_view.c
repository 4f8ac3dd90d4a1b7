/* What a store says of itself, in one snapshot. */
#include "common/store_view.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "common/cleanup.h"
#include "common/store_db.h"
#include "common/store_schema.h"

enum { VIEW_BUSY_MS = 2000 };

enum { SQL_LOCK, SQL_STATE, SQL_LAST_RUN, SQL_COUNT };

static const char *const sql[SQL_COUNT] = {
    [SQL_LOCK] = "SELECT run_id, host, boot_id, pid_namespace, pid, pid_start, phase, done, total,"
                 " acquired_at, last_refreshed_at, progress_seq FROM lock",
    [SQL_STATE] =
        "SELECT bookmark, target, last_success_at, version, pages, errors FROM sync_state",
    [SQL_LAST_RUN] = "SELECT " RUN_COLUMNS " FROM run ORDER BY seq DESC LIMIT 1",
};

/* Size of the file and, if it is there, of its log. */
static int64_t bytes_on_disk(const char *path)
{
    static const char *const suffixes[] = {"", "-wal"};
    int64_t sum = 0;
    for (size_t i = 0; i < sizeof suffixes / sizeof *suffixes; i++) {
        char name[4096];
        struct stat st;
        snprintf(name, sizeof name, "%s%s", path, suffixes[i]);
        if (stat(name, &st) == 0)
            sum += st.st_size;
    }
    return sum;
}

int64_t store_view_bytes(const struct home *home, const char *id)
{
    CLEANUP(free_text) char *path = home_source_path(home, id, SOURCE_STORE);
    return bytes_on_disk(path);
}

/* *db stays NULL where there is no store yet, or one that has no tables yet. */
static bool open_view(const char *path, const struct db_options *options, sqlite3 **db,
                      struct error *e)
{
    struct stat st;
    int format = 0;
    if (stat(path, &st) != 0 && (errno == ENOENT || errno == ENOTDIR))
        return true;
    if (!db_open(path, options, db, e))
        return false;
    bool ok = db_version_check(*db, store_format, "store", &format, e);
    if (!ok || format < STORE_FORMAT_VIEWED)
        db_close(db);
    return ok;
}

static void read_lock(sqlite3_stmt *s, struct lock_row *lock)
{
    column_copy(s, 0, lock->run_id, sizeof lock->run_id);
    column_copy(s, 1, lock->holder.host, sizeof lock->holder.host);
    column_copy(s, 2, lock->holder.boot_id, sizeof lock->holder.boot_id);
    lock->holder.pid_namespace = (uint64_t)column_int(s, 3);
    lock->holder.pid = (pid_t)column_int(s, 4);
    lock->holder.pid_start = (uint64_t)column_int(s, 5);
    column_copy(s, 6, lock->phase, sizeof lock->phase);
    lock->done = column_int(s, 7);
    lock->total = column_int(s, 8);
    lock->acquired_at = column_int(s, 9);
    lock->last_refreshed_at = column_int(s, 10);
    lock->progress_seq = column_int(s, 11);
}

static bool read_view(sqlite3_stmt *const s[SQL_COUNT], struct store_view *view, struct error *e)
{
    bool row;
    if (!db_first(s[SQL_LOCK], &row, e))
        return false;
    if (row)
        read_lock(s[SQL_LOCK], &view->lock);
    if (!db_first(s[SQL_STATE], &row, e))
        return false;
    if (!row)
        return error_set(e, CAUSE_STORE,
                         "store without its sync_state row; move it aside and run "
                         "again to rebuild it");
    column_copy(s[SQL_STATE], 0, view->bookmark, sizeof view->bookmark);
    column_copy(s[SQL_STATE], 1, view->target, sizeof view->target);
    view->last_success_at = column_int(s[SQL_STATE], 2);
    view->version = column_int(s[SQL_STATE], 3);
    view->pages = column_int(s[SQL_STATE], 4);
    view->errors = column_int(s[SQL_STATE], 5);
    const int64_t counts[] = {
        view->last_success_at, view->version,          view->pages,
        view->errors,          view->lock.acquired_at, view->lock.last_refreshed_at};
    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++)
        if (!store_count_fits(counts[i]))
            return store_counts_error(sqlite3_db_filename(sqlite3_db_handle(s[SQL_STATE]), "main"),
                                      e);
    if (!db_first(s[SQL_LAST_RUN], &view->has_run, e))
        return false;
    return !view->has_run || run_row_read(s[SQL_LAST_RUN], &view->run, e);
}

bool store_view_read(const struct home *home, const char *id, struct store_view *out,
                     struct error *e)
{
    return store_view_read_within(home, id, NULL, out, e);
}

bool store_view_read_within(const struct home *home, const char *id,
                            const struct clock_limit *limit, struct store_view *out,
                            struct error *e)
{
    struct db_options options = {.mode = DB_READ, .busy_ms = VIEW_BUSY_MS, .limit = limit};
    struct store_view view = {0};
    sqlite3 *db = NULL;
    sqlite3_stmt *s[SQL_COUNT] = {0};
    CLEANUP(free_text) char *path = home_source_path(home, id, SOURCE_STORE);
    if (!open_view(path, &options, &db, e))
        return false;
    bool ok = !db || (db_prepare(db, sql, SQL_COUNT, s, e) && db_exec(db, "BEGIN", e) &&
                      read_view(s, &view, e));
    view.exists = db != NULL;
    view.store_bytes = bytes_on_disk(path);
    db_finalize(s, SQL_COUNT);
    db_close(&db);
    if (ok)
        *out = view;
    return ok;
}

bool store_clear_lock(const struct home *home, const char *id, const struct lock_row *seen,
                      bool *cleared, struct error *e)
{
    static const char *const clear = "DELETE FROM lock WHERE run_id = ?1 AND progress_seq = ?2";
    sqlite3 *db = NULL;
    sqlite3_stmt *s = NULL;
    int64_t changes = 0;
    struct db_options options = {.mode = DB_WRITE, .busy_ms = VIEW_BUSY_MS};
    CLEANUP(free_text) char *path = home_source_path(home, id, SOURCE_STORE);
    *cleared = false;
    if (!open_view(path, &options, &db, e))
        return false;
    if (!db)
        return true;
    bool ok = db_prepare(db, &clear, 1, &s, e);
    if (ok) {
        bind_text(s, 1, seen->run_id);
        bind_int(s, 2, seen->progress_seq);
        ok = db_run(s, &changes, e);
    }
    db_finalize(&s, 1);
    if (ok && changes)
        db_notice(db);
    db_close(&db);
    *cleared = ok && changes == 1;
    return ok;
}
