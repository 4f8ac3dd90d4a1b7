/* The ledger's tables, and reading and writing them. */
#include "common/ledger.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "common/cleanup.h"
#include "common/ledger_history.h"
#include "common/ledger_internal.h"
#include "common/store_db.h"
#include "common/store_schema.h"
#include "common/text.h"

/* Readers hold no lock that a writer waits for, so this only matters when somebody else writes. */
enum { LEDGER_BUSY_MS = 2000, LEDGER_CACHE_KIB = 512 };
enum { INVOCATIONS_AT_A_TIME = 100 };
/* Whoever opens the ledger first reads its whole log, so the log is kept short: half a megabyte is
 * a dozen runs and costs 0.3 ms. */
enum { LOG_BYTES = 512 * 1024 };
#define SET_UP "PRAGMA wal_autocheckpoint=128" /* pages of 4 KB */

/* Append-only: entry n brings a ledger from format n to n + 1. */
static const char *const migrations[] = {
    "CREATE TABLE invocation("
    " id INTEGER PRIMARY KEY,"
    " started_at INTEGER NOT NULL," /* Unix seconds, here and below */
    " ended_at INTEGER,"            /* NULL: it runs, or was killed */
    " waves INTEGER,"
    " exit_code INTEGER"
    ") STRICT;"
    "CREATE TABLE attempt("
    " id INTEGER PRIMARY KEY,"
    " invocation INTEGER NOT NULL REFERENCES invocation(id),"
    " source TEXT NOT NULL,"
    " wave INTEGER NOT NULL,"
    " run_id TEXT NOT NULL,"
    " started_at INTEGER NOT NULL,"
    " ended_at INTEGER NOT NULL,"
    " outcome TEXT NOT NULL,"
    " cause TEXT NOT NULL,"
    " message TEXT NOT NULL,"
    " pages INTEGER NOT NULL,"
    " added INTEGER NOT NULL,"
    " changed INTEGER NOT NULL,"
    " deleted INTEGER NOT NULL,"
    " renamed INTEGER NOT NULL,"
    " remaining INTEGER NOT NULL," /* -1: not known */
    " errors INTEGER NOT NULL,"
    " quarantined INTEGER NOT NULL,"
    " skipped INTEGER NOT NULL,"
    " duration_ms INTEGER NOT NULL,"
    " cpu_ms INTEGER NOT NULL,"
    " peak_rss_bytes INTEGER NOT NULL,"
    " committed INTEGER NOT NULL,"
    " exit_code INTEGER NOT NULL," /* -1: none */
    " signal INTEGER NOT NULL,"    /* 0: none */
    " kill_stage TEXT NOT NULL"    /* '', term, group, kill */
    ") STRICT;"
    "CREATE INDEX attempt_source ON attempt(source, id);"
    "CREATE TABLE source_state("
    " source TEXT PRIMARY KEY,"
    " last INTEGER NOT NULL REFERENCES attempt(id),"
    " attempts INTEGER NOT NULL," /* since the last success */
    " last_attempt_at INTEGER NOT NULL,"
    " last_success_at INTEGER NOT NULL,"
    " next_attempt_at INTEGER NOT NULL DEFAULT 0"
    ") STRICT, WITHOUT ROWID;"
    "CREATE TABLE event("
    " seq INTEGER PRIMARY KEY AUTOINCREMENT,"
    " at INTEGER NOT NULL,"
    " source TEXT NOT NULL,"
    " type TEXT NOT NULL,"
    " json TEXT NOT NULL"
    ") STRICT;",
    "ALTER TABLE source_state ADD COLUMN failures INTEGER NOT NULL DEFAULT 0;"
    "CREATE TABLE blamed_page("
    " source TEXT NOT NULL,"
    " path TEXT NOT NULL,"
    " blob TEXT NOT NULL,"
    " runs INTEGER NOT NULL," /* that ended on it */
    " last_at INTEGER NOT NULL,"
    " PRIMARY KEY(source, path, blob)"
    ") STRICT, WITHOUT ROWID;",
    /* What the metrics count; survives the bounds of the other tables. */
    "CREATE TABLE counter("
    " name TEXT NOT NULL,"
    " label TEXT NOT NULL," /* "" where the name has none */
    " count INTEGER NOT NULL,"
    " PRIMARY KEY(name, label)"
    ") STRICT, WITHOUT ROWID;",
    /* Which invocations may go. */
    "CREATE INDEX attempt_invocation ON attempt(invocation);",
};

enum { LEDGER_FORMAT = sizeof migrations / sizeof *migrations };

