/* The writing side: takeover, fence, setting aside, migrations. */
#include "worker/sync/store_write.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/store_schema.h"
#include "common/text.h"
#include "tests/unit/harness.h"
#include "worker/sync/store_internal.h"

static struct store *open_here(void)
{
    struct store *store = NULL;
    struct error e = {0};
    CHECK_OK(store_open(test_path("store.db"), MEMORY_LOW, &store, &e), &e);
    return store;
}

static struct lock_row take(struct store *store, const char *run_id)
{
    struct lock_row old;
    struct error e = {0};
    store_progress(store, "fetch", 1, 2);
    CHECK_OK(store_lock_take(store, run_id, &old, &e), &e);
    return old;
}

static int64_t number(struct store *store, const char *sql)
{
    sqlite3_stmt *s = NULL;
    struct error e = {0};
    bool row = false;
    CHECK_OK(db_prepare(store->db, &sql, 1, &s, &e), &e);
    CHECK_OK(db_first(s, &row, &e), &e);
    CHECK(row);
    int64_t value = column_int(s, 0);
    db_finalize(&s, 1);
    return value;
}

static void run_sql(struct store *store, const char *sql)
{
    struct error e = {0};
    CHECK_OK(db_exec(store->db, sql, &e), &e);
}

TEST(a_left_row_is_taken_over_and_told)
{
    struct store *store = open_here();
    CHECK_STR(take(store, "one").run_id, "");
    struct lock_row old = take(store, "two");
    CHECK_STR(old.run_id, "one");
    CHECK_STR(old.phase, "fetch");
    CHECK_INT(old.holder.pid, getpid());
    CHECK_INT(number(store, "SELECT run_id = 'two' FROM lock"), 1);
    store_close(&store);
}

TEST(a_commit_without_the_row_is_rolled_back)
{
    struct store *store = open_here();
    struct error e = {0};
    take(store, "one");
    run_sql(store, "DELETE FROM lock");
    CHECK_OK(store_begin(store, &e), &e);
    CHECK_OK(store_set_skipped(store, 7, &e), &e);
    CHECK_FAILS(store_commit(store, &e), &e, CAUSE_LOCKED, "the lock was taken away");
    CHECK(store_lost_lock(store));
    CHECK(!store_in_transaction(store) && !store_committed(store));
    CHECK_INT(number(store, "SELECT skipped FROM sync_state"), 0);
    CHECK_INT(number(store, "SELECT version FROM sync_state"), 0);
    store_close(&store);
}

TEST(a_refresh_or_an_end_without_the_row_writes_nothing)
{
    struct store *store = open_here();
    struct run_result run = {.run_id = "one"};
    struct error e = {0};
    take(store, "one");
    run_sql(store, "UPDATE lock SET run_id = 'thief', phase = 'x'");
    CHECK_FAILS(store_lock_refresh(store, &e), &e, CAUSE_LOCKED, "");
    CHECK_FAILS(store_end_run(store, &run, &e), &e, CAUSE_LOCKED, "");
    CHECK_INT(number(store, "SELECT count(*) FROM run"), 0);
    CHECK_INT(number(store, "SELECT phase = 'x' FROM lock"), 1);
    store_close(&store);
}

TEST(each_commit_raises_version_and_sequence)
{
    struct store *store = open_here();
    struct error e = {0};
    take(store, "one");
    for (int i = 0; i < 3; i++) {
        CHECK_OK(store_begin(store, &e), &e);
        store_progress(store, "import", i, 9);
        CHECK_OK(store_commit(store, &e), &e);
    }
    CHECK_OK(store_lock_refresh(store, &e), &e);
    CHECK_INT(number(store, "SELECT version FROM sync_state"), 3);
    CHECK_INT(number(store, "SELECT progress_seq FROM lock"), 4);
    CHECK_INT(number(store, "SELECT done FROM lock"), 2);
    CHECK(store_committed(store));
    store_close(&store);
}

TEST(a_clock_set_back_does_not_disturb_the_row)
{
    struct store *store = open_here();
    struct error e = {0};
    clock_fake(1000, INT64_C(2000000000) * 1000);
    take(store, "one");
    clock_fake(2000, INT64_C(1000000000) * 1000);
    CHECK_OK(store_lock_refresh(store, &e), &e);
    CHECK_INT(number(store, "SELECT acquired_at FROM lock"), 2000000000);
    CHECK_INT(number(store, "SELECT last_refreshed_at FROM lock"), 1000000000);
    CHECK_INT(number(store, "SELECT progress_seq FROM lock"), 1);
    struct lock_row old = take(store, "two");
    CHECK_STR(old.run_id, "one");
    clock_real();
    store_close(&store);
}

