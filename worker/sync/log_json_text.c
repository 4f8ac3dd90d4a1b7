/* The text of a JSON string: escapes undone, valid UTF-8, no control bytes. */
#include <string.h>

#include "worker/sync/log_json.h"

#define REPLACEMENT 0xFFFD

static void add_character(struct buf *out, uint32_t c)
{
    if (c < 0x80) {
        if (c >= ' ' || c == '\n' || c == '\t')
            buf_add_byte(out, (char)c);
        return;
    }
    char bytes[4];
    size_t size = c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
    static const unsigned char lead[] = {[2] = 0xC0, [3] = 0xE0, [4] = 0xF0};
    for (size_t i = size - 1; i > 0; i--) {
        bytes[i] = (char)(0x80 | (c & 0x3F));
        c >>= 6;
    }
    bytes[0] = (char)(lead[size] | c);
    buf_add(out, bytes, size);
}

/* Four hex digits at `at`, or -1. */
static int32_t hex4(const char *at, const char *end)
{
    int32_t value = 0;
    if (end - at < 4)
        return -1;
    for (int i = 0; i < 4; i++) {
        char c = at[i];
        int digit = c >= '0' && c <= '9'   ? c - '0'
                    : c >= 'a' && c <= 'f' ? c - 'a' + 10
                    : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                           : -1;
        if (digit < 0)
            return -1;
        value = value * 16 + digit;
    }
    return value;
}

/* Behind `\u`; returns where it ends. Half of a pair becomes U+FFFD. */
static const char *add_unicode(struct buf *out, const char *at, const char *end)
{
    int32_t first = hex4(at, end);
    if (first < 0) {
        add_character(out, REPLACEMENT);
        return at;
    }
    at += 4;
    if (first < 0xD800 || first > 0xDFFF) {
        add_character(out, (uint32_t)first);
        return at;
    }
    int32_t second =
        first < 0xDC00 && end - at >= 6 && at[0] == '\\' && at[1] == 'u' ? hex4(at + 2, end) : -1;
    if (second < 0xDC00 || second > 0xDFFF) {
        add_character(out, REPLACEMENT);
        return at;
    }
    uint32_t high = (uint32_t)first - 0xD800;
    add_character(out, 0x10000 + (high << 10) + ((uint32_t)second - 0xDC00));
    return at + 6;
}

/* At the byte behind a backslash; returns where the escape ends. */
static const char *add_escape(struct buf *out, const char *at, const char *end)
{
    switch (*at) {
    case 'n':
        buf_add_byte(out, '\n');
        break;
    case 't':
        buf_add_byte(out, '\t');
        break;
    case 'b':
    case 'f':
    case 'r':
        break;
    case 'u':
        return add_unicode(out, at + 1, end);
    case '"':
    case '\\':
    case '/':
        buf_add_byte(out, *at);
        break;
    default: /* no escape of JSON */
        add_character(out, REPLACEMENT);
    }
    return at + 1;
}

static void unescape(struct buf *out, const char *at, const char *end)
{
    while (at < end) {
        const char *slash = memchr(at, '\\', (size_t)(end - at));
        if (!slash || slash + 1 >= end)
            slash = end;
        buf_add(out, at, (size_t)(slash - at));
        at = slash < end ? add_escape(out, slash + 1, end) : end;
    }
}

bool log_json_text(const struct log_json *json, log_json_at at, size_t most, struct buf *out)
{
    const struct log_json_value *v = &json->values[at];
    size_t size = v->size;
    size_t start = out->size;
    if (v->kind != LOG_JSON_STRING)
        return false;
    const char *text = json->text + v->start;
    if (most && size > most) {
        size = utf8_floor(text, most);
        /* Not within an escape: twelve bytes hold a pair of them. */
        const char *slash = size > 12 ? memrchr(text + size - 12, '\\', 12) : NULL;
        if (slash)
            size = (size_t)(slash - text);
    }
    buf_reserve(out, size + 1);
    if (v->plain)
        buf_add(out, text, size);
    else
        unescape(out, text, text + size);
    if (utf8_valid(out->data + start, out->size - start))
        return true;
    struct buf clean = {0};
    utf8_sanitize(&clean, out->data + start, out->size - start);
    out->size = start;
    buf_add(out, clean.data, clean.size);
    buf_release(&clean);
    return true;
}
