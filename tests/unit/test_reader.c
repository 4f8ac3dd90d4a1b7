/* A long-lived reader: what it sees of stores that change, and what it leaves them. */
#include "worker/reads/reader.h"

#include <dirent.h>
#include <unistd.h>

#include "common/ledger.h"
#include "tests/unit/reader_stores.h"
#include "worker/reads/reader_memory.h"
#include "worker/reads/search.h"

TEST(sees_each_commit)
{
    struct reader *reader = open_reader(1, (struct reader_limits){0});
    sqlite3 *db = writer("s0");
    CHECK_INT(hits(reader, "kestrel"), 0);
    add_pages(db, 1, 2, "a kestrel");
    CHECK_INT(hits(reader, "kestrel"), 2);
    add_pages(db, 3, 1, "a kestrel");
    CHECK_INT(hits(reader, "kestrel"), 3);
    db_close(&db);
    reader_free(&reader);
}

static void expect_more_hits(struct reader *reader, int64_t want, bool approximate)
{
    json_t *answer = search(reader, "kestrel", OP_DONE);
    json_t *hit = json_array_get(json_object_get(answer, "hits"), 0);
    CHECK_INT(json_integer_value(json_object_get(hit, "more_hits")), want);
    CHECK_INT(json_is_true(json_object_get(answer, "approximate")), approximate);
    json_decref(answer);
}

/* They are counted while the store is scanned, or asked for if not all of it was. */
TEST(counts_the_other_hits_of_a_page_in_both_ways)
{
    struct error e = {0};
    struct reader *reader = open_reader(1, (struct reader_limits){0});
    sqlite3 *db = writer("s0");
    int64_t bound = search_cost_max;
    add_pages(db, 1, 2, "a kestrel");
    CHECK_OK(db_exec(db,
                     "INSERT INTO chunk VALUES(3, 1, 1, 't', 't', 'kestrel'), (4, 1, 2, 't', 't',"
                     " 'none'), (5, 1, 3, 't', 't', 'kestrel');"
                     "INSERT INTO chunk_index(rowid, text, title, heading) SELECT id, text, title,"
                     " heading FROM chunk WHERE id > 2",
                     &e),
             &e);
    expect_more_hits(reader, 2, false);
    search_cost_max = 1;
    expect_more_hits(reader, 2, true);
    search_cost_max = bound;
    db_close(&db);
    reader_free(&reader);
}

/* The second request remembers the words of both stores; one of them is then not even opened. */
TEST(sees_a_commit_to_a_store_that_it_remembers)
{
    store_settle_s = -1;
    struct reader *reader = open_reader(2, (struct reader_limits){.stores_max = 1});
    sqlite3 *db = writer("s1");
    new_store("s0", 1, "a heron");
    add_pages(db, 1, 2, "a kestrel");
    for (int i = 0; i < 3; i++) {
        CHECK_INT(hits(reader, "osprey"), 0);
        CHECK_INT(hits(reader, "*spre*"), 0);
        CHECK_INT(hits(reader, "kest*"), (size_t)(2 + i));
        add_pages(db, 3 + i, 1, "a kestrel");
    }
    add_pages(db, 10, 1, "an osprey");
    CHECK_INT(hits(reader, "osprey"), 1);
    CHECK_INT(hits(reader, "*spre*"), 1);
    CHECK_INT(hits(reader, "heron OR osprey"), 2);
    db_close(&db);
    reader_free(&reader);
}

/* Is a file open whose path contains `part`? */
static bool is_open(const char *part)
{
    DIR *dir = opendir("/proc/self/fd");
    bool found = false;
    for (struct dirent *d; dir && (d = readdir(dir));) {
        char target[4096];
        ssize_t size = readlinkat(dirfd(dir), d->d_name, target, sizeof target);
        found |= size > 0 && memmem(target, (size_t)size, part, strlen(part));
    }
    CHECK_INT(closedir(dir), 0);
    return found;
}

TEST(a_store_that_cannot_match_stays_closed_and_has_answered)
{
    store_settle_s = -1;
    size_t count;
    struct reader *reader = open_reader(2, (struct reader_limits){.stores_max = 1});
    new_store("s0", 1, "a heron");
    new_store("s1", 1, "a kestrel");
    hits(reader, "osprey");
    CHECK(is_open("/s1/store.db"));
    hits(reader, "osprey");
    CHECK_INT(hits(reader, "heron"), 1);
    CHECK(is_open("/s0/store.db"));
    CHECK(!is_open("/s1/store.db"));
    json_t *answer = search(reader, "heron", OP_DONE);
    CHECK(json_is_false(json_object_get(answer, "partial")));
    CHECK(json_is_true(
        json_object_get(json_array_get(json_object_get(answer, "sources"), 1), "answered")));
    reader_stamps(reader, &count);
    CHECK_INT(count, 2);
    CHECK(!is_open("/s1/store.db"));
    json_decref(answer);
    reader_free(&reader);
}

