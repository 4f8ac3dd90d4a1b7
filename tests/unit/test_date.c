/* Dates of feeds. */
#include "tests/unit/harness.h"
#include "worker/sync/date.h"

static void reads(const char *text, const char *want)
{
    int64_t at = -1;
    char got[DATE_SIZE];
    if (!date_read(text, &at))
        FAIL("\"%s\" is not read", text);
    date_write(at, got);
    CHECK_STR(got, want);
}

static void refuses(const char *text)
{
    int64_t at;
    if (date_read(text, &at))
        FAIL("\"%s\" is taken", text);
}

TEST(reads_rfc3339)
{
    reads("2026-11-28T19:09:14Z", "2026-11-28T19:09:14Z");
    reads("2026-11-28T19:09:14.123456+02:00", "2026-11-28T17:09:14Z");
    reads("2026-11-28t19:09:14z", "2026-11-28T19:09:14Z");
    reads("2026-01-01T00:30:00+01:00", "2025-12-31T23:30:00Z");
    reads("2026-11-28 19:09:14-0330", "2026-11-28T22:39:14Z");
    reads("2026-11-28T19:09", "2026-11-28T19:09:00Z");
    reads(" 2026-11-28\n", "2026-11-28T00:00:00Z");
    reads("2024-02-29T12:00:00Z", "2024-02-29T12:00:00Z");
    reads("0001-01-01T00:00:00Z", "0001-01-01T00:00:00Z");
    reads("9999-12-31T23:59:59Z", "9999-12-31T23:59:59Z");
}

TEST(reads_rfc822)
{
    reads("Sat, 28 Nov 2026 19:09:14 GMT", "2026-11-28T19:09:14Z");
    reads("Tue, 10 Jun 2003 04:00:00 +0200", "2003-06-10T02:00:00Z");
    reads("10 Jun 03 04:00 EST", "2003-06-10T09:00:00Z");
    reads("Tue, 10 Jun 97 04:00:00 PDT", "1997-06-10T11:00:00Z");
    reads("1 January 2020 00:00:00 UT", "2020-01-01T00:00:00Z");
    reads("Thu, 01 Jan 1970 00:00:00 Z", "1970-01-01T00:00:00Z");
    reads("Sun, 06-Nov-1994 08:49:37 GMT", "1994-11-06T08:49:37Z");
}

TEST(refuses_what_is_no_date)
{
    refuses("");
    refuses("yesterday");
    refuses("2026-13-01");
    refuses("2026-02-30T00:00:00Z");
    refuses("2025-02-29");
    refuses("2026-11-28T25:00:00Z");
    refuses("2026-11-28T19:09:14 in the evening");
    refuses("0000-01-01");
    refuses("32 Jan 2020 00:00:00 GMT");
    refuses("1 Foo 2020 00:00:00 GMT");
    refuses("Sat, 28 Nov 2026 19:09:14 +9900");
}

TEST(writes_nothing_for_years_beyond_four_digits)
{
    char got[DATE_SIZE];
    date_write(INT64_C(253402300800), got);
    CHECK_STR(got, "");
    date_write(INT64_MAX, got);
    CHECK_STR(got, "");
    date_write(INT64_MIN, got);
    CHECK_STR(got, "");
    date_write(-1, got);
    CHECK_STR(got, "1969-12-31T23:59:59Z");
}