enum sql {
    SQL_SOURCE,
    SQL_EVENTS,
    SQL_EVENT_BOUNDS,
    SQL_BLAMED,
    SQL_READ_COUNT,
    SQL_ADD_INVOCATION = SQL_READ_COUNT,
    SQL_PRUNE_INVOCATIONS,
    SQL_END_INVOCATION,
    SQL_ADD_ATTEMPT,
    SQL_PRUNE_ATTEMPTS,
    SQL_COUNT_ATTEMPT,
    SQL_COUNT_SKIP,
    SQL_BLAME_PAGE,
    SQL_PRUNE_PAGES,
    SQL_FORGET_PAGES,
    SQL_FORGET_BACKOFF,
    SQL_ADD_EVENT,
    SQL_PRUNE_EVENTS,
    SQL_COUNT
};

#define TEXT_OF(number)   TEXT_OF_2(number)
#define TEXT_OF_2(number) #number

static const char *const sql[SQL_COUNT] = {
    [SQL_SOURCE] = "SELECT " RUN_COLUMNS ", wave, ended_at, exit_code, signal, kill_stage,"
                   " s.attempts, s.last_attempt_at, s.last_success_at, s.next_attempt_at,"
                   " s.failures"
                   " FROM source_state s JOIN attempt a ON a.id = s.last WHERE s.source = ?1",
    [SQL_EVENTS] = "SELECT seq, at, source, type, json FROM event WHERE seq > ?1"
                   " ORDER BY seq LIMIT ?2",
    [SQL_EVENT_BOUNDS] = "SELECT coalesce(min(seq), 0), coalesce(max(seq), 0) FROM event",
    [SQL_ADD_INVOCATION] = "INSERT INTO invocation(started_at) VALUES(?1)",
    [SQL_PRUNE_INVOCATIONS] = "DELETE FROM invocation WHERE id <= ?1 - " TEXT_OF(
        LEDGER_INVOCATIONS_MAX) " AND NOT EXISTS"
                                " (SELECT 1 FROM attempt WHERE attempt.invocation = invocation.id)",
    [SQL_END_INVOCATION] =
        "UPDATE invocation SET ended_at = ?2, waves = ?3, exit_code = ?4 WHERE id = ?1",
    [SQL_ADD_ATTEMPT] = "INSERT INTO attempt(" RUN_COLUMNS ", wave, ended_at, exit_code, signal,"
                        " kill_stage, invocation, source) VALUES(" RUN_PARAMETERS
                        ", ?19, ?20, ?21, ?22, ?23, ?24, ?25)",
    [SQL_PRUNE_ATTEMPTS] =
        "DELETE FROM attempt WHERE source = ?1 AND id <= (SELECT id FROM attempt WHERE source = ?1"
        " ORDER BY id DESC LIMIT 1 OFFSET " TEXT_OF(LEDGER_ATTEMPTS_MAX) ")",
    [SQL_COUNT_ATTEMPT] =
        "INSERT INTO source_state(source, last, attempts, last_attempt_at, last_success_at,"
        " next_attempt_at, failures) VALUES(?1, ?2, NOT ?3, ?4, iif(?3, ?5, 0), ?6, ?7)"
        " ON CONFLICT(source) DO UPDATE SET last = ?2, attempts = iif(?3, 0, attempts + 1),"
        " last_attempt_at = ?4, last_success_at = iif(?3, ?5, last_success_at),"
        " next_attempt_at = ?6, failures = ?7",
    [SQL_BLAMED] = "SELECT path, blob, runs FROM blamed_page WHERE source = ?1"
                   " ORDER BY last_at DESC, path",
    [SQL_BLAME_PAGE] =
        "INSERT INTO blamed_page(source, path, blob, runs, last_at) VALUES(?1, ?2, ?3, 1, ?4)"
        " ON CONFLICT(source, path, blob) DO UPDATE SET runs = runs + 1, last_at = ?4",
    [SQL_PRUNE_PAGES] =
        "DELETE FROM blamed_page WHERE source = ?1 AND (path, blob) NOT IN (SELECT path, blob"
        " FROM blamed_page WHERE source = ?1 ORDER BY last_at DESC LIMIT " TEXT_OF(
            LEDGER_PAGES_MAX) ")",
    [SQL_FORGET_PAGES] = "DELETE FROM blamed_page WHERE source = ?1 AND (?2 IS NULL OR path = ?2)",
    [SQL_FORGET_BACKOFF] =
        "UPDATE source_state SET next_attempt_at = 0, failures = 0 WHERE source = ?1 AND"
        " (next_attempt_at <> 0 OR failures <> 0)",
    [SQL_COUNT_SKIP] =
        "INSERT INTO source_state(source, last, attempts, last_attempt_at, last_success_at)"
        " VALUES(?1, ?2, 0, 0, 0) ON CONFLICT(source) DO UPDATE SET last = ?2",
    [SQL_ADD_EVENT] = "INSERT INTO event(at, source, type, json) VALUES(?1, ?2, ?3, ?4)",
    [SQL_PRUNE_EVENTS] =
        "DELETE FROM event WHERE seq <= (SELECT max(seq) FROM event) - " TEXT_OF(LEDGER_EVENTS_MAX),
};