TEST(words_that_find_no_room_are_read_again)
{
    store_settle_s = -1;
    struct reader *reader = open_reader(2, (struct reader_limits){.words_kib = 1});
    struct buf text = {0};
    for (int i = 0; i < 2000; i++)
        buf_printf(&text, "word%d ", i);
    new_store("s0", 1, "a heron");
    new_store("s1", 1, text.data);
    for (int i = 0; i < 3; i++) {
        CHECK_INT(hits(reader, "word1999"), 1);
        CHECK_INT(hits(reader, "*ord199*"), 1);
        CHECK_INT(hits(reader, "heron"), 1);
    }
    buf_release(&text);
    reader_free(&reader);
}

TEST(stamps_rise_with_each_commit)
{
    struct reader *reader = open_reader(1, (struct reader_limits){0});
    sqlite3 *db = writer("s0");
    size_t count;
    add_pages(db, 1, 1, "a kestrel");
    hits(reader, "kestrel");
    int64_t before = reader_stamps(reader, &count)->version;
    CHECK_INT(count, 1);
    hits(reader, "kestrel");
    CHECK_INT(reader_stamps(reader, &count)->version, before);
    add_pages(db, 2, 1, "a kestrel");
    hits(reader, "kestrel");
    CHECK_INT(reader_stamps(reader, &count)->version, before + 1);
    db_close(&db);
    reader_free(&reader);
}

TEST(sees_a_store_that_was_replaced)
{
    struct reader *reader = open_reader(1, (struct reader_limits){0});
    CLEANUP(free_text) char *path = store_path("s0");
    CLEANUP(free_text) char *aside = xasprintf("%s.damaged", path);
    new_store("s0", 1, "a kestrel");
    CHECK_INT(hits(reader, "kestrel"), 1);
    CHECK_INT(rename(path, aside), 0);
    CLEANUP(free_text) char *log = xasprintf("%s-wal", path);
    CLEANUP(free_text) char *shared = xasprintf("%s-shm", path);
    unlink(log);
    unlink(shared);
    new_store("s0", 3, "a kestrel");
    CHECK_INT(hits(reader, "kestrel"), 3);
    reader_free(&reader);
}

TEST(sees_that_a_store_is_gone_and_comes_back)
{
    struct reader *reader = open_reader(1, (struct reader_limits){0});
    CLEANUP(free_text) char *path = store_path("s0");
    CLEANUP(free_text) char *aside = xasprintf("%s.aside", path);
    new_store("s0", 1, "a kestrel");
    CHECK_INT(hits(reader, "kestrel"), 1);
    CHECK_INT(rename(path, aside), 0);
    json_t *answer = search(reader, "kestrel", OP_DONE);
    json_t *source = json_array_get(json_object_get(answer, "sources"), 0);
    CHECK_STR(json_string_value(json_object_get(source, "problem")), "missing");
    json_decref(answer);
    CHECK_INT(rename(aside, path), 0);
    CHECK_INT(hits(reader, "kestrel"), 1);
    reader_free(&reader);
}

TEST(sees_sources_that_come_and_go_in_sources_json)
{
    struct reader *reader = open_reader(1, (struct reader_limits){0});
    new_store("s0", 1, "a kestrel");
    new_store("s1", 1, "a kestrel");
    CHECK_INT(hits(reader, "kestrel"), 1);
    write_config(2);
    CHECK_INT(hits(reader, "kestrel"), 2);
    test_write("home/sources.json", "{\"sources\": [", 13); /* being edited */
    CHECK_INT(hits(reader, "kestrel"), 2);
    write_config(1);
    CHECK_INT(hits(reader, "kestrel"), 1);
    reader_free(&reader);
}

/* 0: the whole log could be moved into the file and emptied. */
static int64_t busy_after_truncate(sqlite3 *db)
{
    static const char *const sql = "PRAGMA wal_checkpoint(TRUNCATE)";
    struct error e = {0};
    sqlite3_stmt *s = NULL;
    CHECK_OK(db_prepare(db, &sql, 1, &s, &e), &e);
    CHECK(db_step(s, &e) == DB_ROW);
    int64_t busy = column_int(s, 0);
    db_finalize(&s, 1);
    return busy;
}

