/* Dates of RFC 3339 and RFC 822, by hand, since strptime follows the locale. */
#include "worker/sync/date.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "common/text.h"

struct date {
    int year, month, day, hour, minute, second;
    int offset_minutes; /* of its zone, east of UTC */
};

/* Days from 1970-01-01, by the 400 years in which the calendar repeats. */
static int64_t days_from_civil(int year, int month, int day)
{
    int64_t y = month <= 2 ? year - 1 : year;
    int64_t era = (y >= 0 ? y : y - 399) / 400;
    int64_t year_of_era = y - era * 400;
    int64_t day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
    return era * 146097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year -
           719468;
}

static bool is_leap(int year)
{
    return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

static bool to_unix(const struct date *d, int64_t *unix_s)
{
    static const int month_days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    if (d->year < 1 || d->month < 1 || d->month > 12 || d->day < 1 ||
        d->day > month_days[d->month - 1] + (d->month == 2 && is_leap(d->year)) || d->hour > 24 ||
        d->minute > 59 || d->second > 60)
        return false;
    *unix_s = days_from_civil(d->year, d->month, d->day) * 86400 + d->hour * 3600 + d->minute * 60 +
              d->second - d->offset_minutes * 60;
    return true;
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* Between `least` and `most` digits at *p, which moves behind them. */
static bool number(const char **p, int least, int most, int *out)
{
    int n = 0;
    *out = 0;
    for (; n < most && is_digit((*p)[n]); n++)
        *out = *out * 10 + ((*p)[n] - '0');
    *p += n;
    return n >= least;
}

static bool sign(const char **p, char c)
{
    if (**p != c)
        return false;
    ++*p;
    return true;
}

static const char *skip_blank(const char *p)
{
    return p + strspn(p, " \t\r\n");
}

/* `+hh:mm`, `+hhmm` or `-hh`. */
static bool numeric_zone(const char **p, int *minutes)
{
    int hours;
    int rest = 0;
    int direction = **p == '-' ? -1 : 1;
    ++*p;
    if (!number(p, 2, 2, &hours))
        return false;
    sign(p, ':');
    if (is_digit(**p) && !number(p, 2, 2, &rest))
        return false;
    *minutes = direction * (hours * 60 + rest);
    return hours < 24 && rest < 60;
}

static bool rfc3339(const char *p, struct date *d)
{
    if (!number(&p, 4, 4, &d->year) || !sign(&p, '-') || !number(&p, 2, 2, &d->month) ||
        !sign(&p, '-') || !number(&p, 2, 2, &d->day))
        return false;
    if (*skip_blank(p) == '\0')
        return true;
    if (*p != 'T' && *p != 't' && *p != ' ')
        return false;
    p++;
    if (!number(&p, 2, 2, &d->hour) || !sign(&p, ':') || !number(&p, 2, 2, &d->minute))
        return false;
    if (sign(&p, ':') && !number(&p, 2, 2, &d->second))
        return false;
    if (*p == '.' || *p == ',')
        p += 1 + strspn(p + 1, "0123456789");
    p = skip_blank(p);
    if (*p == 'Z' || *p == 'z')
        p++;
    else if ((*p == '+' || *p == '-') && !numeric_zone(&p, &d->offset_minutes))
        return false;
    return *skip_blank(p) == '\0';
}

static bool month_name(const char **p, int *month)
{
    static const char names[][4] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                    "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    for (int i = 0; i < 12; i++)
        if (strncasecmp(*p, names[i], 3) == 0) {
            *month = i + 1;
            /* Some write it out. */
            *p += strcspn(*p, " \t-0123456789");
            return true;
        }
    return false;
}

static bool named_zone(const char *p, int *minutes)
{
    static const struct {
        const char *name;
        int hours;
    } zones[] = {{"EST", -5}, {"EDT", -4}, {"CST", -6}, {"CDT", -5},
                 {"MST", -7}, {"MDT", -6}, {"PST", -8}, {"PDT", -7}};
    for (size_t i = 0; i < sizeof zones / sizeof *zones; i++)
        if (strncasecmp(p, zones[i].name, 3) == 0)
            *minutes = zones[i].hours * 60;
    return true;
}

/* RFC 2822, 4.3: two digits are of 1950 to 2049, three count from 1900. */
static bool year(const char **p, int *out)
{
    const char *start = *p;
    if (!number(p, 2, 4, out))
        return false;
    if (*p - start == 2)
        *out += *out < 50 ? 2000 : 1900;
    else if (*p - start == 3)
        *out += 1900;
    return true;
}

/* `[Tue,] 10 Jun 2003 04:00[:00] [+0200 | GMT]`. */
static bool rfc822(const char *p, struct date *d)
{
    const char *comma = strchr(p, ',');
    if (comma && comma - p < 12)
        p = skip_blank(comma + 1);
    if (!number(&p, 1, 2, &d->day))
        return false;
    p += strspn(p, " \t-");
    if (!month_name(&p, &d->month))
        return false;
    p += strspn(p, " \t-");
    if (!year(&p, &d->year))
        return false;
    p = skip_blank(p);
    if (*p == '\0')
        return true;
    if (!number(&p, 1, 2, &d->hour) || !sign(&p, ':') || !number(&p, 2, 2, &d->minute))
        return false;
    if (sign(&p, ':') && !number(&p, 2, 2, &d->second))
        return false;
    p = skip_blank(p);
    if (*p == '+' || *p == '-')
        return numeric_zone(&p, &d->offset_minutes);
    return named_zone(p, &d->offset_minutes);
}

bool date_read(const char *text, int64_t *unix_s)
{
    struct date d = {0};
    text = skip_blank(text);
    if (rfc3339(text, &d))
        return to_unix(&d, unix_s);
    d = (struct date){0};
    return rfc822(text, &d) && to_unix(&d, unix_s);
}

void date_write(int64_t unix_s, char out[DATE_SIZE])
{
    /* The way back, by the same 400 years counted from a first of March. */
    int64_t day = unix_s / 86400 - (unix_s % 86400 < 0);
    int64_t second = unix_s - day * 86400;
    int64_t z = day + 719468;
    int64_t era = (z >= 0 ? z : z - 146096) / 146097;
    int64_t day_of_era = z - era * 146097;
    int64_t year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    int64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    int64_t shifted = (5 * day_of_year + 2) / 153;
    int64_t month = shifted + (shifted < 10 ? 3 : -9);
    int64_t y = year_of_era + era * 400 + (month <= 2);
    out[0] = '\0';
    if (y < 0 || y > 9999)
        return;
    char text[128];
    snprintf(text, sizeof text,
             "%04" PRId64 "-%02" PRId64 "-%02" PRId64 "T%02" PRId64 ":%02" PRId64 ":%02" PRId64 "Z",
             y, month, day_of_year - (153 * shifted + 2) / 5 + 1, second / 3600, second / 60 % 60,
             second % 60);
    memcpy(out, text, DATE_SIZE);
    out[DATE_SIZE - 1] = '\0';
}
