/* Front matter made of data. */
#include "worker/sync/front_make.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

/* Of one value: front matter as a whole has its limits, too. */
enum { VALUE_MAX_BYTES = 2048 };
/* The last second of the year 9999. */
#define TIME_LAST INT64_C(253402300799)

/* Bytes of the character at p, which is valid, if it may not stand in a line; else 0: C0, DEL, C1
 * (with NEL), U+2028, U+2029, U+FEFF, U+FFFE, U+FFFF. */
static size_t unfit(const unsigned char *p, size_t left)
{
    if (p[0] < 0x20 || p[0] == 0x7f)
        return 1;
    if (left >= 2 && p[0] == 0xc2 && p[1] < 0xa0)
        return 2;
    if (left < 3)
        return 0;
    if (p[0] == 0xe2 && p[1] == 0x80 && (p[2] == 0xa8 || p[2] == 0xa9))
        return 3;
    if (p[0] == 0xef && ((p[1] == 0xbb && p[2] == 0xbf) || (p[1] == 0xbf && p[2] >= 0xbe)))
        return 3;
    return 0;
}

/* Bytes up to the next space, or what counts as one. */
static size_t fit_run(const unsigned char *p, size_t left)
{
    size_t n = 0;
    while (n < left && p[n] != ' ' && ((p[n] > ' ' && p[n] < 0x7f) || !unfit(p + n, left - n)))
        n++;
    return n;
}

void line_clean(struct buf *out, const char *text, size_t size, size_t most_bytes)
{
    struct buf valid = {0};
    /* What is far beyond the cut need not be looked at. */
    size_t look = size < most_bytes * 4 ? size : utf8_floor(text, most_bytes * 4);
    utf8_sanitize(&valid, text, look);
    size_t start = out->size;
    bool space = false;
    for (size_t i = 0; i < valid.size;) {
        const unsigned char *p = (const unsigned char *)valid.data + i;
        size_t fit = fit_run(p, valid.size - i);
        if (fit == 0) {
            space = true;
            i += p[0] == ' ' ? 1 : unfit(p, valid.size - i);
            continue;
        }
        if (space && out->size > start)
            buf_add_byte(out, ' ');
        buf_add(out, p, fit);
        space = false;
        i += fit;
    }
    if (out->size - start > most_bytes) {
        out->size = start + utf8_floor(out->data + start, most_bytes);
        buf_add_text(out, "...");
    }
    buf_release(&valid);
}

void front_make_fence(struct buf *out)
{
    buf_add_text(out, "---\n");
}

/* In double quotes, escaped alike in JSON and YAML: the quote, the backslash, and what could begin
 * a <private> block, which would take the rest of the front matter along. */
static void add_quoted(struct buf *out, const char *text, size_t size)
{
    struct buf line = {0};
    line_clean(&line, text, size, VALUE_MAX_BYTES);
    buf_add_byte(out, '"');
    for (size_t i = 0; i < line.size;) {
        size_t plain = strcspn(line.data + i, "\"\\<");
        buf_add(out, line.data + i, plain);
        i += plain;
        if (i < line.size && line.data[i] == '<')
            buf_add_text(out, "\\u003c");
        else if (i < line.size)
            buf_printf(out, "\\%c", line.data[i]);
        i++;
    }
    buf_add_byte(out, '"');
    buf_release(&line);
}

void front_make_text(struct buf *out, const char *key, const char *text, size_t size)
{
    size_t start = out->size;
    if (!text || size == 0)
        return;
    buf_printf(out, "%s: ", key);
    add_quoted(out, text, size);
    if (out->size == start + strlen(key) + 4)
        out->size = start; /* nothing but spaces */
    else
        buf_add_byte(out, '\n');
}

void front_make_number(struct buf *out, const char *key, int64_t number)
{
    buf_printf(out, "%s: %" PRId64 "\n", key, number);
}

bool time_text(int64_t unix_s, char text[TIME_TEXT_SIZE])
{
    struct tm tm;
    time_t t = (time_t)unix_s;
    return unix_s >= 0 && unix_s <= TIME_LAST && gmtime_r(&t, &tm) &&
           strftime(text, TIME_TEXT_SIZE, "%Y-%m-%dT%H:%M:%SZ", &tm) > 0;
}

void front_make_time(struct buf *out, const char *key, int64_t unix_s)
{
    char text[TIME_TEXT_SIZE];
    if (time_text(unix_s, text))
        front_make_text(out, key, text, strlen(text));
}

struct front_list front_make_list(struct buf *out, const char *key)
{
    struct front_list list = {.out = out, .start = out->size};
    buf_printf(out, "%s: [", key);
    return list;
}

void front_make_item(struct front_list *list, const char *text, size_t size)
{
    if (list->count++)
        buf_add_text(list->out, ", ");
    add_quoted(list->out, text, size);
}

void front_make_list_end(struct front_list *list)
{
    if (list->count)
        buf_add_text(list->out, "]\n");
    else
        list->out->size = list->start;
}
