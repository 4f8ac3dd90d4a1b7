/* The index against its chunks, and how many segments a change leaves in it. */
#include "worker/sync/store_index.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "common/varint.h"
#include "tests/unit/harness.h"
#include "worker/sync/stop.h"
#include "worker/sync/store_internal.h"
#include "worker/sync/store_page.h"

enum { PAGES = 200 };

static struct error e;

static struct store *open_store(void)
{
    struct store *store = NULL;
    struct lock_row old;
    CHECK_OK(store_open(test_path("store.db"), MEMORY_NORMAL, &store, &e), &e);
    CHECK_OK(store_lock_take(store, "run", &old, &e), &e);
    return store;
}

static void begin(struct store *store)
{
    CHECK_OK(store_begin(store, &e) && store_bulk(store, &e), &e);
}

/* Page `n` with `sections` chunks, each with `word` in it; `id` 0: a new one. Its row. */
static int64_t put(struct store *store, int64_t id, int n, int sections, const char *word)
{
    struct page page = {0};
    struct buf text = {0};
    char path[24];
    snprintf(path, sizeof path, "%04d.md", n);
    for (int i = 0; i < sections; i++) {
        buf_printf(&text, "# Section %d\n\n%s", i, word);
        for (int j = 0; j < 400; j++)
            buf_add_text(&text, " text");
        buf_add_text(&text, "\n\n");
    }
    const struct page_origin origin = {
        .path = path, .path_size = strlen(path), .blob = word, .epoch = 1, .size_bytes = 1};
    CHECK_OK(page_parse(&page, path, text.data, text.size, &e), &e);
    CHECK_INT(page.chunk_count, sections);
    CHECK_OK(store_page_put(store, &id, &origin, &page, &e), &e);
    page_release(&page);
    buf_release(&text);
    return id;
}

static int64_t number(struct store *store, const char *sql, const char *word)
{
    sqlite3_stmt *s = NULL;
    int64_t value = -1;
    CHECK_OK(db_prepare(store->db, &sql, 1, &s, &e), &e);
    if (word)
        bind_text(s, 1, word);
    CHECK_OK(db_number(s, -1, &value, &e), &e);
    db_finalize(&s, 1);
    return value;
}

static int64_t hits(struct store *store, const char *word)
{
    return number(store, "SELECT count(*) FROM chunk_index WHERE chunk_index MATCH ?1", word);
}

static int64_t segments(struct store *store)
{
    return number(store, "SELECT count(DISTINCT segid) FROM chunk_index_idx", NULL);
}

/* Commits; the index holds each chunk as it is, and counts them right: a wrong count would weigh
 * every word wrongly, which the integrity check does not see. */
static void commit(struct store *store)
{
    CHECK_OK(store_commit(store, &e), &e);
    CHECK_OK(db_exec(store->db,
                     "INSERT INTO chunk_index(chunk_index, rank) VALUES('integrity-check', 1)", &e),
             &e);
    sqlite3_stmt *s = NULL;
    const char *sql = "SELECT block FROM chunk_index_data WHERE id = 1";
    bool row = false;
    CHECK_OK(db_prepare(store->db, &sql, 1, &s, &e) && db_first(s, &row, &e), &e);
    CHECK(row);
    struct bytes record = {.data = sqlite3_column_blob(s, 0),
                           .size = (size_t)sqlite3_column_bytes(s, 0)};
    int64_t counted = (int64_t)varint_read(&record);
    db_finalize(&s, 1);
    CHECK_INT(counted, number(store, "SELECT count(*) FROM chunk", NULL));
}

static void add_pages(struct store *store, int64_t *ids)
{
    begin(store);
    for (int i = 0; i < PAGES; i++)
        ids[i] = put(store, 0, i, 1 + i % 3, "old");
    commit(store);
}

