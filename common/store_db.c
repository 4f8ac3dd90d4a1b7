/* Typed helpers over SQLite: open, prepare, bind, step, migrate. */
#include "common/store_db.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/cleanup.h"
#include "common/log.h"
#include "common/store_way.h"
#include "common/text.h"

/* Bytes of log after which a commit checkpoints, and to which the log file is cut back then. Who
 * opens a database first reads its whole log: 1 MB of it costs half a millisecond. */
enum { CHECKPOINT_BYTES = 1024 * 1024, DEFAULT_PAGE_BYTES = 4096 };

static const char *remedy(int code)
{
    switch (code & 0xFF) {
    case SQLITE_FULL:
        return "; free space on that filesystem, then run again (what was committed is kept)";
    case SQLITE_READONLY:
    case SQLITE_PERM:
        return "; make the file, the -wal and -shm beside it and its folder writable for this user";
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
        return "; the file is damaged: move it aside and run again to rebuild it";
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        return "; another program writes to it";
    case SQLITE_CANTOPEN:
        return "; check that the folder exists and is writable for this user";
    case SQLITE_IOERR:
        return "; check the disk and any limit on the size of files (ulimit -f), then run again "
               "(what "
               "was committed is kept)";
    }
    return "";
}

bool db_error(sqlite3 *db, const char *what, struct error *e)
{
    int code = sqlite3_extended_errcode(db);
    const char *path = sqlite3_db_filename(db, "main");
    const char *reason = sqlite3_errmsg(db);
    if (code == SQLITE_MISUSE || (code & 0xFF) == SQLITE_RANGE)
        return error_set(e, CAUSE_BUG, "%s: %s", what, reason);
    int os_error = (code & 0xFF) == SQLITE_IOERR || (code & 0xFF) == SQLITE_CANTOPEN
                       ? sqlite3_system_errno(db)
                       : 0;
    bool full = os_error == ENOSPC || os_error == EDQUOT;
    error_set(e, CAUSE_STORE, "%s: %s: %s%s%s%s", path ? path : "store", what, reason,
              os_error ? ": " : "", os_error ? strerror(os_error) : "",
              remedy(full ? SQLITE_FULL : code));
    e->damaged = (code & 0xFF) == SQLITE_CORRUPT || (code & 0xFF) == SQLITE_NOTADB;
    return false;
}

/* Steps of SQLite's machine between two looks at a limit: some 10 us. */
enum { STEPS_BETWEEN_LOOKS = 1000 };
/* A reader waits for a lock only while a log is recovered or a file is closed: moments. */
enum { BUSY_LOOKS_MAX = 500, BUSY_LOOK_US = 1000 };

static int is_over(void *owner)
{
    const struct clock_limit *limit = owner;
    return limit->over(limit->owner);
}

static int wait_for_lock(void *limit, int looks)
{
    if (looks >= BUSY_LOOKS_MAX || is_over(limit))
        return 0;
    usleep(BUSY_LOOK_US);
    return 1;
}

static void set_limit(sqlite3 *db, const struct clock_limit *limit)
{
    void *owner = (void *)(uintptr_t)limit;
    sqlite3_busy_handler(db, wait_for_lock, owner);
    sqlite3_progress_handler(db, STEPS_BETWEEN_LOOKS, is_over, owner);
}

/* The statement is for who debugs this program; an operator reads what was being done. */
static bool statement_error(sqlite3 *db, const char *sql, const char *what, struct error *e)
{
    log_line(LOG_DEBUG, NULL, "store", "%s: %s", sqlite3_errmsg(db), sql ? sql : "");
    return db_error(db, what, e);
}

static bool check_regular(const char *path, const struct db_options *options, struct error *e)
{
    struct stat st;
    if (lstat(path, &st) != 0) {
        if (errno == ENOENT && options->mode == DB_CREATE)
            return true;
        return error_set(e, CAUSE_STORE, "open %s: %s", path, strerror(errno));
    }
    if (!S_ISREG(st.st_mode))
        return error_set(e, CAUSE_STORE, "open %s: not a regular file; move it away", path);
    return true;
}