TEST(the_end_of_a_run_leaves_a_row_and_no_lock)
{
    struct store *store = open_here();
    struct error e = {0};
    for (int i = 0; i < RUN_ROWS_KEPT + 5; i++) {
        struct run_result run = {.outcome = OUTCOME_PARTIAL, .pages = i};
        snprintf(run.run_id, sizeof run.run_id, "%d", i);
        take(store, run.run_id);
        CHECK_OK(store_end_run(store, &run, &e), &e);
    }
    CHECK_INT(number(store, "SELECT count(*) FROM lock"), 0);
    CHECK_INT(number(store, "SELECT count(*) FROM run"), RUN_ROWS_KEPT);
    CHECK_INT(number(store, "SELECT max(pages) FROM run"), RUN_ROWS_KEPT + 4);
    store_close(&store);
}

TEST(the_bookmark_clears_the_target)
{
    struct store *store = open_here();
    struct sync_state state = {
        .target = xstrdup("head"), .target_shape = xstrdup("s"), .target_allow_shrink = true};
    struct sync_state read;
    struct error e = {0};
    take(store, "one");
    CHECK_OK(store_begin(store, &e), &e);
    CHECK_OK(store_set_target(store, &state, &e), &e);
    CHECK_OK(store_commit(store, &e), &e);
    CHECK_OK(store_state_read(store, &read, &e), &e);
    CHECK_STR(read.target, "head");
    CHECK(read.bookmark == NULL && read.target_allow_shrink);
    sync_state_release(&read);
    CHECK_OK(store_begin(store, &e), &e);
    CHECK_OK(store_set_bookmark(store, "head", "s", &e), &e);
    CHECK_OK(store_set_fresh(store, 1700000000, &e), &e);
    CHECK_OK(store_commit(store, &e), &e);
    CHECK_OK(store_state_read(store, &read, &e), &e);
    CHECK_STR(read.bookmark, "head");
    CHECK(read.target == NULL && !read.target_allow_shrink && read.last_success_at == 1700000000);
    sync_state_release(&read);
    sync_state_release(&state);
    store_close(&store);
}

TEST(a_file_of_other_bytes_is_damaged_and_can_be_set_aside)
{
    struct store *store = NULL;
    struct error e = {0};
    char bytes[8192];
    memset(bytes, 'x', sizeof bytes);
    const char *path = test_write("store.db", bytes, sizeof bytes);
    test_write("store.db.damaged-wal", "old", 3);
    CHECK_FAILS(store_open(path, MEMORY_LOW, &store, &e), &e, CAUSE_STORE, path);
    CHECK(e.damaged && store == NULL);
    CHECK_OK(store_set_aside(path, false, &e), &e);
    CHECK(access(test_path("store.db"), F_OK) != 0);
    CHECK(access(test_path("store.db.damaged"), F_OK) == 0);
    CHECK(access(test_path("store.db.damaged-wal"), F_OK) != 0);
    store = open_here();
    store_close(&store);
}

TEST(all_that_were_set_aside_are_kept_where_they_are_all_that_is_left)
{
    static const char *const names[] = {"store.db.damaged.1", "store.db.damaged.2",
                                        "store.db.damaged"};
    struct error e = {0};
    for (int i = 1; i <= 3; i++) {
        const char *path = test_write("store.db", "123", (size_t)i);
        test_write("store.db-wal", "123", (size_t)i);
        CHECK_OK(store_set_aside(path, true, &e), &e);
    }
    for (int i = 0; i < 3; i++) {
        struct stat st;
        char *log = xasprintf("%s-wal", names[i]);
        CHECK(stat(test_path(names[i]), &st) == 0);
        CHECK_INT(st.st_size, i + 1);
        CHECK(stat(test_path(log), &st) == 0);
        CHECK_INT(st.st_size, i + 1);
        free(log);
    }
}

TEST(a_symbolic_link_or_a_folder_is_no_store)
{
    struct store *store = NULL;
    struct error e = {0};
    CHECK(symlink(test_path("elsewhere"), test_path("store.db")) == 0);
    CHECK_FAILS(store_open(test_path("store.db"), MEMORY_LOW, &store, &e), &e, CAUSE_STORE,
                "not a regular file");
    CHECK(!e.damaged);
    CHECK(access(test_path("elsewhere"), F_OK) != 0);
    CHECK_FAILS(store_open(test_dir(), MEMORY_LOW, &store, &e), &e, CAUSE_STORE,
                "not a regular file");
}

/* --- migrations --- */

static sqlite3 *open_db(void)
{
    sqlite3 *db = NULL;
    struct error e = {0};
    CHECK_OK(db_open(test_path("x.db"), &(struct db_options){.mode = DB_CREATE}, &db, &e), &e);
    return db;
}

