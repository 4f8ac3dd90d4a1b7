/* Small text tools: a growing buffer, UTF-8 boundaries, memory that cannot fail. */
#include "common/text.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <utf8proc.h>

#include "common/outcome.h"

static void *must(void *p)
{
    if (!p) {
        fputs("error: out of memory\n", stderr);
        exit(70);
    }
    return p;
}

void *xmalloc(size_t size)
{
    return must(malloc(size ? size : 1));
}

void *xcalloc(size_t count, size_t size)
{
    return must(calloc(count ? count : 1, size ? size : 1));
}

void *xrealloc(void *old, size_t size)
{
    return must(realloc(old, size ? size : 1));
}

char *xstrdup(const char *text)
{
    return xstrndup(text, strlen(text));
}

char *xstrndup(const char *text, size_t size)
{
    char *copy = xmalloc(size + 1);
    memcpy(copy, text, size);
    copy[size] = '\0';
    return copy;
}

static void add_format(struct buf *b, const char *format, va_list args)
    __attribute__((format(printf, 2, 0)));
static void add_format(struct buf *b, const char *format, va_list args)
{
    va_list again;
    va_copy(again, args);
    int length = vsnprintf(NULL, 0, format, args);
    if (length > 0) {
        buf_reserve(b, (size_t)length);
        vsnprintf(b->data + b->size, (size_t)length + 1, format, again);
        b->size += (size_t)length;
    }
    va_end(again);
}

char *xasprintf(const char *format, ...)
{
    struct buf b = {0};
    va_list args;
    va_start(args, format);
    add_format(&b, format, args);
    va_end(args);
    return buf_take(&b);
}

void buf_reserve(struct buf *b, size_t more)
{
    size_t need = b->size + more + 1;
    if (need <= b->room)
        return;
    size_t room = b->room ? b->room : 64;
    while (room < need)
        room *= 2;
    b->data = xrealloc(b->data, room);
    b->room = room;
    b->data[b->size] = '\0';
}

void buf_add(struct buf *b, const void *data, size_t size)
{
    buf_reserve(b, size);
    if (size)
        memcpy(b->data + b->size, data, size);
    b->size += size;
    b->data[b->size] = '\0';
}

void buf_add_text(struct buf *b, const char *text)
{
    buf_add(b, text, strlen(text));
}

void buf_add_byte(struct buf *b, char byte)
{
    buf_reserve(b, 1);
    b->data[b->size++] = byte;
    b->data[b->size] = '\0';
}

void buf_printf(struct buf *b, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    add_format(b, format, args);
    va_end(args);
}

void buf_reset(struct buf *b)
{
    b->size = 0;
    if (b->data)
        b->data[0] = '\0';
}

char *buf_take(struct buf *b)
{
    buf_reserve(b, 0);
    char *data = b->data;
    *b = (struct buf){0};
    return data;
}

void buf_release(struct buf *b)
{
    free(b->data);
    *b = (struct buf){0};
}

/* Length of the valid sequence at p, or 0. */
static size_t sequence(const unsigned char *p, size_t left)
{
    if (p[0] < 0x80)
        return 1;
    utf8proc_int32_t point;
    utf8proc_ssize_t n = utf8proc_iterate(p, (utf8proc_ssize_t)left, &point);
    return n > 0 ? (size_t)n : 0;
}

size_t utf8_floor(const char *text, size_t size)
{
    size_t start = size;
    while (start > 0 && size - start < 4) {
        start--;
        if (((unsigned char)text[start] & 0xC0) != 0x80)
            break;
    }
    if (start == size || sequence((const unsigned char *)text + start, size - start))
        return size;
    unsigned char lead = (unsigned char)text[start];
    return lead >= 0xC0 ? start : size; /* a stray continuation is not a split sequence */
}

/* Where the run of ASCII bytes that starts at `i` ends; eight at a time. */
static size_t ascii_run(const unsigned char *p, size_t i, size_t size)
{
    uint64_t word;
    while (i + sizeof word <= size) {
        memcpy(&word, p + i, sizeof word);
        if (word & UINT64_C(0x8080808080808080))
            break;
        i += sizeof word;
    }
    while (i < size && p[i] < 0x80)
        i++;
    return i;
}

/* Where the first invalid byte at or after `i` stands; `size` if there is none. */
static size_t valid_run(const unsigned char *p, size_t i, size_t size)
{
    while ((i = ascii_run(p, i, size)) < size) {
        size_t n = sequence(p + i, size - i);
        if (n == 0)
            break;
        i += n;
    }
    return i;
}

bool utf8_valid(const char *text, size_t size)
{
    return valid_run((const unsigned char *)text, 0, size) == size;
}

/* Length of the maximal invalid subsequence at p, which Unicode 15 (3.9) replaces by one U+FFFD. */
static size_t invalid_length(const unsigned char *p, size_t left)
{
    unsigned low = 0x80;
    unsigned high = 0xBF;
    size_t want = p[0] >= 0xF0 && p[0] <= 0xF4 ? 3 : p[0] >= 0xE0 && p[0] < 0xF0 ? 2 : 0;
    if (p[0] == 0xE0)
        low = 0xA0;
    if (p[0] == 0xED)
        high = 0x9F;
    if (p[0] == 0xF0)
        low = 0x90;
    if (p[0] == 0xF4)
        high = 0x8F;
    size_t n = 1;
    while (n <= want && n < left && p[n] >= low && p[n] <= high) {
        low = 0x80;
        high = 0xBF;
        n++;
    }
    return n;
}

size_t utf8_sanitize(struct buf *out, const char *text, size_t size)
{
    const unsigned char *p = (const unsigned char *)text;
    size_t replaced = 0;
    buf_reserve(out, size);
    for (size_t i = 0; i < size;) {
        size_t end = valid_run(p, i, size);
        buf_add(out, text + i, end - i);
        i = end;
        if (i < size) {
            i += invalid_length(p + i, size - i);
            buf_add(out, "\xEF\xBF\xBD", 3);
            replaced++;
        }
    }
    return replaced;
}

void text_escape(struct buf *out, const char *text, size_t size)
{
    const unsigned char *p = (const unsigned char *)text;
    for (size_t i = 0; i < size;) {
        utf8proc_int32_t point = -1;
        utf8proc_ssize_t n = utf8proc_iterate(p + i, (utf8proc_ssize_t)(size - i), &point);
        bool control =
            n > 0 && (point < 0x20 || (point >= 0x7F && point < 0xA0) ||
                      (point >= 0x202A && point <= 0x202E) || (point >= 0x2066 && point <= 0x2069));
        if (n > 0 && !control && point != '\\') {
            buf_add(out, text + i, (size_t)n);
            i += (size_t)n;
            continue;
        }
        size_t count = n > 0 ? (size_t)n : 1;
        if (point == '\n' || point == '\t' || point == '\r' || point == '\\')
            buf_printf(out, "\\%c",
                       point == '\n'   ? 'n'
                       : point == '\t' ? 't'
                       : point == '\r' ? 'r'
                                       : '\\');
        else
            for (size_t k = 0; k < count; k++)
                buf_printf(out, "\\x%02x", p[i + k]);
        i += count;
    }
}
