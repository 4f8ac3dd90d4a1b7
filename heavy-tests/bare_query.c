/* What SQLite alone does: the query of a search, in a loop, in one thread. */
/*
 *   bare_query SECONDS WORD STORE...
 *
 * For each store the ten best chunks that have WORD, with page, heading and snippet; all stores are
 * one query. Prints: queries, CPU-seconds, hits of the last query. */
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

/* Columns and weights are those of lattice-reads, LIMIT is its default and one more. */
static const char sql[] =
    "SELECT p.path, p.title, p.kind, p.created_at, p.updated_at, c.position, c.heading,"
    " snippet(chunk_index, 0, '[', ']', '...', 32), bm25(chunk_index, 1, 6, 3) AS score"
    " FROM chunk_index JOIN chunk c ON c.id = chunk_index.rowid JOIN page p ON p.id = c.page"
    " WHERE chunk_index MATCH ?1 ORDER BY score LIMIT 11";

enum { STORES_MAX = 16 };

static double seconds_of(clockid_t clock)
{
    struct timespec t;
    clock_gettime(clock, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void check(sqlite3 *db, int code)
{
    if (code == SQLITE_OK || code == SQLITE_DONE)
        return;
    fprintf(stderr, "bare_query: %s\n", sqlite3_errmsg(db));
    exit(1);
}

static sqlite3_stmt *prepare(const char *path, const char *word)
{
    sqlite3 *db = NULL;
    sqlite3_stmt *statement = NULL;
    check(db, sqlite3_open_v2(path, &db, SQLITE_OPEN_READONLY, NULL));
    check(db, sqlite3_prepare_v2(db, sql, -1, &statement, NULL));
    check(db, sqlite3_bind_text(statement, 1, word, -1, SQLITE_STATIC));
    return statement;
}

static long run(sqlite3_stmt *statement)
{
    long hits = 0;
    int code;
    while ((code = sqlite3_step(statement)) == SQLITE_ROW) {
        hits++;
        for (int i = 0; i < sqlite3_column_count(statement); i++)
            sqlite3_column_text(statement, i);
    }
    check(sqlite3_db_handle(statement), code);
    sqlite3_reset(statement);
    return hits;
}

static void let_go(sqlite3_stmt *statement)
{
    sqlite3 *db = sqlite3_db_handle(statement);
    sqlite3_finalize(statement);
    sqlite3_close(db);
}

int main(int argc, char **argv)
{
    size_t count = argc > 3 ? (size_t)argc - 3 : 0;
    double length = argc > 3 ? strtod(argv[1], NULL) : 0;
    long queries = 0;
    long hits = 0;
    sqlite3_stmt *statements[STORES_MAX];
    if (length <= 0 || count > STORES_MAX)
        return 64;
    for (size_t i = 0; i < count; i++) {
        statements[i] = prepare(argv[i + 3], argv[2]);
        run(statements[i]); /* warm */
    }
    double until = seconds_of(CLOCK_MONOTONIC) + length;
    double cpu = seconds_of(CLOCK_PROCESS_CPUTIME_ID);
    while (seconds_of(CLOCK_MONOTONIC) < until) {
        hits = 0;
        for (size_t i = 0; i < count; i++)
            hits += run(statements[i]);
        queries++;
    }
    printf("%ld %.3f %ld\n", queries, seconds_of(CLOCK_PROCESS_CPUTIME_ID) - cpu, hits);
    for (size_t i = 0; i < count; i++)
        let_go(statements[i]);
    return 0;
}
