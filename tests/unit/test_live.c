/* One live line. */
#include "supervisor/live.h"

#include <string.h>

#include "supervisor/table.h"
#include "tests/unit/harness.h"

static void check_row(struct live_row row, size_t width, const char *want)
{
    struct buf out = {0};
    live_row_write(&out, &row, width);
    CHECK_STR(out.data, want);
    CHECK(text_columns(out.data, out.size) <= width);
    buf_release(&out);
}

TEST(says_phase_rate_remaining_and_time_to_the_deadline)
{
    check_row((struct live_row){.source = "wiki",
                                .phase = "import",
                                .done = 20480,
                                .total = 61200,
                                .rate = 1024,
                                .left_ms = 40900},
              100,
              "wiki         import   20480 of 61200, 1024/s, 40720 to go, 40s to its deadline");
}

TEST(says_only_what_is_known)
{
    check_row((struct live_row){.source = "wiki", .phase = "", .total = -1, .rate = -1}, 100,
              "wiki         starting, 0s to its deadline");
    check_row((struct live_row){.source = "wiki",
                                .phase = "fetch",
                                .done = 7,
                                .total = -1,
                                .rate = -1,
                                .left_ms = 125000,
                                .stopping = true},
              100, "wiki         fetch    7, stopping, 2m5s to its deadline");
}

TEST(is_cut_at_the_width_of_the_terminal)
{
    check_row((struct live_row){.source = "wiki", .phase = "import", .total = 10, .rate = -1}, 20,
              "wiki         import\xE2\x80\xA6");
}

TEST(hostile_phase_is_escaped)
{
    check_row((struct live_row){.source = "wiki", .phase = "\x1b[2J", .total = -1, .rate = -1}, 99,
              "wiki         \\x1b[2J     0, 0s to its deadline");
}
