/* Typed helpers over SQLite, for files named store_* and ledger* alone. SQLite 3.40 C interface. */
#ifndef LATTICE_COMMON_STORE_DB_H
#define LATTICE_COMMON_STORE_DB_H

#include <sqlite3.h>
#include <stddef.h>
#include <stdint.h>

#include "common/clock.h"
#include "common/error.h"

enum db_mode { DB_READ, DB_WRITE, DB_CREATE };

struct db_options {
    enum db_mode mode;
    int busy_ms; /* how long a statement waits for a lock */
    /* Ends statements, and waits for a lock; NULL: none. Borrowed for the connection's life. */
    const struct clock_limit *limit;
    int cache_kib;  /* 0: SQLite's default */
    int page_bytes; /* of a database that is made; 0: SQLite's default */
};

/* Opens with busy_timeout set before the first statement, foreign keys on, defensive mode, no
 * extension loading, no double-quoted strings; for writing also WAL, synchronous=NORMAL, a kept
 * `-wal` (SQLITE_FCNTL_PERSIST_WAL) and no checkpoint on close (the automatic one bounds the
 * log). For reading, immutable where store_way_to_read says so: see there. A path of an existing
 * file must be a regular file. CAUSE_STORE, or CAUSE_BUG. */
CHECKED bool db_open(const char *path, const struct db_options *options, sqlite3 **db,
                     struct error *e);
/* SQLite looks for no log and no change: such a connection gives old or broken answers once
 * somebody writes the file. */
bool db_is_immutable(sqlite3 *db);
/* Closes; statements must be finalized before. NULL is fine. Sets it to NULL. */
void db_close(sqlite3 **db);
/* Brings a log of more bytes than that into the database and empties it. A log is written from its
 * start again only once no reader has a snapshot in it, and whoever opens the database next takes
 * it for new: without this, that of a program which commits once or twice in its life, or beside
 * readers that come and go, grows without bound. Waits for readers with an older snapshot up to
 * `wait_ms`; those that come meanwhile do not hinder. False if one of them stayed. Leaves the busy
 * timeout at `wait_ms`. */
bool db_cut_log(sqlite3 *db, int64_t limit_bytes, int wait_ms);

/* Fills `e` from the connection's last error: path, what was being done ("read", "write"; no SQL),
 * SQLite's words, what to do (disk full, read-only, damaged...). Returns false. */
bool db_error(sqlite3 *db, const char *what, struct error *e);

/* Runs one or more statements that give no rows. */
CHECKED bool db_exec(sqlite3 *db, const char *sql, struct error *e);

/* Prepares `count` statements of an enum-indexed table; on failure none is left prepared. */
CHECKED bool db_prepare(sqlite3 *db, const char *const *sql, size_t count, sqlite3_stmt **out,
                        struct error *e);
void db_finalize(sqlite3_stmt **statements, size_t count);

/* Binding, 1-based. Text is borrowed until the statement is reset; NULL binds NULL. */
void bind_int(sqlite3_stmt *s, int at, int64_t value);
void bind_text(sqlite3_stmt *s, int at, const char *text);
void bind_text_size(sqlite3_stmt *s, int at, const char *text, size_t size);
void bind_blob(sqlite3_stmt *s, int at, const void *data, size_t size);

enum db_row { DB_ROW, DB_DONE, DB_ERROR };
/* One step. DB_DONE and DB_ERROR reset the statement and clear its bindings. */
enum db_row db_step(sqlite3_stmt *s, struct error *e);
/* Steps a statement that gives no rows to its end; *changes (may be NULL) gets the rows touched. */
CHECKED bool db_run(sqlite3_stmt *s, int64_t *changes, struct error *e);
/* Steps to the first row and leaves the statement there (*row true), for db_reset by the caller. */
CHECKED bool db_first(sqlite3_stmt *s, bool *row, struct error *e);
void db_reset(sqlite3_stmt *s);
/* Of statements that could be prepared; false if `s` is NULL. The number in the first row, or
 * `otherwise` where there is none; a statement without rows about `id`, its one parameter. */
CHECKED bool db_number(sqlite3_stmt *s, int64_t otherwise, int64_t *value, struct error *e);
CHECKED bool db_run_on(sqlite3_stmt *s, int64_t id, struct error *e);

/* Columns, 0-based. Text is "" for NULL and good until the next step. */
int64_t column_int(sqlite3_stmt *s, int at);
const char *column_text(sqlite3_stmt *s, int at);
/* Copies, cut at `size`. */
void column_copy(sqlite3_stmt *s, int at, char *out, size_t size);

/* Brings `PRAGMA user_version` to `count` by running the steps above it, each in a transaction of
 * its own. A newer database is refused: CAUSE_STORE, `what` names it. */
CHECKED bool db_migrate(sqlite3 *db, const char *const *steps, int count, const char *what,
                        struct error *e);
/* The same check for readers: refuses newer; *format is 0 where there are no tables yet. */
CHECKED bool db_version_check(sqlite3 *db, int count, const char *what, int *format,
                              struct error *e);

/* The commit notice: futimens(2) on the database file, which readers watch for. */
void db_notice(sqlite3 *db);

#endif
