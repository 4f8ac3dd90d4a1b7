/* When a source of the service runs next; on a clock of the test's own. */
#include "supervisor/due.h"

#include "tests/unit/harness.h"

enum { EVERY = 900000, NOW = 5000000 };

TEST(every_counts_from_the_start_of_a_run)
{
    struct due due = {.every_ms = EVERY, .now_ms = NOW, .started_ms = NOW - 100000};
    CHECK_INT(due_after(&due), NOW - 100000 + EVERY);
}

TEST(a_run_longer_than_every_is_followed_by_the_next)
{
    struct due due = {.every_ms = 1000, .now_ms = NOW, .started_ms = NOW - 5000};
    CHECK_INT(due_after(&due), NOW);
}

TEST(jitter_never_makes_it_later)
{
    for (uint32_t random = 0; random < 1000000; random += 997) {
        struct due due = {.every_ms = EVERY, .now_ms = NOW, .started_ms = NOW, .random = random};
        CHECK(due_after(&due) <= NOW + EVERY);
        CHECK(due_after(&due) >= NOW + EVERY - EVERY / 10);
    }
}

TEST(what_has_more_to_do_goes_on_at_once)
{
    struct due due = {.every_ms = EVERY, .now_ms = NOW, .started_ms = NOW, .again = true};
    CHECK_INT(due_after(&due), NOW);
}

TEST(backoff_counts_from_now)
{
    struct due due = {.every_ms = EVERY, .now_ms = NOW, .started_ms = NOW - 7, .wait_s = 60};
    CHECK_INT(due_after(&due), NOW + 60000);
}

TEST(a_start_goes_on_where_the_last_service_stood)
{
    struct due due = {.every_ms = EVERY, .now_ms = NOW};
    CHECK_INT(due_at_start(&due, 300), NOW + EVERY - 300000);
    CHECK_INT(due_at_start(&due, 7200), NOW);
    CHECK_INT(due_at_start(&due, -1), NOW);
    due.wait_s = 3000;
    CHECK_INT(due_at_start(&due, -1), NOW + 3000000);
}