TEST(migrations_run_once_each_and_in_order)
{
    static const char *const steps[] = {"CREATE TABLE t(a)", "INSERT INTO t VALUES(1)",
                                        "INSERT INTO t VALUES(2); ALTER TABLE t ADD COLUMN b"};
    sqlite3 *db = open_db();
    struct error e = {0};
    int format = -1;
    CHECK_OK(db_version_check(db, 3, "thing", &format, &e), &e);
    CHECK_INT(format, 0);
    CHECK_OK(db_migrate(db, steps, 1, "thing", &e), &e);
    CHECK_OK(db_migrate(db, steps, 3, "thing", &e), &e);
    CHECK_OK(db_migrate(db, steps, 3, "thing", &e), &e);
    CHECK_OK(db_version_check(db, 3, "thing", &format, &e), &e);
    CHECK_INT(format, 3);
    CHECK_OK(db_exec(db, "INSERT INTO t SELECT count(*), sum(a) FROM t WHERE 0", &e), &e);
    db_close(&db);
}

TEST(a_failed_migration_leaves_the_format_before_it)
{
    static const char *const steps[] = {"CREATE TABLE t(a)", "INSERT INTO t VALUES(1); nonsense"};
    static const char *const mended[] = {"", "INSERT INTO t VALUES(1)"};
    sqlite3 *db = open_db();
    struct error e = {0};
    int format = -1;
    CHECK_FAILS(db_migrate(db, steps, 2, "thing", &e), &e, CAUSE_STORE,
                "thing: migrate to format 2");
    CHECK_OK(db_version_check(db, 1, "thing", &format, &e), &e);
    CHECK_INT(format, 1);
    CHECK_OK(db_migrate(db, mended, 2, "thing", &e), &e);
    db_close(&db);
}

TEST(a_newer_format_is_refused_with_what_to_do)
{
    sqlite3 *db = open_db();
    struct error e = {0};
    int format = -1;
    CHECK_OK(db_exec(db, "PRAGMA user_version=7", &e), &e);
    CHECK_FAILS(db_migrate(db, NULL, 3, "thing", &e), &e, CAUSE_STORE,
                "has format 7, but this version of Lattice knows formats up to 3");
    CHECK_FAILS(db_version_check(db, 3, "thing", &format, &e), &e, CAUSE_STORE,
                "install the newer");
    db_close(&db);
}

/* A reader's snapshot of the store at `path`. */
static sqlite3 *snapshot(const char *path)
{
    sqlite3 *db = NULL;
    CHECK(sqlite3_open_v2(path, &db, SQLITE_OPEN_READONLY, NULL) == SQLITE_OK);
    CHECK(sqlite3_exec(db, "BEGIN; SELECT count(*) FROM page", NULL, NULL, NULL) == SQLITE_OK);
    return db;
}

static off_t log_bytes(void)
{
    struct stat st;
    CHECK(stat(test_path("store.db-wal"), &st) == 0);
    return st.st_size;
}

TEST(a_log_is_cut_once_the_readers_of_older_states_are_gone)
{
    struct store *store = open_here();
    sqlite3 *older = snapshot(test_path("store.db"));
    take(store, "one");
    sqlite3 *newest = snapshot(test_path("store.db"));
    CHECK(log_bytes() > 0);
    CHECK(!db_cut_log(store->db, 0, 0));
    CHECK(db_cut_log(store->db, 1024 * 1024, 0)); /* it is smaller than that */
    CHECK(log_bytes() > 0);
    CHECK(sqlite3_close(older) == SQLITE_OK);
    CHECK(sqlite3_close(newest) == SQLITE_OK);
    CHECK(db_cut_log(store->db, 0, 0));
    CHECK_INT(log_bytes(), 0);
    store_close(&store);
}

/* Ends its snapshot when told to, as a query does beside a worker that ends. */
static void *read_until(void *told)
{
    char byte;
    sqlite3 *db = snapshot(test_path("store.db"));
    CHECK(write(((int *)told)[3], "r", 1) == 1);
    CHECK(read(((int *)told)[0], &byte, 1) == 1);
    CHECK(sqlite3_close(db) == SQLITE_OK);
    return NULL;
}

TEST(a_worker_waits_for_a_reader_that_ends_soon)
{
    int told[4];
    char byte;
    pthread_t reader;
    struct store *store = open_here();
    CHECK(pipe(told) == 0 && pipe(told + 2) == 0);
    CHECK(pthread_create(&reader, NULL, read_until, told) == 0);
    CHECK(read(told[2], &byte, 1) == 1);
    take(store, "one");
    CHECK(!db_cut_log(store->db, 0, 0));
    CHECK(write(told[1], "e", 1) == 1);
    CHECK(db_cut_log(store->db, 0, 30000));
    CHECK_INT(log_bytes(), 0);
    CHECK(pthread_join(reader, NULL) == 0);
    store_close(&store);
}