struct ledger {
    sqlite3 *db;
    int statement_count;
    sqlite3_stmt *statements[SQL_COUNT];
};

static bool open_mode(const char *path, enum db_mode mode, const struct clock_limit *limit,
                      struct ledger **out, struct error *e)
{
    struct ledger *ledger = xcalloc(1, sizeof *ledger);
    int format = LEDGER_FORMAT;
    struct db_options options = {
        .mode = mode, .busy_ms = LEDGER_BUSY_MS, .cache_kib = LEDGER_CACHE_KIB, .limit = limit};
    if (!db_open(path, &options, &ledger->db, e))
        goto fail;
    if (mode != DB_READ && !db_exec(ledger->db, SET_UP, e))
        goto fail;
    if (mode == DB_READ ? !db_version_check(ledger->db, LEDGER_FORMAT, "ledger", &format, e)
                        : !db_migrate(ledger->db, migrations, LEDGER_FORMAT, "ledger", e))
        goto fail;
    bool current = format == LEDGER_FORMAT;
    ledger->statement_count = !current ? 0 : mode == DB_READ ? SQL_READ_COUNT : SQL_COUNT;
    if (!db_prepare(ledger->db, sql, (size_t)ledger->statement_count, ledger->statements, e))
        goto fail;
    if (!current)
        ledger_close(&ledger);
    *out = ledger;
    return true;
fail:
    db_close(&ledger->db);
    free(ledger);
    return error_wrap(e, "ledger");
}

bool ledger_open(const struct home *home, struct ledger **ledger, struct error *e)
{
    CLEANUP(free_text) char *path = home_path(home, HOME_LEDGER);
    return open_mode(path, DB_CREATE, NULL, ledger, e);
}

bool ledger_open_read(const struct home *home, struct ledger **ledger, struct error *e)
{
    return ledger_open_within(home, NULL, ledger, e);
}

bool ledger_open_within(const struct home *home, const struct clock_limit *limit,
                        struct ledger **ledger, struct error *e)
{
    CLEANUP(free_text) char *path = home_path(home, HOME_LEDGER);
    struct stat st;
    *ledger = NULL;
    if (stat(path, &st) != 0)
        return true;
    return open_mode(path, DB_READ, limit, ledger, e);
}

bool ledger_is_immutable(const struct ledger *ledger)
{
    return db_is_immutable(ledger->db);
}

void ledger_close(struct ledger **ledger)
{
    if (!*ledger)
        return;
    db_finalize((*ledger)->statements, (size_t)(*ledger)->statement_count);
    if (!sqlite3_db_readonly((*ledger)->db, "main"))
        (void)db_cut_log((*ledger)->db, LOG_BYTES, 0);
    db_close(&(*ledger)->db);
    free(*ledger);
    *ledger = NULL;
}

sqlite3 *ledger_db(struct ledger *ledger)
{
    return ledger->db;
}

bool ledger_attempt_row(sqlite3_stmt *s, struct attempt *attempt, struct error *e)
{
    enum { FIRST = LEDGER_ATTEMPT_FIRST };
    if (!run_row_read(s, &attempt->result, e))
        return false;
    attempt->wave = (int)column_int(s, FIRST);
    attempt->ended_at = column_int(s, FIRST + 1);
    attempt->exit_code = (int)column_int(s, FIRST + 2);
    attempt->signal = (int)column_int(s, FIRST + 3);
    column_copy(s, FIRST + 4, attempt->kill_stage, sizeof attempt->kill_stage);
    return true;
}

static bool read_row(sqlite3_stmt *s, struct ledger_source *out, struct error *e)
{
    enum { FIRST = LEDGER_ATTEMPT_FIRST };
    if (!ledger_attempt_row(s, &out->last, e))
        return false;
    out->has_last = true;
    out->attempts = column_int(s, FIRST + 5);
    out->last_attempt_at = column_int(s, FIRST + 6);
    out->last_success_at = column_int(s, FIRST + 7);
    out->next_attempt_at = column_int(s, FIRST + 8);
    out->failures = column_int(s, FIRST + 9);
    return true;
}

