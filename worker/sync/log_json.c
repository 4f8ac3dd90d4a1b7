/* A line of JSON as a flat list of its values. */
#include "worker/sync/log_json.h"

#include <stdlib.h>
#include <string.h>

#include "common/lanes.h"

struct scan {
    struct log_json *json;
    const char *const *inside;
    const char *text;
    size_t size;
    size_t at;
    bool cut;
    int depth;
    bool quiet; /* in a value that is passed over: nothing is noted */
};

/* --- one pass over the bytes ------------------------------------------------------------------ */

static bool room(struct log_json *json)
{
    if (json->count < json->room)
        return true;
    if (json->count >= LOG_JSON_MAX_VALUES)
        return false;
    json->room = json->room ? json->room * 2 : 256;
    json->values = xrealloc(json->values, json->room * sizeof *json->values);
    return true;
}

/* The index of the new value in *at; where nothing is noted, that of none. */
static bool note(struct scan *s, const struct log_json_value *value, log_json_at *at)
{
    *at = UINT32_MAX;
    if (s->quiet)
        return true;
    if (!room(s->json))
        return false;
    *at = (log_json_at)s->json->count;
    s->json->values[s->json->count++] = *value;
    s->json->values[*at].next = *at + 1;
    return true;
}

static void skip_space(struct scan *s)
{
    while (s->at < s->size && (s->text[s->at] == ' ' || s->text[s->at] == '\t' ||
                               s->text[s->at] == '\r' || s->text[s->at] == '\n'))
        s->at++;
}

/* Offset of the first quote, backslash or control byte. */
static size_t string_stop(const char *text, size_t at, size_t size)
{
    for (; at + LANES <= size; at += LANES) {
        lanes x = lanes_load(text + at);
        uint64_t stops = lanes_bits((lanes)(x == '"') | (lanes)(x == '\\') | (lanes)(x < ' '));
        if (stops)
            return at + (size_t)__builtin_ctzll(stops);
    }
    while (at < size && text[at] != '"' && text[at] != '\\' && (unsigned char)text[at] >= ' ')
        at++;
    return at;
}

/* At a quote. */
static bool scan_string(struct scan *s, log_json_at *at)
{
    struct log_json_value value = {.kind = LOG_JSON_STRING, .plain = true};
    size_t start = s->at + 1;
    size_t end = string_stop(s->text, start, s->size);
    size_t escape = start;
    while (end < s->size && s->text[end] == '\\') {
        value.plain = false;
        escape = end;
        end = end + 2 < s->size ? string_stop(s->text, end + 2, s->size) : s->size;
    }
    if (end < s->size && s->text[end] != '"')
        return false; /* a control byte */
    if (end >= s->size && !s->cut)
        return false;
    s->at = end < s->size ? end + 1 : s->size;
    if (end >= s->size && !value.plain) { /* its last escape may be half */
        bool hex = escape + 1 < s->size && s->text[escape + 1] == 'u';
        end = escape + (hex ? 6 : 2) > s->size ? escape : s->size;
    }
    value.start = (uint32_t)start;
    value.size = (uint32_t)(end - start);
    return note(s, &value, at);
}

static bool number_byte(char c)
{
    return (c >= '0' && c <= '9') || c == '-' || c == '+' || c == '.' || c == 'e' || c == 'E';
}

static bool scan_number(struct scan *s, log_json_at *at)
{
    size_t start = s->at;
    while (s->at < s->size && number_byte(s->text[s->at]))
        s->at++;
    if (s->cut && s->at == s->size) { /* more of its digits may have been cut off */
        *at = UINT32_MAX;
        return true;
    }
    return s->at > start && note(s,
                                 &(struct log_json_value){.kind = LOG_JSON_NUMBER,
                                                          .start = (uint32_t)start,
                                                          .size = (uint32_t)(s->at - start)},
                                 at);
}

static bool scan_word(struct scan *s, const char *word, enum log_json_kind kind, log_json_at *at)
{
    size_t size = strlen(word);
    size_t left = s->size - s->at;
    if (memcmp(s->text + s->at, word, size < left ? size : left) != 0)
        return false;
    if (left < size) { /* half of it: left out, and so the end */
        s->at = s->size;
        *at = UINT32_MAX;
        return s->cut;
    }
    s->at += size;
    return note(s,
                &(struct log_json_value){.kind = (uint8_t)kind,
                                         .start = (uint32_t)(s->at - size),
                                         .size = (uint32_t)size},
                at);
}

static bool scan_value(struct scan *s, log_json_at *at);

/* Is the member whose key was just noted one to look into? */
static bool wanted(const struct scan *s, log_json_at key)
{
    if (s->depth != 1 || !s->inside || s->quiet)
        return true;
    for (const char *const *name = s->inside; *name; name++)
        if (log_json_is(s->json, key, *name))
            return true;
    return false;
}

