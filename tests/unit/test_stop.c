/* When a worker stops: its soft deadline. */
#include "worker/sync/stop.h"

#include "common/clock.h"
#include "tests/unit/harness.h"

enum { DAY_MS = 24 * 3600 * 1000 };

/* The naive way reads the time of day: a clock that is set ends a run, or lets it run on. */
TEST(a_deadline_does_not_follow_a_clock_that_is_set)
{
    clock_fake(1000, DAY_MS);
    stop_set_deadline(1500, STOP_DEADLINE);
    CHECK(!stop_requested());
    clock_fake(1499, (int64_t)20 * DAY_MS);
    CHECK(!stop_requested());
    CHECK(stop_poll(NULL, 0, 0));
    clock_fake(1500, 0);
    CHECK(stop_requested());
    CHECK(!stop_poll(NULL, 0, 0));
    CHECK_INT(stop_why(), STOP_DEADLINE);
}