bool ledger_read_source(struct ledger *ledger, const char *id, struct ledger_source *out,
                        struct error *e)
{
    sqlite3_stmt *s = ledger->statements[SQL_SOURCE];
    bool row;
    memset(out, 0, sizeof *out);
    bind_text(s, 1, id);
    if (!db_first(s, &row, e))
        return false;
    bool ok = !row || read_row(s, out, e);
    db_reset(s);
    return ok;
}

bool ledger_event_bounds(struct ledger *ledger, int64_t *oldest, int64_t *newest, struct error *e)
{
    sqlite3_stmt *s = ledger->statements[SQL_EVENT_BOUNDS];
    bool row = false;
    if (!db_first(s, &row, e))
        return false;
    *oldest = row ? column_int(s, 0) : 0;
    *newest = row ? column_int(s, 1) : 0;
    db_reset(s);
    return true;
}

bool ledger_read_events(struct ledger *ledger, struct ledger_range range,
                        ledger_event_handler handle, void *owner, struct error *e)
{
    sqlite3_stmt *s = ledger->statements[SQL_EVENTS];
    enum db_row row;
    bind_int(s, 1, range.after);
    bind_int(s, 2, range.limit);
    while ((row = db_step(s, e)) == DB_ROW)
        handle(owner, &(struct ledger_event){.seq = column_int(s, 0),
                                             .at = column_int(s, 1),
                                             .source = column_text(s, 2),
                                             .type = column_text(s, 3),
                                             .json = column_text(s, 4)});
    return row == DB_DONE;
}

bool ledger_begin_read(struct ledger *ledger, struct error *e)
{
    return db_exec(ledger->db, "BEGIN", e);
}

bool ledger_begin(struct ledger *ledger, struct error *e)
{
    return db_exec(ledger->db, "BEGIN IMMEDIATE", e);
}

bool ledger_commit(struct ledger *ledger, struct error *e)
{
    if (!db_run(ledger->statements[SQL_PRUNE_EVENTS], NULL, e) || !db_exec(ledger->db, "COMMIT", e))
        return false;
    db_notice(ledger->db);
    return true;
}

void ledger_roll_back(struct ledger *ledger)
{
    struct error ignored = {0}; /* nothing to roll back is fine */
    if (!sqlite3_get_autocommit(ledger->db) && !db_exec(ledger->db, "ROLLBACK", &ignored))
        return;
}

bool ledger_add_invocation(struct ledger *ledger, int64_t started_at, int64_t *id, struct error *e)
{
    sqlite3_stmt *s = ledger->statements[SQL_ADD_INVOCATION];
    sqlite3_stmt *prune = ledger->statements[SQL_PRUNE_INVOCATIONS];
    bind_int(s, 1, started_at);
    if (!db_run(s, NULL, e))
        return false;
    *id = sqlite3_last_insert_rowid(ledger->db);
    /* Many at a time: a short run pays for none. */
    if (*id % INVOCATIONS_AT_A_TIME != 0)
        return true;
    bind_int(prune, 1, *id);
    return db_run(prune, NULL, e);
}

bool ledger_end_invocation(struct ledger *ledger, int64_t id, const struct invocation *invocation,
                           struct error *e)
{
    sqlite3_stmt *s = ledger->statements[SQL_END_INVOCATION];
    bind_int(s, 1, id);
    bind_int(s, 2, invocation->ended_at);
    bind_int(s, 3, invocation->waves);
    bind_int(s, 4, invocation->exit_code);
    return db_run(s, NULL, e);
}

static bool count_attempt(struct ledger *ledger, const char *source, const struct attempt *attempt,
                          struct error *e)
{
    bool skipped = attempt->result.outcome == OUTCOME_SKIPPED;
    sqlite3_stmt *s = ledger->statements[skipped ? SQL_COUNT_SKIP : SQL_COUNT_ATTEMPT];
    bind_text(s, 1, source);
    bind_int(s, 2, sqlite3_last_insert_rowid(ledger->db));
    if (!skipped) {
        bind_int(s, 3, outcome_verdict(attempt->result.outcome) == VERDICT_OK);
        bind_int(s, 4, attempt->result.started_at);
        bind_int(s, 5, attempt->ended_at);
        bind_int(s, 6, attempt->next_attempt_at);
        bind_int(s, 7, attempt->failures);
    }
    return db_run(s, NULL, e);
}