TEST(many_changed_pages_leave_few_segments)
{
    int64_t ids[PAGES];
    struct store *store = open_store();
    add_pages(store, ids);
    CHECK_INT(segments(store), 1);
    begin(store);
    for (int i = 0; i < PAGES; i++)
        (void)put(store, ids[i], i, 1 + (i + 1) % 3, "fresh");
    commit(store);
    CHECK_INT(hits(store, "old"), 0);
    CHECK_INT(hits(store, "fresh"), number(store, "SELECT count(*) FROM chunk", NULL));
    if (segments(store) > 3)
        FAIL("%d changed pages left %" PRId64 " segments", PAGES, segments(store));
    store_close(&store);
}

/* Three sections, of which the second one has `word`, and more behind them. */
static void put_sections(struct store *store, int64_t id, const char *word, int more)
{
    struct page page = {0};
    struct buf text = {0};
    const struct page_origin origin = {
        .path = "s.md", .path_size = 4, .blob = word, .epoch = 1, .size_bytes = 1};
    for (int i = 0; i < 3 + more; i++) {
        buf_printf(&text, "# Section %d\n\n%s", i, i == 1 ? word : "same");
        for (int j = 0; j < 400; j++)
            buf_add_text(&text, " text");
        buf_add_text(&text, "\n\n");
    }
    CHECK_OK(page_parse(&page, "s.md", text.data, text.size, &e), &e);
    CHECK_INT(page.chunk_count, 3 + more);
    CHECK_OK(store_page_put(store, &id, &origin, &page, &e), &e);
    page_release(&page);
    buf_release(&text);
}

TEST(chunks_that_are_the_same_stay)
{
    static const char *const ids = "SELECT group_concat(id) = '1,2,3' FROM (SELECT id FROM chunk"
                                   " ORDER BY position)";
    struct store *store = open_store();
    begin(store);
    put_sections(store, 0, "first", 0);
    commit(store);
    begin(store);
    put_sections(store, 1, "first", 0);
    commit(store);
    CHECK_INT(number(store, "SELECT dropped FROM sync_state", NULL), 0);
    begin(store);
    put_sections(store, 1, "second", 0);
    commit(store);
    CHECK_INT(number(store, "SELECT dropped FROM sync_state", NULL), 1);
    CHECK_INT(number(store, ids, NULL), 1);
    CHECK_INT(hits(store, "first"), 0);
    CHECK_INT(hits(store, "second"), 1);
    CHECK_INT(hits(store, "same"), 2);
    begin(store);
    put_sections(store, 1, "second", 2);
    commit(store);
    CHECK_INT(number(store, "SELECT dropped FROM sync_state", NULL), 1);
    CHECK_INT(hits(store, "same"), 4);
    begin(store);
    put_sections(store, 1, "third", 0);
    commit(store);
    CHECK_INT(number(store, "SELECT dropped FROM sync_state", NULL), 4);
    CHECK_INT(number(store, ids, NULL), 1);
    CHECK_INT(hits(store, "third") + hits(store, "same"), 3);
    store_close(&store);
}

TEST(many_deleted_pages_leave_few_segments)
{
    int64_t ids[PAGES];
    struct store *store = open_store();
    add_pages(store, ids);
    begin(store);
    for (int i = 1; i < PAGES; i++)
        CHECK_OK(store_page_delete(store, ids[i], &e), &e);
    commit(store);
    CHECK_INT(hits(store, "old"), 1);
    CHECK_INT(number(store, "SELECT count(*) FROM page", NULL), 1);
    CHECK_INT(number(store, "SELECT pages FROM sync_state", NULL), 1);
    if (segments(store) > 2)
        FAIL("%d deleted pages left %" PRId64 " segments", PAGES - 1, segments(store));
    store_close(&store);
}

/* SQLite gives the largest ids again once their rows are gone. */
TEST(the_last_page_is_changed_and_others_come)
{
    int64_t ids[PAGES];
    struct store *store = open_store();
    add_pages(store, ids);
    begin(store);
    (void)put(store, ids[PAGES - 1], PAGES - 1, 1, "fresh");
    (void)put(store, 0, PAGES, 3, "fresh");
    CHECK_OK(store_page_delete(store, ids[PAGES - 2], &e), &e);
    (void)put(store, 0, PAGES + 1, 1, "fresh");
    commit(store);
    CHECK_INT(hits(store, "fresh"), 5);
    store_close(&store);
}

