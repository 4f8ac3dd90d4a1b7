/* The list of the best pages. */
#include "worker/reads/search_hits.h"

#include "tests/unit/harness.h"

static void add(struct hits *hits, int64_t page, int64_t chunk, double score, const char *path)
{
    struct hit hit = {
        .page = page, .chunk = chunk, .score = score, .path = (char *)(uintptr_t)path};
    hits_add(hits, &hit);
}

TEST(keeps_the_best_in_order)
{
    struct hits hits;
    hits_init(&hits, 2);
    add(&hits, 1, 1, 1.0, "a");
    add(&hits, 2, 2, 3.0, "b");
    add(&hits, 3, 3, 2.0, "c");
    CHECK_INT(hits.count, 2);
    CHECK_STR(hits.list[0].path, "b");
    CHECK_STR(hits.list[1].path, "c");
    hits_release(&hits);
}

TEST(has_a_page_once_with_its_best_chunk)
{
    struct hits hits;
    hits_init(&hits, 5);
    add(&hits, 1, 10, 1.0, "a");
    add(&hits, 1, 11, 2.0, "a");
    add(&hits, 1, 12, 1.5, "a");
    CHECK_INT(hits.count, 1);
    CHECK_INT(hits.list[0].chunk, 11);
    hits_release(&hits);
}

TEST(equal_scores_go_by_path)
{
    struct hits hits;
    hits_init(&hits, 2);
    add(&hits, 3, 3, 1.0, "c");
    add(&hits, 2, 2, 1.0, "b");
    add(&hits, 1, 1, 1.0, "a");
    CHECK_STR(hits.list[0].path, "a");
    CHECK_STR(hits.list[1].path, "b");
    hits_release(&hits);
}

TEST(least_is_what_a_full_list_asks_for)
{
    struct hits hits;
    hits_init(&hits, 2);
    CHECK(hits_least(&hits) < 0);
    add(&hits, 1, 1, 1.0, "a");
    CHECK(hits_least(&hits) < 0);
    add(&hits, 2, 2, 3.0, "b");
    CHECK(hits_least(&hits) > 0.9 && hits_least(&hits) < 1.1);
    hits_release(&hits);
}

TEST(the_same_page_id_of_another_source_is_another_page)
{
    struct hits hits;
    hits_init(&hits, 5);
    add(&hits, 1, 1, 1.0, "a");
    struct hit other = {.source = 1, .page = 1, .chunk = 1, .score = 1, .path = hits.list[0].path};
    hits_add(&hits, &other);
    CHECK_INT(hits.count, 2);
    CHECK_INT(hits.list[0].source, 0);
    hits_release(&hits);
}
