/* quick_check within a time limit. */
#include "common/store_check.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "common/cleanup.h"
#include "common/clock.h"
#include "common/store_db.h"

/* Waits for a reader's or writer's short locks. */
enum { CHECK_BUSY_MS = 2000 };
/* Steps of SQLite's machine between two looks at the clock: some 0.1 ms. */
enum { STEPS_BETWEEN_LOOKS = 10000 };

const char *store_sqlite_version(void)
{
    return sqlite3_libversion();
}

int store_sqlite_number(void)
{
    return sqlite3_libversion_number();
}

static int is_late(void *until_ms)
{
    return clock_monotonic_ms() > *(const int64_t *)until_ms;
}

/* The first line says "ok", or what is wrong. */
static enum check_answer ask(sqlite3 *db, struct error *e)
{
    static const char *const quick_check = "PRAGMA quick_check(1)";
    sqlite3_stmt *s = NULL;
    bool row = false;
    if (!db_prepare(db, &quick_check, 1, &s, e))
        return e->damaged ? CHECK_DAMAGED : CHECK_FAILED;
    enum check_answer answer = CHECK_SOUND;
    if (!db_first(s, &row, e))
        answer = sqlite3_errcode(db) == SQLITE_INTERRUPT ? CHECK_LATE
                 : e->damaged                            ? CHECK_DAMAGED
                                                         : CHECK_FAILED;
    else if (!row || strcmp(column_text(s, 0), "ok") != 0) {
        error_set(e, CAUSE_STORE, "%s", row ? column_text(s, 0) : "no answer");
        answer = CHECK_DAMAGED;
    }
    db_finalize(&s, 1);
    return answer;
}

enum check_answer store_quick_check(const struct home *home, const char *id, int64_t limit_ms,
                                    struct error *e)
{
    CLEANUP(free_text) char *path = home_source_path(home, id, SOURCE_STORE);
    int64_t until_ms = clock_monotonic_ms() + limit_ms;
    struct stat st;
    sqlite3 *db = NULL;
    if (lstat(path, &st) != 0 && (errno == ENOENT || errno == ENOTDIR))
        return CHECK_NONE;
    if (!db_open(path, &(struct db_options){.mode = DB_READ, .busy_ms = CHECK_BUSY_MS}, &db, e))
        return e->damaged ? CHECK_DAMAGED : CHECK_FAILED;
    sqlite3_progress_handler(db, STEPS_BETWEEN_LOOKS, is_late, &until_ms);
    enum check_answer answer = ask(db, e);
    db_close(&db);
    return answer;
}