static bool prune_attempts(struct ledger *ledger, const char *source, struct error *e)
{
    sqlite3_stmt *s = ledger->statements[SQL_PRUNE_ATTEMPTS];
    bind_text(s, 1, source);
    return db_run(s, NULL, e);
}

/* A stage reads as `kill`, `swept 3` or `kill, swept 3`. */
static bool count_run(struct ledger *ledger, const struct attempt *attempt, struct error *e)
{
    const char *swept = strstr(attempt->kill_stage, "swept ");
    int64_t orphans = swept ? strtoll(swept + strlen("swept "), NULL, 10) : 0;
    char stage[sizeof attempt->kill_stage] = "";
    if (swept != attempt->kill_stage)
        snprintf(stage, sizeof stage, "%.*s", (int)strcspn(attempt->kill_stage, " ,"),
                 attempt->kill_stage);
    return ledger_count(ledger, COUNTER_RUN, outcome_name(attempt->result.outcome), 1, e) &&
           (!stage[0] || ledger_count(ledger, COUNTER_KILL, stage, 1, e)) &&
           (orphans <= 0 || ledger_count(ledger, COUNTER_ORPHAN, "", orphans, e));
}

bool ledger_add_attempt(struct ledger *ledger, int64_t invocation, const char *source,
                        const struct attempt *attempt, struct error *e)
{
    sqlite3_stmt *s = ledger->statements[SQL_ADD_ATTEMPT];
    run_row_bind(s, &attempt->result);
    bind_int(s, 19, attempt->wave);
    bind_int(s, 20, attempt->ended_at);
    bind_int(s, 21, attempt->exit_code);
    bind_int(s, 22, attempt->signal);
    bind_text(s, 23, attempt->kill_stage);
    bind_int(s, 24, invocation);
    bind_text(s, 25, source);
    return db_run(s, NULL, e) && count_attempt(ledger, source, attempt, e) &&
           count_run(ledger, attempt, e) && prune_attempts(ledger, source, e);
}

bool ledger_read_blamed(struct ledger *ledger, const char *id, struct blamed_pages *pages,
                        struct error *e)
{
    sqlite3_stmt *s = ledger->statements[SQL_BLAMED];
    enum db_row row;
    bind_text(s, 1, id);
    while ((row = db_step(s, e)) == DB_ROW) {
        pages->pages = xrealloc(pages->pages, (pages->count + 1) * sizeof *pages->pages);
        pages->pages[pages->count++] = (struct blamed_page){
            .name = {.path = xstrdup(column_text(s, 0)), .blob = xstrdup(column_text(s, 1))},
            .runs = column_int(s, 2)};
    }
    return row == DB_DONE;
}

void blamed_pages_release(struct blamed_pages *pages)
{
    for (size_t i = 0; i < pages->count; i++) {
        free(pages->pages[i].name.path);
        free(pages->pages[i].name.blob);
    }
    free(pages->pages);
    *pages = (struct blamed_pages){0};
}

bool ledger_blame_page(struct ledger *ledger, const struct ledger_page *page, struct error *e)
{
    sqlite3_stmt *s = ledger->statements[SQL_BLAME_PAGE];
    sqlite3_stmt *prune = ledger->statements[SQL_PRUNE_PAGES];
    bind_text(s, 1, page->source);
    bind_text(s, 2, page->path);
    bind_text(s, 3, page->blob);
    bind_int(s, 4, page->at);
    bind_text(prune, 1, page->source);
    return db_run(s, NULL, e) && db_run(prune, NULL, e);
}

bool ledger_retry(struct ledger *ledger, const char *source, const char *path,
                  struct ledger_retry *taken, struct error *e)
{
    sqlite3_stmt *pages = ledger->statements[SQL_FORGET_PAGES];
    sqlite3_stmt *backoff = ledger->statements[SQL_FORGET_BACKOFF];
    int64_t changed = 0;
    bind_text(pages, 1, source);
    bind_text(pages, 2, path);
    if (!db_run(pages, &taken->pages, e))
        return false;
    if (path)
        return true;
    bind_text(backoff, 1, source);
    if (!db_run(backoff, &changed, e))
        return false;
    taken->backoff = changed > 0;
    return true;
}

bool ledger_add_event(struct ledger *ledger, const struct ledger_event *event, struct error *e)
{
    sqlite3_stmt *s = ledger->statements[SQL_ADD_EVENT];
    bind_int(s, 1, event->at);
    bind_text(s, 2, event->source);
    bind_text(s, 3, event->type);
    bind_text(s, 4, event->json);
    return db_run(s, NULL, e);
}
