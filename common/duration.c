/* Reading and writing durations. */
#include "common/duration.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "common/text.h"

enum { SECOND = 1000, MINUTE = 60 * SECOND, HOUR = 60 * MINUTE, DAY = 24 * HOUR };

/* Smallest first, so that the exact form can be searched from the end. */
static const struct unit {
    const char *name;
    int64_t ms;
} units[] = {{"ms", 1}, {"s", SECOND}, {"m", MINUTE}, {"h", HOUR}, {"d", DAY}};

enum { UNIT_COUNT = sizeof units / sizeof units[0] };

/* Milliseconds in the unit called `name` (bare means seconds), or 0. */
static int64_t unit_ms(const char *name)
{
    if (*name == '\0')
        return SECOND;
    for (size_t i = 0; i < UNIT_COUNT; i++)
        if (strcmp(name, units[i].name) == 0)
            return units[i].ms;
    return 0;
}

static bool refuse(const char *text, const char *where, const char *reason, struct error *e)
{
    struct buf shown = {0};
    text_escape(&shown, text, strnlen(text, 80));
    error_set(e, CAUSE_USAGE, "%s: \"%s\": %s", where, shown.data ? shown.data : "", reason);
    buf_release(&shown);
    return false;
}

bool duration_parse(const char *text, const char *where, int64_t *ms, struct error *e)
{
    const char *expected = "expected a duration such as 90s, 10m, 1h";
    size_t digits = strspn(text, "0123456789");
    int64_t unit = unit_ms(text + digits);
    if (digits == 0 || text[0] == '0' || unit == 0)
        return refuse(text, where, expected, e);
    int64_t number = 0;
    for (size_t i = 0; i < digits; i++) {
        number = number * 10 + (text[i] - '0');
        if (number > DURATION_MAX_MS / unit)
            return refuse(text, where, "expected at most 3650d", e);
    }
    *ms = number * unit;
    return true;
}

void duration_format(int64_t ms, char out[DURATION_TEXT_SIZE])
{
    int64_t big = ms >= DAY ? DAY : ms >= HOUR ? HOUR : MINUTE;
    int64_t small = ms >= DAY ? HOUR : ms >= HOUR ? MINUTE : SECOND;
    char big_name = "mhd"[(ms >= HOUR) + (ms >= DAY)];
    char small_name = "smh"[(ms >= HOUR) + (ms >= DAY)];
    int64_t rest = ms % big / small;
    if (ms < 100)
        snprintf(out, DURATION_TEXT_SIZE, "%" PRId64 "ms", ms < 0 ? 0 : ms);
    else if (ms < MINUTE)
        snprintf(out, DURATION_TEXT_SIZE, "%d.%ds", (int)(ms / SECOND), (int)(ms % SECOND / 100));
    else if (rest)
        snprintf(out, DURATION_TEXT_SIZE, "%" PRId64 "%c%d%c", ms / big, big_name, (int)rest,
                 small_name);
    else
        snprintf(out, DURATION_TEXT_SIZE, "%" PRId64 "%c", ms / big, big_name);
}

/* 90s stays 90s, but 600s is 10m: the largest unit that divides it. */
void duration_format_exact(int64_t ms, char out[DURATION_TEXT_SIZE])
{
    size_t i = UNIT_COUNT - 1;
    while (i > 0 && (ms == 0 || ms % units[i].ms != 0))
        i--;
    snprintf(out, DURATION_TEXT_SIZE, "%" PRId64 "%s", ms / units[i].ms, units[i].name);
}
