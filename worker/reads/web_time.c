/* Times, ages and sizes in words. */
#include "worker/reads/web_time.h"

#include <inttypes.h>
#include <stdio.h>
#include <time.h>

enum { MINUTE = 60, HOUR = 60 * MINUTE, DAY = 24 * HOUR };

enum age age_of(int64_t fresh_s)
{
    if (fresh_s < 0)
        return AGE_NEVER;
    return fresh_s >= AGE_OLD_S ? AGE_OLD : fresh_s >= AGE_LATE_S ? AGE_LATE : AGE_FRESH;
}

const char *age_class(enum age age)
{
    static const char *const names[] = {
        [AGE_FRESH] = "fresh", [AGE_LATE] = "late", [AGE_OLD] = "old", [AGE_NEVER] = "old"};
    return names[age];
}

void age_words(int64_t seconds, char *out, size_t size)
{
    static const struct {
        int64_t from;
        int64_t unit;
        const char *one;
        const char *many;
    } steps[] = {
        {730 * (int64_t)DAY, 365 * (int64_t)DAY, "year", "years"},
        {60 * DAY, 30 * DAY, "month", "months"},
        {2 * DAY, DAY, "day", "days"},
        {HOUR, HOUR, "h", "h"},
        {MINUTE, MINUTE, "min", "min"},
        {10, 1, "s", "s"},
    };
    snprintf(out, size, "just now");
    for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
        int64_t n = seconds / steps[i].unit;
        if (seconds < steps[i].from)
            continue;
        snprintf(out, size, "%" PRId64 " %s", n, n == 1 ? steps[i].one : steps[i].many);
        return;
    }
}

void html_ago(struct html *h, int64_t unix_s, int64_t now_s)
{
    char text[64];
    struct tm utc;
    time_t at = (time_t)unix_s;
    if (unix_s <= 0 || !gmtime_r(&at, &utc)) {
        html_markup(h, "never");
        return;
    }
    strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &utc);
    html_markup(h, "<time");
    html_attr(h, "datetime", text);
    strftime(text, sizeof text, "%Y-%m-%d %H:%M UTC", &utc);
    html_attr(h, "title", text);
    html_markup(h, ">");
    int64_t age = now_s - unix_s;
    age_words(age, text, sizeof text);
    html_text(h, text);
    if (age >= 10)
        html_markup(h, " ago");
    html_markup(h, "</time>");
}

void html_duration(struct html *h, int64_t ms)
{
    if (ms < 1000)
        html_textf(h, "%" PRId64 " ms", ms);
    else if (ms < 60 * 1000)
        html_textf(h, "%" PRId64 ".%" PRId64 " s", ms / 1000, ms % 1000 / 100);
    else if (ms < 3600 * 1000)
        html_textf(h, "%" PRId64 " min %" PRId64 " s", ms / 60000, ms / 1000 % 60);
    else
        html_textf(h, "%" PRId64 " h %" PRId64 " min", ms / 3600000, ms / 60000 % 60);
}

void html_size(struct html *h, int64_t bytes)
{
    static const char *const units[] = {"bytes", "KiB", "MiB", "GiB", "TiB"};
    double size = (double)bytes;
    size_t unit = 0;
    while (size >= 1024 && unit + 1 < sizeof units / sizeof *units) {
        size /= 1024;
        unit++;
    }
    html_textf(h, unit && size < 10 ? "%.1f %s" : "%.0f %s", size, units[unit]);
}
