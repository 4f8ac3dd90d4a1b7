/* Searches where there is more than can be open, or than can be looked at. */
#include <sys/inotify.h>
#include <unistd.h>

#include "tests/unit/reader_stores.h"
#include "worker/reads/search.h"

/* Of as many stores as may be open, and of more: then hits are kept until their words are weighed.
 */
TEST(the_answer_is_the_same_however_few_stores_may_be_open)
{
    static const char *const queries[] = {
        "kestrel", "kestrel heron", "kestrel OR heron", "kestrel -heron", "heron kestrel osprey",
        "kest*",   "\"a kestrel\"", "osprey nowhere"};
    struct reader *few = open_reader(4, (struct reader_limits){.stores_max = 1});
    struct reader *all = open_reader(4, (struct reader_limits){0});
    struct error e = {0};
    sqlite3 *db = writer("s0");
    add_pages(db, 1, 3, "a kestrel");
    add_pages(db, 4, 1, "a kestrel and a kestrel beside a heron");
    add_pages(db, 5, 70, "a long text and a heron");
    CHECK_OK(db_exec(db, "INSERT INTO hidden_chunk VALUES(2), (6)", &e), &e);
    db_close(&db);
    new_store("s1", 70, "a kestrel"); /* too many to be kept */
    new_store("s2", 5, "a heron sees a kestrel");
    new_store("s3", 2, "an osprey");
    for (size_t i = 0; i < 2 * sizeof queries / sizeof *queries; i++) {
        json_t *one = search_with(few, queries[i / 2], i & 1, OP_DONE);
        json_t *other = search_with(all, queries[i / 2], i & 1, OP_DONE);
        json_t *found = json_object_get(one, "hits");
        CHECK(json_array_size(found) > 0);
        CHECK(json_equal(found, json_object_get(other, "hits")));
        json_decref(one);
        json_decref(other);
    }
    reader_free(&few);
    reader_free(&all);
}

/* How often the file was opened since it was watched. Notices of the same kind that follow each
 * other are one, so closing is watched as well. */
static int opened(int watch)
{
    struct inotify_event events[64];
    ssize_t size = read(watch, events, sizeof events);
    int count = 0;
    for (size_t i = 0; size > 0 && i < (size_t)size / sizeof *events; i++)
        count += (events[i].mask & IN_OPEN) != 0;
    return count;
}

TEST(of_many_stores_each_is_opened_once_but_those_of_the_hits)
{
    struct reader *reader = open_reader(4, (struct reader_limits){.stores_max = 1});
    CLEANUP(free_text) char *path = store_path("s1");
    CLEANUP(close_fd) int watch = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
    for (int i = 0; i < 4; i++) {
        char id[8];
        snprintf(id, sizeof id, "s%d", i);
        sqlite3 *db = writer(id);
        add_pages(db, 1, i == 2 ? 100 : 50, i == 2 ? "a kestrel" : "a kestrel in a longer text");
        db_close(&db);
    }
    CHECK(inotify_add_watch(watch, path, IN_OPEN | IN_CLOSE) >= 0);
    json_t *answer = search(reader, "kestrel", OP_DONE);
    json_t *hit = json_array_get(json_object_get(answer, "hits"), 99);
    CHECK_STR(json_string_value(json_object_get(hit, "source")), "s2");
    CHECK_INT(opened(watch), 1);
    json_decref(answer);
    reader_free(&reader);
}

/* As a worker does, the index first. */
static void set_title(sqlite3 *db, int page, const char *title)
{
    struct error e = {0};
    char *sql = xasprintf("INSERT INTO chunk_index(chunk_index, rowid, text, title, heading)"
                          " SELECT 'delete', id, text, title, heading FROM chunk WHERE id = %d;"
                          "UPDATE chunk SET title = '%s' WHERE id = %d;"
                          "INSERT INTO chunk_index(rowid, text, title, heading)"
                          " SELECT id, text, title, heading FROM chunk WHERE id = %d",
                          page, title, page, page);
    CHECK_OK(db_exec(db, sql, &e), &e);
    free(sql);
}

static void expect_first(struct reader *reader, const char *query, const char *path)
{
    json_t *answer = search(reader, query, OP_DONE);
    json_t *hits = json_object_get(answer, "hits");
    CHECK(json_is_true(json_object_get(answer, "approximate")));
    CHECK_INT(json_array_size(hits), 100);
    CHECK_STR(json_string_value(json_object_get(json_array_get(hits, 0), "path")), path);
    json_decref(answer);
}

TEST(of_too_much_the_pages_with_a_word_in_their_title_are_found)
{
    static const char *const queries[] = {"kestrel", "a kestrel", "kestrel OR nowhere", "kes*",
                                          "kestrel -nowhere"};
    struct reader *reader = open_reader(1, (struct reader_limits){0});
    sqlite3 *db = writer("s0");
    int64_t bound = search_cost_max;
    add_pages(db, 1, 3000, "a kestrel");
    set_title(db, 1595, "the kestrel");
    search_cost_max = 2900; /* titles of most pages, and a fourteenth of all chunks */
    for (size_t i = 0; i < sizeof queries / sizeof *queries; i++)
        expect_first(reader, queries[i], "p001595.md");
    search_cost_max = bound;
    db_close(&db);
    reader_free(&reader);
}

TEST(of_too_much_some_is_found_also_without_titles)
{
    struct reader *reader = open_reader(2, (struct reader_limits){0});
    int64_t bound = search_cost_max;
    new_store("s0", 2000, "a kestrel");
    new_store("s1", 2000, "a long text and a kestrel");
    search_cost_max = 1900;
    json_t *answer = search(reader, "kestrel", OP_DONE);
    CHECK(json_is_true(json_object_get(answer, "approximate")));
    CHECK_INT(json_array_size(json_object_get(answer, "hits")), 100);
    json_decref(answer);
    search_cost_max = bound;
    reader_free(&reader);
}
