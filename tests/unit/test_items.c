/* Items kept aside until the plan asks for them. */
#include "worker/sync/items.h"

#include <string.h>

#include "tests/unit/harness.h"

static struct error e;

static void open_items(struct items *items)
{
    struct home home = {0};
    CHECK_OK(home_open(test_dir(), &home, &e), &e);
    CHECK_OK(home_make_source(&home, "s", &e), &e);
    CHECK_OK(items_open(items, &home, "s", &e), &e);
    home_release(&home);
}

static void add(struct items *items, const char *path, const char *text)
{
    char hash[ITEMS_HASH_SIZE];
    struct buf bytes = {0};
    buf_add_text(&bytes, text);
    items_hash(bytes.data, bytes.size, hash);
    CHECK_OK(items_add(items, path, &bytes, hash, &e), &e);
    buf_release(&bytes);
}

static bool on_entry(void *context, const char *path, size_t size, const char *blob,
                     struct error *problem)
{
    (void)problem;
    CHECK_INT(size, strlen(path));
    CHECK_INT(strlen(blob), ITEMS_HASH_SIZE - 1);
    buf_printf(context, "%s ", path);
    return true;
}

static void check_list(const struct items *items, const char *want)
{
    struct buf seen = {0};
    struct listing to = {.context = &seen, .entry = on_entry};
    CHECK_INT(items_list(items, &to, &e), STEP_DONE);
    CHECK_STR(seen.data, want);
    buf_release(&seen);
}

static void check_read(struct items *items, const char *path, const char *want)
{
    struct plan_item item = {.path = path, .path_size = strlen(path)};
    const struct plan_block block = {.items = &item, .count = 1, .limit = 8};
    CHECK_OK(items_request(items, &block, &e), &e);
    CHECK_OK(items_read(items, &e), &e);
    CHECK_STR(items->bytes.data, want);
}

TEST(items_are_listed_in_order_and_the_first_of_a_path_counts)
{
    struct items items = {0};
    open_items(&items);
    add(&items, "b.md", "two");
    add(&items, "a.md", "one");
    add(&items, "b.md", "second two");
    add(&items, "B.md", "");
    CHECK_INT(items_finish(&items), 1);
    check_list(&items, "B.md a.md b.md ");
    check_read(&items, "b.md", "two");
    check_read(&items, "a.md", "one");
    check_read(&items, "B.md", "");
    items_release(&items);
}

TEST(the_head_follows_paths_and_hashes_and_not_the_order_they_came_in)
{
    char heads[4][ITEMS_HASH_SIZE];
    const char *texts[4][2] = {{"one", "two"}, {"two", "one"}, {"one", "two!"}, {"one", "two"}};
    for (int i = 0; i < 4; i++) {
        struct items items = {0};
        open_items(&items);
        add(&items, i == 1 ? "b.md" : "a.md", texts[i][0]);
        add(&items, i == 1 ? "a.md" : i == 3 ? "c.md" : "b.md", texts[i][1]);
        CHECK_INT(items_finish(&items), 0);
        items_head(&items, heads[i]);
        items_release(&items);
    }
    CHECK_STR(heads[1], heads[0]);
    CHECK(strcmp(heads[2], heads[0]) != 0);
    CHECK(strcmp(heads[3], heads[0]) != 0);
}

TEST(items_larger_than_what_is_written_at_once_come_back)
{
    struct items items = {0};
    struct buf large = {0};
    open_items(&items);
    for (int i = 0; i < 100 * 1000; i++)
        buf_printf(&large, "%d ", i);
    add(&items, "large.md", large.data);
    add(&items, "small.md", "small");
    add(&items, "again.md", large.data);
    CHECK_INT(items_finish(&items), 0);
    check_read(&items, "small.md", "small");
    check_read(&items, "again.md", large.data);
    check_read(&items, "large.md", large.data);
    buf_release(&large);
    items_release(&items);
}
