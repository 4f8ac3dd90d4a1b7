/* The vocabulary as the index's pages have it, beside what fts5vocab says. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/cleanup.h"
#include "common/store_db.h"
#include "common/store_schema.h"
#include "common/text.h"
#include "tests/unit/harness.h"
#include "worker/reads/store_words.h"

static const struct request_clock no_deadline;

static sqlite3 *new_store(void)
{
    struct error e = {0};
    sqlite3 *db = NULL;
    CHECK_OK(db_open(test_path("store.db"), &(struct db_options){.mode = DB_CREATE}, &db, &e), &e);
    CHECK_OK(db_migrate(db, store_migrations, store_format, "store", &e), &e);
    return db;
}

static void run(sqlite3 *db, const char *sql)
{
    struct error e = {0};
    CHECK_OK(db_exec(db, sql, &e), &e);
}

/* Chunk `id`: the commonest word often, words of its own of very different sizes. */
static void add_chunk(sqlite3 *db, int id)
{
    struct buf text = {0};
    for (int i = 0; i < 60; i++)
        buf_printf(&text, "common w%d %.*s%d ", (id * 7919 + i * 104729) % 20011, i % 50,
                   "aaaabaaaacaaaadaaaaeaaaafaaaagaaaahaaaaiaaaajaaaak", id % 97);
    char *sql = xasprintf("INSERT INTO chunk_index(rowid, text, title, heading)"
                          " VALUES(%d, '%s', 'title%d', 'öl')",
                          id, text.data, id);
    run(db, sql);
    free(sql);
    buf_release(&text);
}

static struct rstore *open_reading(void)
{
    struct error e = {0};
    struct rstore *store = NULL;
    struct rstore_state state;
    struct rstore_options options = {.cache_kib = 512, .clock = &no_deadline};
    CHECK_INT(rstore_open(test_path("store.db"), &options, &store, &e), RSTORE_FINE);
    CHECK_INT(rstore_begin(store, &state, &e), RSTORE_FINE);
    return store;
}

struct listing {
    struct buf words; /* one a line */
    int frequent;
};

static bool list(void *owner, const struct word *word)
{
    struct listing *l = owner;
    buf_add(&l->words, word->text, word->size);
    buf_add_byte(&l->words, '\n');
    l->frequent += word->seen == VOCABULARY_SEEN_MAX;
    return true;
}

static void expect_as_fts5vocab(sqlite3 *db, const char *from)
{
    struct error e = {0};
    struct listing got = {0};
    struct buf want = {0};
    static const char *const sql = "SELECT term FROM temp.v WHERE term >= ?1 ORDER BY term";
    sqlite3_stmt *s = NULL;
    CHECK_OK(db_prepare(db, &sql, 1, &s, &e), &e);
    bind_text(s, 1, from);
    while (db_step(s, &e) == DB_ROW)
        buf_printf(&want, "%s\n", column_text(s, 0));
    db_finalize(&s, 1);
    struct rstore *store = open_reading();
    CHECK_OK(rstore_vocabulary(store, from, list, &got, &e), &e);
    rstore_close(&store);
    CHECK_MEM(got.words.data, got.words.size, want.data, want.size);
    buf_release(&got.words);
    buf_release(&want);
}

/* Of one commit each: many segments; then merged in part, then all. */
TEST(is_what_fts5vocab_says_in_every_stage_of_merging)
{
    static const char *const stages[] = {
        "SELECT 1",
        "INSERT INTO chunk_index(chunk_index, rank) VALUES('merge', 20)",
        "INSERT INTO chunk_index(chunk_index, rank) VALUES('merge', -60)",
        "INSERT INTO chunk_index(chunk_index) VALUES('optimize')",
    };
    static const char *const from[] = {"",    "common",          "w1", "w15000", "\xc3",
                                       "zzz", "aaaabaaaacaaaad5"};
    sqlite3 *db = new_store();
    run(db, "INSERT INTO chunk_index(chunk_index, rank) VALUES('automerge', 0);"
            "CREATE VIRTUAL TABLE temp.v USING fts5vocab('main', 'chunk_index', 'row')");
    for (int i = 1; i <= 100; i++)
        add_chunk(db, i);
    run(db, "BEGIN");
    for (int i = 101; i <= 600; i++)
        add_chunk(db, i);
    run(db, "COMMIT");
    for (size_t stage = 0; stage < sizeof stages / sizeof *stages; stage++) {
        if (stage > 0)
            run(db, stages[stage]);
        for (size_t i = 0; i < sizeof from / sizeof *from; i++)
            expect_as_fts5vocab(db, from[i]);
    }
    db_close(&db);
}