TEST(pins_no_log_between_requests)
{
    struct reader *reader = open_reader(1, (struct reader_limits){0});
    sqlite3 *db = writer("s0");
    for (int i = 1; i < 5; i++) {
        add_pages(db, i, 1, "a kestrel");
        CHECK_INT(hits(reader, "kest*"), i);
        CHECK_INT(busy_after_truncate(db), 0);
    }
    db_close(&db);
    reader_free(&reader);
}

static size_t open_descriptors(void)
{
    size_t count = 0;
    DIR *dir = opendir("/proc/self/fd");
    if (!dir)
        FAIL("no /proc/self/fd");
    while (readdir(dir))
        count++;
    closedir(dir);
    return count;
}

TEST_LIMIT(keeps_few_stores_open_and_finds_in_all, 60)
{
    enum { SOURCES = 30 };
    struct reader *reader = open_reader(SOURCES, (struct reader_limits){.stores_max = 4});
    for (int i = 0; i < SOURCES; i++) {
        char id[16];
        snprintf(id, sizeof id, "s%d", i);
        new_store(id, 1, "a kestrel");
    }
    size_t before = open_descriptors();
    CHECK_INT(hits(reader, "kestrel"), SOURCES);
    CHECK(open_descriptors() <= before + 4 * 3);
    reader_free(&reader);
    CHECK_INT(open_descriptors(), before);
}

TEST(a_deadline_ends_a_request_and_says_so)
{
    struct reader *reader = open_reader(1, (struct reader_limits){0});
    new_store("s0", 3000, "a kestrel");
    CHECK_INT(hits(reader, "kestrel"), 100);
    reader_set_deadline(reader, 1);
    struct error e = {0};
    enum op_end end = OP_DONE;
    /* A millisecond may do for one; not for all of these words. */
    for (int i = 0; i < 1000 && end == OP_DONE; i++) {
        json_t *raw = json_pack("{s:s}", "query", "*e* *r* kestr* *trel a* OR *s*");
        json_t *args = NULL;
        json_t *answer = NULL;
        CHECK_OK(op_check_args(op_find("search"), raw, &args, &e), &e);
        end = op_find("search")->run(reader, args, &answer, &e);
        json_decref(raw);
        json_decref(args);
        json_decref(answer);
    }
    CHECK_INT(end, OP_LATE);
    CHECK_INT(e.cause, CAUSE_DEADLINE);
    reader_set_deadline(reader, 60000);
    CHECK_INT(hits(reader, "kestrel"), 100); /* the next one is as before */
    reader_free(&reader);
}

static void add_runs(int count)
{
    struct ledger *ledger = NULL;
    struct error e = {0};
    int64_t id;
    CHECK_OK(ledger_open(&home, &ledger, &e), &e);
    CHECK_OK(ledger_begin(ledger, &e), &e);
    CHECK_OK(ledger_add_invocation(ledger, 1, &id, &e), &e);
    for (int i = 0; i < count; i++)
        CHECK_OK(ledger_add_attempt(ledger, id, "a", &(struct attempt){0}, &e), &e);
    CHECK_OK(ledger_commit(ledger, &e), &e);
    ledger_close(&ledger);
}

TEST(runs_end_with_the_deadline_and_say_what_was_found)
{
    struct reader *reader = open_reader(1, (struct reader_limits){0});
    struct error e = {0};
    json_t *args = json_pack("{s:i,s:i}", "limit", 100, "offset", 150);
    json_t *answer = NULL;
    add_runs(300);
    CHECK_INT(op_find("runs")->run(reader, args, &answer, &e), OP_DONE);
    CHECK_INT(json_array_size(json_object_get(answer, "runs")), 100);
    json_decref(answer);
    reader_stop(reader);
    CHECK_INT(op_find("runs")->run(reader, args, &answer, &e), OP_LATE);
    CHECK_INT(e.cause, CAUSE_DEADLINE);
    CHECK(json_array_size(json_object_get(answer, "runs")) < 100);
    json_decref(answer);
    json_decref(args);
    reader_free(&reader);
}

TEST(once_stopped_a_reader_ends_every_request_at_once)
{
    struct reader *reader = open_reader(1, (struct reader_limits){0});
    new_store("s0", 3000, "a kestrel");
    CHECK_INT(hits(reader, "kestrel"), 100);
    reader_stop(reader);
    for (int i = 0; i < 2; i++) {
        json_t *args = json_pack("{s:s,s:i,s:i}", "query", "kestrel", "limit", 10, "offset", 0);
        json_t *answer = NULL;
        struct error e = {0};
        CHECK_INT(op_find("search")->run(reader, args, &answer, &e), OP_LATE);
        CHECK_INT(e.cause, CAUSE_DEADLINE);
        json_decref(answer);
        json_decref(args);
    }
    reader_free(&reader);
}