TEST(a_page_is_put_twice_and_deleted_in_one_transaction)
{
    int64_t ids[PAGES];
    struct store *store = open_store();
    add_pages(store, ids);
    begin(store);
    (void)put(store, ids[5], 5, 3, "first");
    (void)put(store, ids[5], 5, 2, "second");
    int64_t id = put(store, 0, PAGES, 2, "third");
    CHECK_OK(store_page_delete(store, id, &e), &e);
    (void)put(store, 0, PAGES, 1, "fourth");
    commit(store);
    CHECK_INT(hits(store, "first") + hits(store, "third"), 0);
    CHECK_INT(hits(store, "second"), 2);
    CHECK_INT(hits(store, "fourth"), 1);
    store_close(&store);
}

TEST(what_waits_is_put_in_before_the_commit_and_more_waits_then)
{
    int64_t ids[PAGES];
    struct store *store = open_store();
    add_pages(store, ids);
    begin(store);
    (void)put(store, ids[0], 0, 2, "fresh");
    CHECK_OK(store_index_settle(store, &e), &e);
    CHECK_INT(hits(store, "fresh"), 2);
    (void)put(store, 0, PAGES, 1, "fresh");
    (void)put(store, ids[1], 1, 3, "fresh");
    (void)put(store, ids[0], 0, 1, "fresh");
    commit(store);
    CHECK_INT(hits(store, "fresh"), 5);
    store_close(&store);
}

TEST(what_waits_goes_with_its_transaction)
{
    int64_t ids[PAGES];
    struct store *store = open_store();
    add_pages(store, ids);
    int64_t chunks = hits(store, "old");
    begin(store);
    (void)put(store, ids[0], 0, 3, "fresh");
    CHECK_OK(store_page_delete(store, ids[1], &e), &e);
    store_rollback(store);
    CHECK_INT(hits(store, "fresh"), 0);
    CHECK_INT(hits(store, "old"), chunks);
    begin(store);
    (void)put(store, 0, PAGES, 1, "fresh");
    commit(store);
    CHECK_INT(number(store, "SELECT count(*) FROM page", NULL), PAGES + 1);
    CHECK_INT(hits(store, "fresh"), 1);
    store_close(&store);
}

/* Its chunks were put in with those of many other pages in between. */
TEST(pages_that_change_over_and_over_leave_few_segments)
{
    static const char *const words[] = {"first", "second", "third"};
    int64_t ids[PAGES];
    struct store *store = open_store();
    add_pages(store, ids);
    for (int turn = 0; turn < 3; turn++) {
        int64_t before = segments(store);
        begin(store);
        for (int i = 0; i < PAGES; i++)
            (void)put(store, ids[(i * 7) % PAGES], (i * 7) % PAGES, 4 + 2 * ((turn + 1) % 2),
                      words[turn]);
        commit(store);
        if (segments(store) > before + 3)
            FAIL("turn %d left %" PRId64 " segments more", turn, segments(store) - before);
        CHECK_INT(hits(store, words[turn]), number(store, "SELECT count(*) FROM chunk", NULL));
    }
    store_close(&store);
}

/* More than is kept in memory. */
TEST(large_changes_go_into_the_index_early)
{
    enum { SECTIONS = 1000 }; /* of 2 KB */
    struct store *store = open_store();
    store->memory = MEMORY_LOW;
    begin(store);
    int64_t a = put(store, 0, 1, SECTIONS, "old");
    int64_t b = put(store, 0, 2, 2, "old");
    commit(store);
    begin(store);
    (void)put(store, a, 1, SECTIONS, "fresh");
    CHECK(hits(store, "fresh") > 0);
    CHECK(hits(store, "old") < SECTIONS);
    (void)put(store, b, 2, 1, "fresh");
    CHECK_OK(store_page_delete(store, a, &e), &e);
    CHECK(store->waiting.old.size < 1100 * 1024);
    commit(store);
    CHECK_INT(hits(store, "old"), 0);
    CHECK_INT(hits(store, "fresh"), 1);
    store_close(&store);
}