/* Where pages begin is not said any more: who reads them himself finds none. */
TEST(leaves_a_format_that_it_does_not_know_to_fts5vocab)
{
    struct error e = {0};
    struct listing got = {0};
    sqlite3 *db = new_store();
    run(db, "CREATE VIRTUAL TABLE temp.v USING fts5vocab('main', 'chunk_index', 'row')");
    for (int i = 1; i <= 3; i++)
        add_chunk(db, i);
    sqlite3_db_config(db, SQLITE_DBCONFIG_DEFENSIVE, 0, NULL);
    run(db, "DELETE FROM chunk_index_idx");
    struct rstore *store = open_reading();
    CHECK_OK(rstore_vocabulary(store, "", list, &got, &e), &e);
    CHECK_INT(got.words.size, 0);
    rstore_close(&store);
    vocabulary_version++;
    expect_as_fts5vocab(db, "");
    expect_as_fts5vocab(db, "w1");
    vocabulary_version--;
    db_close(&db);
}

TEST(is_empty_in_an_empty_store)
{
    struct error e = {0};
    struct listing got = {0};
    sqlite3 *db = new_store();
    struct rstore *store = open_reading();
    CHECK_OK(rstore_vocabulary(store, "", list, &got, &e), &e);
    CHECK_INT(got.words.size, 0);
    rstore_close(&store);
    db_close(&db);
}

/* Its list fills pages without words; those of the others do not. */
TEST(knows_a_frequent_word)
{
    struct error e = {0};
    struct listing got = {0};
    sqlite3 *db = new_store();
    run(db, "BEGIN");
    for (int i = 1; i <= 500; i++)
        run(db, "INSERT INTO chunk_index(text, title, heading) VALUES('the one', 't', 'h')");
    run(db, "INSERT INTO chunk_index(text, title, heading) VALUES('rare', 't', 'h');"
            "COMMIT");
    struct rstore *store = open_reading();
    CHECK_OK(rstore_vocabulary(store, "one", list, &got, &e), &e);
    CHECK_STR(got.words.data, "one\nrare\nt\nthe\n");
    CHECK_INT(got.frequent, 3);
    buf_release(&got.words);
    rstore_close(&store);
    db_close(&db);
}

static bool ignore(void *owner, const struct word *word)
{
    (void)owner;
    (void)word;
    return true;
}

/* Whatever stands in the pages: an answer or an error, and nothing is read beside them. */
TEST(damage_is_an_error_or_other_words_but_no_crash)
{
    struct error e = {0};
    sqlite3 *db = new_store();
    int failed = 0;
    run(db, "BEGIN");
    for (int i = 1; i <= 200; i++)
        add_chunk(db, i);
    run(db, "COMMIT");
    sqlite3_db_config(db, SQLITE_DBCONFIG_DEFENSIVE, 0, NULL);
    for (int i = 0; i < 150; i++) {
        char *sql = xasprintf(
            "SAVEPOINT a; UPDATE chunk_index_data SET block = CAST(substr(block, 1, %d) ||"
            " x'%02x%02x' || substr(block, %d) AS BLOB) WHERE id > 9; RELEASE a",
            i % 43, (i * 37) % 256, (i * 101) % 256, i % 43 + 3);
        run(db, "CREATE TEMP TABLE IF NOT EXISTS kept AS SELECT * FROM chunk_index_data");
        run(db, sql);
        free(sql);
        struct rstore *store = open_reading();
        e = (struct error){0};
        failed += !rstore_vocabulary(store, "", ignore, NULL, &e);
        rstore_close(&store);
        run(db, "REPLACE INTO chunk_index_data SELECT * FROM temp.kept");
    }
    CHECK(failed > 0);
    db_close(&db);
}