static void harden(sqlite3 *db)
{
    sqlite3_db_config(db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
    sqlite3_db_config(db, SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION, 0, NULL);
    sqlite3_db_config(db, SQLITE_DBCONFIG_DQS_DML, 0, NULL);
    sqlite3_db_config(db, SQLITE_DBCONFIG_DQS_DDL, 0, NULL);
    sqlite3_db_config(db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
    sqlite3_limit(db, SQLITE_LIMIT_ATTACHED, 0);
}

static bool set_up_writer(sqlite3 *db, const struct db_options *options, struct error *e)
{
    int on = 1;
    int page_bytes = options->page_bytes ? options->page_bytes : DEFAULT_PAGE_BYTES;
    char pragmas[160]; /* the page size counts only before the first page is written */
    snprintf(pragmas, sizeof pragmas,
             "PRAGMA page_size=%d; PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;"
             " PRAGMA journal_size_limit=%d",
             page_bytes, CHECKPOINT_BYTES);
    sqlite3_file_control(db, "main", SQLITE_FCNTL_PERSIST_WAL, &on);
    sqlite3_db_config(db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
    sqlite3_wal_autocheckpoint(db, CHECKPOINT_BYTES / page_bytes);
    return db_exec(db, pragmas, e);
}

/* https://www.sqlite.org/uri.html; bytes with a meaning there are escaped. */
static char *immutable_uri(const char *path)
{
    struct buf uri = {0};
    buf_add_text(&uri, "file:");
    for (; *path; path++)
        if (strchr("?#%", *path))
            buf_printf(&uri, "%%%02X", (unsigned)*path);
        else
            buf_add_byte(&uri, *path);
    buf_add_text(&uri, "?immutable=1");
    return buf_take(&uri);
}

static int open_file(const char *path, enum db_mode db_mode, bool immutable, sqlite3 **db)
{
    static const int flags[] = {
        [DB_READ] = SQLITE_OPEN_READONLY,
        [DB_WRITE] = SQLITE_OPEN_READWRITE,
        [DB_CREATE] = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE,
    };
    int mode = flags[db_mode] | SQLITE_OPEN_NOMUTEX;
    if (!immutable)
        return sqlite3_open_v2(path, db, mode, NULL);
    CLEANUP(free_text) char *uri = immutable_uri(path);
    return sqlite3_open_v2(uri, db, mode | SQLITE_OPEN_URI, NULL);
}

/* Counting its memory takes SQLite a lock of the whole process for each allocation; nobody asks.
 * And each connection would begin with memory for 20 pages, 320 KiB of a store: who has many open
 * needs less. */
static void set_up_library(void)
{
    sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
    sqlite3_config(SQLITE_CONFIG_PAGECACHE, NULL, 0, 0);
}

bool db_open(const char *path, const struct db_options *options, sqlite3 **out, struct error *e)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    sqlite3 *db = NULL;
    bool immutable = false;
    pthread_once(&once, set_up_library);
    if (!check_regular(path, options, e) ||
        (options->mode == DB_READ && !store_way_to_read(path, &immutable, e)))
        return false;
    if (open_file(path, options->mode, immutable, &db) != SQLITE_OK) {
        db_error(db, "open", e);
        goto fail;
    }
    sqlite3_extended_result_codes(db, 1);
    if (options->limit)
        set_limit(db, options->limit);
    else
        sqlite3_busy_timeout(db, options->busy_ms);
    harden(db);
    if (!db_exec(db, "PRAGMA foreign_keys=ON", e))
        goto fail;
    if (options->mode != DB_READ && !set_up_writer(db, options, e))
        goto fail;
    /* Last: SQLite turns KiB into pages by the page size that it knows by then. */
    char pragma[64];
    snprintf(pragma, sizeof pragma, "PRAGMA cache_size=-%d", options->cache_kib);
    if (options->cache_kib > 0 && !db_exec(db, pragma, e))
        goto fail;
    *out = db;
    return true;
fail:
    sqlite3_close(db);
    return false;
}

bool db_is_immutable(sqlite3 *db)
{
    return sqlite3_uri_boolean(sqlite3_db_filename(db, "main"), "immutable", 0);
}

void db_close(sqlite3 **db)
{
    /* close_v2 only defers: a statement still open here is a bug that a plain close reports. */
    if (*db && sqlite3_close(*db) != SQLITE_OK) {
        fprintf(stderr, "error: bug: database closed with open statements\n");
        sqlite3_close_v2(*db);
    }
    *db = NULL;
}

static bool log_is_larger(sqlite3 *db, int64_t limit_bytes)
{
    struct stat st;
    const char *path = sqlite3_db_filename(db, "main");
    CLEANUP(free_text) char *log = xasprintf("%s-wal", path ? path : "");
    return stat(log, &st) == 0 && st.st_size > limit_bytes;
}

bool db_cut_log(sqlite3 *db, int64_t limit_bytes, int wait_ms)
{
    if (!log_is_larger(db, limit_bytes))
        return true;
    sqlite3_busy_timeout(db, wait_ms);
    return sqlite3_wal_checkpoint_v2(db, NULL, SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL) == SQLITE_OK;
}

bool db_exec(sqlite3 *db, const char *sql, struct error *e)
{
    if (sqlite3_exec(db, sql, NULL, NULL, NULL) == SQLITE_OK)
        return true;
    return statement_error(db, sql, sqlite3_db_readonly(db, "main") ? "read" : "write", e);
}

bool db_prepare(sqlite3 *db, const char *const *sql, size_t count, sqlite3_stmt **out,
                struct error *e)
{
    for (size_t i = 0; i < count; i++) {
        out[i] = NULL;
        if (!sql[i] || sqlite3_prepare_v3(db, sql[i], -1, SQLITE_PREPARE_PERSISTENT, &out[i],
                                          NULL) != SQLITE_OK) {
            statement_error(db, sql[i], "read its tables", e);
            db_finalize(out, i);
            return false;
        }
    }
    return true;
}

void db_finalize(sqlite3_stmt **statements, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        sqlite3_finalize(statements[i]);
        statements[i] = NULL;
    }
}

/* A bind can only fail by misuse or for want of memory; the step that follows then says so. */
void bind_int(sqlite3_stmt *s, int at, int64_t value)
{
    sqlite3_bind_int64(s, at, value);
}

void bind_text(sqlite3_stmt *s, int at, const char *text)
{
    sqlite3_bind_text(s, at, text, -1, SQLITE_STATIC);
}

void bind_text_size(sqlite3_stmt *s, int at, const char *text, size_t size)
{
    sqlite3_bind_text64(s, at, text, size, SQLITE_STATIC, SQLITE_UTF8);
}

void bind_blob(sqlite3_stmt *s, int at, const void *data, size_t size)
{
    sqlite3_bind_blob64(s, at, data, size, SQLITE_STATIC);
}

enum db_row db_step(sqlite3_stmt *s, struct error *e)
{
    int code = sqlite3_step(s);
    if (code == SQLITE_ROW)
        return DB_ROW;
    if (code != SQLITE_DONE)
        statement_error(sqlite3_db_handle(s), sqlite3_sql(s),
                        sqlite3_stmt_readonly(s) ? "read" : "write", e);
    db_reset(s);
    return code == SQLITE_DONE ? DB_DONE : DB_ERROR;
}

bool db_run(sqlite3_stmt *s, int64_t *changes, struct error *e)
{
    sqlite3 *db = sqlite3_db_handle(s);
    enum db_row row = db_step(s, e);
    if (row == DB_ROW) {
        db_reset(s);
        log_line(LOG_DEBUG, NULL, "store", "unexpected row: %s", sqlite3_sql(s));
        return error_set(e, CAUSE_BUG, "%s: a statement gave a row that gives none",
                         sqlite3_db_filename(db, "main"));
    }
    if (changes)
        *changes = sqlite3_changes64(db);
    return row == DB_DONE;
}

bool db_first(sqlite3_stmt *s, bool *row, struct error *e)
{
    enum db_row answer = db_step(s, e);
    *row = answer == DB_ROW;
    return answer != DB_ERROR;
}

void db_reset(sqlite3_stmt *s)
{
    sqlite3_reset(s);
    sqlite3_clear_bindings(s);
}

bool db_number(sqlite3_stmt *s, int64_t otherwise, int64_t *value, struct error *e)
{
    bool row = false;
    if (!s || !db_first(s, &row, e))
        return false;
    *value = row ? column_int(s, 0) : otherwise;
    db_reset(s);
    return true;
}

bool db_run_on(sqlite3_stmt *s, int64_t id, struct error *e)
{
    if (!s)
        return false;
    bind_int(s, 1, id);
    return db_run(s, NULL, e);
}

int64_t column_int(sqlite3_stmt *s, int at)
{
    return sqlite3_column_int64(s, at);
}

const char *column_text(sqlite3_stmt *s, int at)
{
    const unsigned char *text = sqlite3_column_text(s, at);
    return text ? (const char *)text : "";
}

void column_copy(sqlite3_stmt *s, int at, char *out, size_t size)
{
    snprintf(out, size, "%s", column_text(s, at));
}

static bool version(sqlite3 *db, int *out, struct error *e)
{
    sqlite3_stmt *s = NULL;
    if (sqlite3_prepare_v2(db, "PRAGMA user_version", -1, &s, NULL) != SQLITE_OK)
        return db_error(db, "read its format", e);
    enum db_row row = db_step(s, e);
    if (row == DB_ROW)
        *out = (int)column_int(s, 0);
    sqlite3_finalize(s);
    return row == DB_ROW;
}

static bool newer(sqlite3 *db, int found, int known, const char *what, struct error *e)
{
    return error_set(e, CAUSE_STORE,
                     "%s %s has format %d, but this version of Lattice knows formats up to %d; "
                     "install the newer version that wrote it",
                     what, sqlite3_db_filename(db, "main"), found, known);
}

bool db_migrate(sqlite3 *db, const char *const *steps, int count, const char *what, struct error *e)
{
    int at = 0;
    if (!version(db, &at, e))
        return false;
    if (at > count)
        return newer(db, at, count, what, e);
    for (; at < count; at++) {
        char set[48];
        snprintf(set, sizeof set, "PRAGMA user_version=%d; COMMIT", at + 1);
        if (db_exec(db, "BEGIN IMMEDIATE", e) && db_exec(db, steps[at], e) && db_exec(db, set, e))
            continue;
        sqlite3_exec(db, "ROLLBACK", NULL, NULL, NULL);
        return error_wrap(e, "%s: migrate to format %d", what, at + 1);
    }
    return true;
}

bool db_version_check(sqlite3 *db, int count, const char *what, int *format, struct error *e)
{
    return version(db, format, e) && (*format <= count || newer(db, *format, count, what, e));
}

void db_notice(sqlite3 *db)
{
    /* utimensat by path, not by a descriptor of our own: closing any descriptor of the file would
     * drop SQLite's POSIX locks on it. A failed notice only makes readers learn later. */
    const char *path = sqlite3_db_filename(db, "main");
    (void)utimensat(AT_FDCWD, path, NULL, AT_SYMLINK_NOFOLLOW);
}