static int64_t index_bytes(struct store *store)
{
    return number(store, "SELECT sum(length(block)) FROM chunk_index_data", NULL);
}

static void merge_all(struct store *store)
{
    bool more = true;
    while (more)
        CHECK_OK(store_merge_step(store, &more, &e), &e);
}

static void change_all(struct store *store, const int64_t *ids, const char *word)
{
    begin(store);
    for (int i = 0; i < PAGES; i++)
        (void)put(store, ids[i], i, 6, word);
    commit(store);
}

TEST(an_index_of_which_much_was_taken_out_becomes_one_segment)
{
    int64_t ids[PAGES];
    struct store *store = open_store();
    add_pages(store, ids);
    change_all(store, ids, "first"); /* takes out 399 */
    int64_t small = index_bytes(store);
    merge_all(store);
    CHECK_INT(segments(store), 2);
    CHECK_INT(number(store, "SELECT dropped FROM sync_state", NULL), 399);
    change_all(store, ids, "second"); /* takes out 1,200 more */
    CHECK(index_bytes(store) > small * 3 / 2);
    merge_all(store);
    CHECK_INT(segments(store), 1);
    CHECK_INT(number(store, "SELECT dropped FROM sync_state", NULL), 0);
    CHECK(index_bytes(store) < small);
    CHECK_INT(hits(store, "first"), 0);
    CHECK_INT(hits(store, "second"), 6 * PAGES);
    merge_all(store);
    begin(store);
    (void)put(store, ids[0], 0, 1, "third");
    commit(store);
    store_close(&store);
}

static int levels(struct store *store)
{
    return (int)number(
        store,
        "SELECT instr('0123456789ABCDEF', substr(hex(substr(block, 5, 1)), 1, 1)) * 16"
        " + instr('0123456789ABCDEF', substr(hex(substr(block, 5, 1)), 2, 1)) - 17"
        " FROM chunk_index_data WHERE id = 10",
        NULL);
}

/* In small transactions. */
static void wear(struct store *store, const int64_t *ids, const char *word)
{
    enum { AT_A_TIME = 40 };
    for (int i = 0; i < PAGES; i += AT_A_TIME) {
        begin(store);
        for (int j = i; j < i + AT_A_TIME; j++)
            (void)put(store, ids[j], j, 6, word);
        commit(store);
    }
    merge_all(store);
}

/* With FTS5 of 3.40 the levels grow each time that all segments merge, and 2000 of them are damage.
 */
TEST(an_index_that_wears_over_and_over_keeps_few_levels)
{
    enum { ROUNDS = 4 };
    int64_t ids[PAGES];
    struct store *store = open_store();
    add_pages(store, ids);
    for (int round = 0; round < ROUNDS; round++)
        wear(store, ids, round % 2 ? "odd" : "even");
    int merged = levels(store);
    CHECK(merged > 2);
    store_levels_max = merged;
    wear(store, ids, "last");
    CHECK(levels(store) < merged);
    CHECK_INT(segments(store), 1);
    CHECK_INT(number(store, "SELECT dropped FROM sync_state", NULL), 0);
    CHECK_INT(hits(store, "last"), 6 * PAGES);
    CHECK_INT(hits(store, "odd") + hits(store, "even"), 0);
    store_close(&store);
}

TEST(a_stop_leaves_the_index_as_worn_as_it_was)
{
    int64_t ids[PAGES];
    bool more = true;
    struct store *store = open_store();
    add_pages(store, ids);
    change_all(store, ids, "first");
    change_all(store, ids, "second");
    int64_t bytes = index_bytes(store);
    store_levels_max = 0;
    stop_set_deadline(1, STOP_DEADLINE); /* long ago */
    CHECK(!stop_poll(NULL, 0, 0));
    CHECK_OK(store_merge_step(store, &more, &e), &e);
    CHECK(!more);
    CHECK_INT(index_bytes(store), bytes);
    CHECK(number(store, "SELECT dropped FROM sync_state", NULL) >= 1000);
    CHECK_INT(hits(store, "second"), 6 * PAGES);
    store_close(&store);
}
