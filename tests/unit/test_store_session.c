/* Sessions and memos in the store. */
#include "worker/sync/store_session.h"

#include <stdlib.h>
#include <string.h>

#include "common/store_schema.h"
#include "common/text.h"
#include "tests/unit/harness.h"
#include "worker/sync/store_index.h"
#include "worker/sync/store_internal.h"
#include "worker/sync/store_page.h"

static struct error e;

/* A store in a transaction of a run, with one page; *page is its row. */
static struct store *store_with_page(int64_t *page)
{
    struct store *store = NULL;
    struct lock_row old;
    struct page text = {0};
    const struct page_origin origin = {.path = "s.md", .path_size = 4, .blob = "b"};
    CHECK_OK(store_open(test_path("store.db"), MEMORY_LOW, &store, &e), &e);
    CHECK_OK(store_lock_take(store, "run", &old, &e), &e);
    CHECK_OK(store_begin(store, &e), &e);
    CHECK_OK(store_bulk(store, &e), &e);
    CHECK_OK(page_parse(&text, "s.md", "# S\n", 4, &e), &e);
    *page = 0;
    CHECK_OK(store_page_put(store, page, &origin, &text, &e), &e);
    CHECK(*page > 0);
    page_release(&text);
    return store;
}

static int64_t number(struct store *store, const char *sql)
{
    sqlite3_stmt *s = NULL;
    bool row = false;
    CHECK_OK(db_prepare(store->db, &sql, 1, &s, &e), &e);
    CHECK_OK(db_first(s, &row, &e), &e);
    CHECK(row);
    int64_t value = column_int(s, 0);
    db_finalize(&s, 1);
    return value;
}

TEST(a_session_is_put_again_and_what_is_counted_adds_up)
{
    int64_t page;
    struct store *store = store_with_page(&page);
    struct session_row row = {.page = page,
                              .uuid = "u",
                              .cwd = "/home/me/lattice",
                              .started_at = 10,
                              .ended_at = -1,
                              .prompts = 1,
                              .tokens = {.input = 5}};
    const struct session_use use = {"2026-01-02", "m", 1, {1, 2, 3, 4}};
    CHECK_OK(store_session_put(store, &row, &e), &e);
    CHECK_OK(store_session_tool(store, page, &(struct session_tool){"Bash", 2, 1}, &e), &e);
    CHECK_OK(store_session_tool(store, page, &(struct session_tool){"Bash", 3, 0}, &e), &e);
    CHECK_OK(store_session_use(store, page, &use, &e), &e);
    CHECK_OK(store_session_use(store, page, &use, &e), &e);
    CHECK_OK(store_session_repo(store, page, "/r", "r", &e), &e);
    CHECK_OK(store_session_repo(store, page, "/r", "r", &e), &e);
    row.prompts = 4;
    CHECK_OK(store_session_put(store, &row, &e), &e);
    CHECK_INT(number(store, "SELECT prompts FROM session WHERE project = 'lattice'"
                            " AND started_at = 10 AND ended_at IS NULL AND input_tokens = 5"),
              4);
    CHECK_INT(number(store, "SELECT calls * 10 + errors FROM session_tool"), 51);
    CHECK_INT(number(store, "SELECT cache_creation_tokens * 10 + messages FROM session_model"), 82);
    CHECK_INT(number(store, "SELECT count(*) FROM session_repo"), 1);
    CHECK_OK(store_session_reset(store, page, &e), &e);
    CHECK_INT(number(store, "SELECT (SELECT count(*) FROM session_tool)"
                            " + (SELECT count(*) FROM session_model)"
                            " + (SELECT count(*) FROM session_repo)"),
              0);
    store_close(&store);
}

TEST(a_page_takes_its_session_along)
{
    int64_t page;
    struct store *store = store_with_page(&page);
    const struct session_row row = {.page = page, .uuid = "u", .started_at = -1, .ended_at = -1};
    CHECK_OK(store_session_put(store, &row, &e), &e);
    CHECK_OK(store_session_tool(store, page, &(struct session_tool){"Bash", 1, 0}, &e), &e);
    CHECK_OK(store_page_delete(store, page, &e), &e);
    CHECK_INT(number(store, "SELECT (SELECT count(*) FROM session)"
                            " + (SELECT count(*) FROM session_tool)"),
              0);
    store_close(&store);
}

TEST(a_memo_is_kept_replaced_and_taken_away_with_its_transaction)
{
    int64_t page;
    char *value = NULL;
    struct store *store = store_with_page(&page);
    CHECK_OK(store_set_memo(store, "etag", "\"1\"", &e), &e);
    CHECK_OK(store_commit(store, &e), &e);
    CHECK_OK(store_begin(store, &e), &e);
    CHECK_OK(store_set_memo(store, "etag", "\"2\"", &e), &e);
    store_rollback(store);
    CHECK_OK(store_memo(store, "etag", &value, &e), &e);
    CHECK_STR(value, "\"1\"");
    free(value);
    CHECK_OK(store_begin(store, &e), &e);
    CHECK_OK(store_set_memo(store, "etag", NULL, &e), &e);
    CHECK_OK(store_memo(store, "etag", &value, &e), &e);
    CHECK(!value);
    store_close(&store);
}
