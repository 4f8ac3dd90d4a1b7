/* Durations: what is taken, what is refused and how, how they are shown. */
#include "common/duration.h"

#include "tests/unit/harness.h"

static int64_t parsed(const char *text)
{
    struct error e = {0};
    int64_t ms = -1;
    CHECK_OK(duration_parse(text, "--timeout", &ms, &e), &e);
    return ms;
}

static void refused(const char *text, const char *message)
{
    struct error e = {0};
    int64_t ms = 7;
    CHECK_FAILS(duration_parse(text, "--timeout", &ms, &e), &e, CAUSE_USAGE, message);
    CHECK_INT(ms, 7);
}

TEST(takes_every_unit)
{
    CHECK_INT(parsed("85ms"), 85);
    CHECK_INT(parsed("90s"), 90 * 1000);
    CHECK_INT(parsed("10m"), 10 * 60 * 1000);
    CHECK_INT(parsed("1h"), 3600 * 1000);
    CHECK_INT(parsed("2d"), 2 * 24 * 3600 * 1000);
}

TEST(a_bare_number_means_seconds)
{
    CHECK_INT(parsed("600"), 600 * 1000);
}

TEST(refuses_what_is_not_a_duration_and_names_the_flag)
{
    static const char *const wrong[] = {"",   "0",    "0s",    "-1s", "+1s", " 1s", "1 s",  "1s ",
                                        "1S", "1.5h", "1h30m", "m",   "ten", "1w",  "0x10", "1e3"};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        refused(wrong[i], "expected a duration such as 90s, 10m, 1h");
    refused("10 minuts", "--timeout: \"10 minuts\": expected a duration such as 90s, 10m, 1h");
}

TEST(refuses_leading_zeros)
{
    refused("010m", "expected a duration");
}

TEST(the_longest_is_ten_years)
{
    CHECK_INT(parsed("3650d"), DURATION_MAX_MS);
    refused("3651d", "expected at most 3650d");
    refused("99999999999999999999999999ms", "expected at most 3650d");
}

TEST(a_message_holds_no_raw_control_byte)
{
    refused("1\n\x1b[2J", "\"1\\n\\x1b[2J\"");
}

static void shown(int64_t ms, const char *want)
{
    char text[DURATION_TEXT_SIZE];
    duration_format(ms, text);
    CHECK_STR(text, want);
}

TEST(shows_at_most_two_units)
{
    shown(0, "0ms");
    shown(85, "85ms");
    shown(200, "0.2s");
    shown(2149, "2.1s");
    shown(50000, "50.0s");
    shown(59999, "59.9s");
    shown(60000, "1m");
    shown(192000, "3m12s");
    shown((3 * 60 + 12) * 60000 + 59000, "3h12m");
    shown(3600000, "1h");
    shown((2 * 24 + 4) * INT64_C(3600000), "2d4h");
    shown(INT64_C(86400000), "1d");
}

TEST(shows_negative_times_as_none)
{
    shown(-5, "0ms");
}

TEST(the_exact_form_reads_back)
{
    static const int64_t times[] = {1, 1500, 90000, 600000, 3600000, 5400000, DURATION_MAX_MS};
    static const char *const texts[] = {"1ms", "1500ms", "90s", "10m", "1h", "90m", "3650d"};
    char text[DURATION_TEXT_SIZE];
    for (size_t i = 0; i < sizeof times / sizeof *times; i++) {
        duration_format_exact(times[i], text);
        CHECK_STR(text, texts[i]);
        CHECK_INT(parsed(text), times[i]);
    }
    duration_format_exact(0, text);
    CHECK_STR(text, "0ms");
}
