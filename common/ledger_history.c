/* Reading attempts, counting, purging. */
#include "common/ledger_history.h"

#include "common/ledger_internal.h"
#include "common/store_schema.h"

enum { SQL_ATTEMPTS, SQL_ATTEMPTS_OF, SQL_COUNT_UP, SQL_COUNTERS, SQL_COUNT };

#define SELECT_ATTEMPTS "SELECT " RUN_COLUMNS ", " LEDGER_ATTEMPT_COLUMNS ", source FROM attempt"

static const char *const sql[SQL_COUNT] = {
    [SQL_ATTEMPTS] = SELECT_ATTEMPTS " ORDER BY id DESC LIMIT ?1 OFFSET ?2",
    [SQL_ATTEMPTS_OF] = SELECT_ATTEMPTS " WHERE source = ?3 ORDER BY id DESC LIMIT ?1 OFFSET ?2",
    [SQL_COUNT_UP] = ("INSERT INTO counter(name, label, count) VALUES(?1, ?2, ?3)"
                      " ON CONFLICT(name, label) DO UPDATE SET count = count + ?3"),
    [SQL_COUNTERS] = "SELECT name, label, count FROM counter ORDER BY name, label",
};

/* In this order: states refer to attempts. */
static const char *const purges[] = {
    "DELETE FROM source_state WHERE source = ?1",
    "DELETE FROM attempt WHERE source = ?1",
    "DELETE FROM blamed_page WHERE source = ?1",
    "DELETE FROM event WHERE source = ?1",
};

bool ledger_read_attempts(struct ledger *ledger, struct ledger_query query,
                          ledger_attempt_handler handle, void *owner, struct error *e)
{
    sqlite3_stmt *s = NULL;
    enum db_row row;
    if (!db_prepare(ledger_db(ledger), &sql[query.source ? SQL_ATTEMPTS_OF : SQL_ATTEMPTS], 1, &s,
                    e))
        return false;
    bind_int(s, 1, query.limit);
    bind_int(s, 2, query.offset);
    if (query.source)
        bind_text(s, 3, query.source);
    while ((row = db_step(s, e)) == DB_ROW) {
        struct attempt attempt = {0};
        if (!ledger_attempt_row(s, &attempt, e)) {
            row = DB_ERROR;
            break;
        }
        handle(owner, column_text(s, LEDGER_ATTEMPT_FIRST + 5), &attempt);
    }
    db_finalize(&s, 1);
    return row == DB_DONE;
}

bool ledger_count(struct ledger *ledger, const char *name, const char *label, int64_t by,
                  struct error *e)
{
    sqlite3_stmt *s = NULL;
    if (!db_prepare(ledger_db(ledger), &sql[SQL_COUNT_UP], 1, &s, e))
        return false;
    bind_text(s, 1, name);
    bind_text(s, 2, label);
    bind_int(s, 3, by);
    bool ok = db_run(s, NULL, e);
    db_finalize(&s, 1);
    return ok;
}

bool ledger_read_counters(struct ledger *ledger, ledger_counter_handler handle, void *owner,
                          struct error *e)
{
    sqlite3_stmt *s = NULL;
    enum db_row row;
    if (!db_prepare(ledger_db(ledger), &sql[SQL_COUNTERS], 1, &s, e))
        return false;
    while ((row = db_step(s, e)) == DB_ROW)
        handle(owner, column_text(s, 0), column_text(s, 1), column_int(s, 2));
    db_finalize(&s, 1);
    return row == DB_DONE;
}

static bool purge_one(struct ledger *ledger, const char *text, const char *source, int64_t *rows,
                      struct error *e)
{
    sqlite3_stmt *s = NULL;
    int64_t changes = 0;
    if (!db_prepare(ledger_db(ledger), &text, 1, &s, e))
        return false;
    bind_text(s, 1, source);
    bool ok = db_run(s, &changes, e);
    *rows += changes;
    db_finalize(&s, 1);
    return ok;
}

bool ledger_forget(struct ledger *ledger, const char *source, int64_t *rows, struct error *e)
{
    bool ok = true;
    *rows = 0;
    for (size_t i = 0; ok && i < sizeof purges / sizeof *purges; i++)
        ok = purge_one(ledger, purges[i], source, rows, e);
    return ok;
}

bool ledger_purge(struct ledger *ledger, const char *source, int64_t *rows, struct error *e)
{
    bool ok = ledger_begin(ledger, e) && ledger_forget(ledger, source, rows, e);
    if (ok && ledger_commit(ledger, e))
        return true;
    ledger_roll_back(ledger);
    return false;
}
