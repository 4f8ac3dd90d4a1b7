/* A store of an earlier format: what its worker makes of it, and what is seen of it before. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/cleanup.h"
#include "common/store_schema.h"
#include "tests/unit/harness.h"
#include "worker/sync/report.h"
#include "worker/sync/stop.h"
#include "worker/sync/store_internal.h"

/* Enough rows for the look at a stop, which comes every so many steps. */
#define ROWS "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 2000)"

/* Pages, chunks and index as format 1 has them. */
static sqlite3 *make_first_format(const char *path)
{
    sqlite3 *db = NULL;
    struct error e = {0};
    CHECK_OK(db_open(path, &(struct db_options){.mode = DB_CREATE}, &db, &e), &e);
    CHECK_OK(db_migrate(db, store_migrations, 1, "store", &e), &e);
    CHECK_OK(db_exec(db,
                     ROWS "INSERT INTO page(path, title, kind, blob, epoch, size_bytes,"
                          " created_at, updated_at)"
                          " SELECT 'p' || i, 'Gull ' || i, 'text', 'b', 1, 1, 1, 1 FROM n;"
                          "INSERT INTO chunk(page, position, title, heading, text)"
                          " SELECT id, 0, title, 'Harbour', 'the sea, word' || id FROM page;"
                          "INSERT INTO chunk_index(rowid, title, heading, text)"
                          " SELECT id, title, heading, text FROM chunk;"
                          "UPDATE sync_state SET bookmark = 'abc', pages = 2000",
                     &e),
             &e);
    return db;
}

static int64_t number(sqlite3 *db, const char *sql)
{
    sqlite3_stmt *s = NULL;
    struct error e = {0};
    bool row = false;
    CHECK_OK(db_prepare(db, &sql, 1, &s, &e), &e);
    CHECK_OK(db_first(s, &row, &e), &e);
    CHECK(row);
    int64_t value = column_int(s, 0);
    db_finalize(&s, 1);
    return value;
}

static void check_index(sqlite3 *db)
{
    struct error e = {0};
    CHECK_OK(
        db_exec(db, "INSERT INTO chunk_index(chunk_index, rank) VALUES('integrity-check', 1)", &e),
        &e);
    CHECK_INT(number(db, "SELECT count(*) FROM chunk_index('sea')"), 2000);
    CHECK_INT(number(db, "SELECT rowid FROM chunk_index('text : word77')"), 77);
    CHECK_INT(number(db, "SELECT rowid FROM chunk_index('title : 1234')"), 1234);
    CHECK_INT(number(db, "SELECT count(*) FROM chunk_index('heading : harbour')"), 2000);
    CHECK_INT(number(db, "SELECT count(*) FROM chunk_index('text : harbour')"), 0);
}

TEST(a_store_of_the_first_format_keeps_its_pages_and_is_indexed_anew)
{
    const char *path = test_path("store.db");
    struct store *store = NULL;
    struct error e = {0};
    sqlite3 *db = make_first_format(path);
    check_index(db);
    db_close(&db);
    CHECK_OK(store_open(path, MEMORY_LOW, &store, &e), &e);
    CHECK_INT(number(store->db, "PRAGMA user_version"), store_format);
    check_index(store->db);
    CHECK_INT(number(store->db, "SELECT name = 'text' FROM pragma_table_info('chunk_index')"), 1);
    CHECK_INT(number(store->db, "SELECT count(*) FROM page"), 2000);
    CHECK_INT(number(store->db, "SELECT bookmark = 'abc' FROM sync_state"), 1);
    store_close(&store);
}

TEST(a_stop_leaves_a_store_of_the_first_format_as_it_was)
{
    const char *path = test_path("store.db");
    struct store *store = NULL;
    struct error e = {0};
    sqlite3 *db = make_first_format(path);
    stop_init();
    CHECK_INT(raise(SIGTERM), 0);
    CHECK_FAILS(store_open(path, MEMORY_LOW, &store, &e), &e, CAUSE_DEADLINE, "stopped while");
    CHECK(!e.damaged);
    CHECK_INT(number(db, "PRAGMA user_version"), 1);
    CHECK_INT(number(db, "SELECT name = 'title' FROM pragma_table_info('chunk_index')"), 1);
    check_index(db);
    db_close(&db);
}

/* Else a supervisor takes it for one that stands still. */
TEST(a_change_of_format_says_that_it_moves)
{
    const char *path = test_path("store.db");
    struct store *store = NULL;
    struct message message;
    struct error e = {0};
    char line[512];
    int ends[2];
    sqlite3 *db = make_first_format(path);
    db_close(&db);
    CHECK_INT(pipe(ends), 0);
    report_init(ends[1]);
    CHECK_OK(store_open(path, MEMORY_LOW, &store, &e), &e);
    store_close(&store);
    close(ends[1]);
    CLEANUP(close_file) FILE *said = fdopen(ends[0], "r");
    CHECK(fgets(line, sizeof line, said));
    CHECK_OK(message_read(line, strcspn(line, "\n"), &message, &e), &e);
    CHECK_INT(message.type, MESSAGE_PROGRESS);
    CHECK_STR(message.progress.phase, "migrate");
    CHECK_INT(message.progress.done, 1);
    message_release(&message);
}

TEST(a_store_of_the_first_format_is_seen_before_its_worker_comes)
{
    struct home home = {0};
    struct store_view view;
    struct error e = {0};
    CHECK_OK(home_open(test_path("home"), &home, &e), &e);
    CHECK_OK(home_make_source(&home, "notes", &e), &e);
    char *path = home_source_path(&home, "notes", SOURCE_STORE);
    sqlite3 *db = make_first_format(path);
    db_close(&db);
    CHECK_OK(store_view_read(&home, "notes", &view, &e), &e);
    CHECK(view.exists);
    CHECK_INT(view.pages, 2000);
    CHECK_STR(view.bookmark, "abc");
    free(path);
    home_release(&home);
}