/* A key, a colon and a value; at the cut a key without a value is forgotten. */
static bool scan_member(struct scan *s)
{
    size_t before = s->json->count;
    log_json_at key;
    log_json_at value = UINT32_MAX;
    if (s->text[s->at] != '"' || !scan_string(s, &key))
        return false;
    skip_space(s);
    if (s->at < s->size && s->text[s->at] != ':')
        return false;
    s->at += s->at < s->size;
    skip_space(s);
    if (s->at < s->size) {
        bool quiet = !wanted(s, key);
        char opens = s->text[s->at];
        if (quiet && (opens == '{' || opens == '[')) {
            s->quiet = true;
            bool ok = scan_value(s, &value);
            s->quiet = false;
            return ok && note(s, &(struct log_json_value){.kind = LOG_JSON_NULL}, &value);
        }
        if (!scan_value(s, &value))
            return false;
    }
    if (s->at >= s->size && !s->cut)
        return false;
    if (!s->quiet && value == UINT32_MAX)
        s->json->count = before;
    return true;
}

/* At a bracket. */
static bool scan_list(struct scan *s, log_json_at *at)
{
    bool object = s->text[s->at] == '{';
    char closes = object ? '}' : ']';
    size_t start = s->at++;
    bool first = true;
    if (++s->depth > LOG_JSON_MAX_DEPTH ||
        !note(s, &(struct log_json_value){.kind = object ? LOG_JSON_OBJECT : LOG_JSON_ARRAY}, at))
        return false;
    for (;;) {
        skip_space(s);
        if (s->at >= s->size) {
            if (!s->cut)
                return false;
            break;
        }
        if (s->text[s->at] == closes) {
            s->at++;
            break;
        }
        if (!first) {
            if (s->text[s->at] != ',')
                return false;
            s->at++;
            skip_space(s);
            if (s->at >= s->size)
                continue;
        }
        first = false;
        log_json_at ignored;
        if (!(object ? scan_member(s) : scan_value(s, &ignored)))
            return false;
    }
    s->depth--;
    if (*at != UINT32_MAX) {
        struct log_json_value *value = &s->json->values[*at];
        value->start = (uint32_t)start;
        value->size = (uint32_t)(s->at - start);
        value->next = (uint32_t)s->json->count;
    }
    return true;
}

static bool scan_value(struct scan *s, log_json_at *at)
{
    switch (s->text[s->at]) {
    case '{':
    case '[':
        return scan_list(s, at);
    case '"':
        return scan_string(s, at);
    case 't':
        return scan_word(s, "true", LOG_JSON_TRUE, at);
    case 'f':
        return scan_word(s, "false", LOG_JSON_FALSE, at);
    case 'n':
        return scan_word(s, "null", LOG_JSON_NULL, at);
    }
    return scan_number(s, at);
}

bool log_json_read(struct log_json *json, const char *text, size_t size,
                   const struct log_json_options *options)
{
    struct scan s = {
        .json = json, .inside = options->inside, .text = text, .size = size, .cut = options->cut};
    log_json_at whole;
    json->text = text;
    json->size = size;
    json->count = 0;
    if (!note(&s, &(struct log_json_value){.kind = LOG_JSON_NULL}, &whole))
        return false;
    skip_space(&s);
    if (size >= UINT32_MAX || s.at >= size || !scan_value(&s, &whole) || whole != LOG_JSON_ROOT)
        return false;
    skip_space(&s);
    return s.at == size;
}

void log_json_release(struct log_json *json)
{
    free(json->values);
    *json = (struct log_json){0};
}

/* --- looking at the values -------------------------------------------------------------------- */

enum log_json_kind log_json_kind(const struct log_json *json, log_json_at at)
{
    return (enum log_json_kind)json->values[at].kind;
}

log_json_at log_json_first(const struct log_json *json, log_json_at at)
{
    enum log_json_kind kind = log_json_kind(json, at);
    bool list = kind == LOG_JSON_ARRAY || kind == LOG_JSON_OBJECT;
    return list && json->values[at].next > at + 1 ? at + 1 : 0;
}

log_json_at log_json_next(const struct log_json *json, log_json_at in, log_json_at at)
{
    log_json_at next = json->values[at].next;
    return next < json->values[in].next ? next : 0;
}

/* Only of strings without escapes, as names are. */
static bool equals(const struct log_json *json, log_json_at at, const char *text, size_t size)
{
    const struct log_json_value *v = &json->values[at];
    return v->kind == LOG_JSON_STRING && v->size == size &&
           memcmp(json->text + v->start, text, size) == 0;
}

bool log_json_is(const struct log_json *json, log_json_at at, const char *text)
{
    return equals(json, at, text, strlen(text));
}

log_json_at log_json_member(const struct log_json *json, log_json_at at, const char *key)
{
    size_t size = strlen(key);
    if (log_json_kind(json, at) != LOG_JSON_OBJECT)
        return 0;
    for (log_json_at k = log_json_first(json, at); k;) {
        log_json_at value = log_json_next(json, at, k);
        if (equals(json, k, key, size))
            return value;
        k = value ? log_json_next(json, at, value) : 0;
    }
    return 0;
}

bool log_json_true(const struct log_json *json, log_json_at at)
{
    return log_json_kind(json, at) == LOG_JSON_TRUE;
}

int64_t log_json_count(const struct log_json *json, log_json_at at)
{
    enum { DIGITS_MAX = 15 };
    const struct log_json_value *v = &json->values[at];
    int64_t number = 0;
    if (v->kind != LOG_JSON_NUMBER || v->size > DIGITS_MAX)
        return -1;
    for (size_t i = 0; i < v->size; i++) {
        char c = json->text[v->start + i];
        if (c < '0' || c > '9')
            return -1;
        number = number * 10 + (c - '0');
    }
    return number;
}
