/* Front matter as JSON: which YAML scalars are numbers, bools and null; bounded in size. */
#include <stdio.h>
#include <string.h>

#include "worker/sync/front.h"

enum {
    FRONT_JSON_MAX_BYTES = 8 * FRONT_MAX_BYTES, /* escapes and aliases make it larger than YAML */
    NUMBER_MAX_BYTES = 18,                      /* what any reader keeps exactly; else a string */
};

struct writer {
    const struct front *front;
    struct buf *out;
    size_t nodes; /* written so far, aliases expanded */
    size_t depth;
    const char *refused;
};

static size_t digits(struct span s, size_t at)
{
    size_t n = 0;
    while (at + n < s.size && s.text[at + n] >= '0' && s.text[at + n] <= '9')
        n++;
    return n;
}

/* A number in JSON's own notation: then it means the same in YAML, and is kept as it is written
 * (1.10 stays 1.10). `007`, `+1`, `.5`, `0x1F`, `1e400`, dates and versions are strings. */
static bool is_number(struct span s)
{
    if (s.size == 0 || s.size > NUMBER_MAX_BYTES)
        return false;
    size_t at = *s.text == '-';
    size_t whole = digits(s, at);
    if (whole == 0 || (whole > 1 && s.text[at] == '0'))
        return false;
    at += whole;
    if (at < s.size && s.text[at] == '.') {
        size_t part = digits(s, at + 1);
        if (part == 0)
            return false;
        at += 1 + part;
    }
    if (at < s.size && (s.text[at] | 0x20) == 'e') {
        at++;
        at += at < s.size && (s.text[at] == '-' || s.text[at] == '+');
        size_t power = digits(s, at);
        if (power == 0 || power > 2)
            return false;
        at += power;
    }
    return at == s.size;
}

static bool is_any(struct span s, const char *const *words)
{
    for (; *words; words++)
        if (strlen(*words) == s.size && memcmp(*words, s.text, s.size) == 0)
            return true;
    return false;
}

/* What YAML 1.2's core schema makes of a plain scalar, as JSON; NULL for a string. */
static const char *constant(struct span s)
{
    static const char *const nulls[] = {"", "~", "null", "Null", "NULL", NULL};
    static const char *const trues[] = {"true", "True", "TRUE", NULL};
    static const char *const falses[] = {"false", "False", "FALSE", NULL};
    if (s.size > 5)
        return NULL;
    if (is_any(s, nulls))
        return "null";
    if (is_any(s, trues))
        return "true";
    return is_any(s, falses) ? "false" : NULL;
}

static void write_string(struct buf *out, struct span s)
{
    buf_add_byte(out, '"');
    size_t from = 0;
    for (size_t i = 0; i < s.size; i++) {
        unsigned char c = (unsigned char)s.text[i];
        if (c >= 0x20 && c != '"' && c != '\\' && c != 0x7F)
            continue;
        buf_add(out, s.text + from, i - from);
        from = i + 1;
        if (c == '"' || c == '\\') {
            buf_add_byte(out, '\\');
            buf_add_byte(out, (char)c);
        } else if (c == '\n') {
            buf_add(out, "\\n", 2);
        } else {
            buf_printf(out, "\\u%04x", c);
        }
    }
    buf_add(out, s.text + from, s.size - from);
    buf_add_byte(out, '"');
}

static void write_scalar(struct buf *out, const struct front_node *node)
{
    const char *word = node->plain ? constant(node->text) : NULL;
    if (word)
        buf_add_text(out, word);
    else if (node->plain && is_number(node->text))
        buf_add(out, node->text.text, node->text.size);
    else
        write_string(out, node->text);
}

static void write_node(struct writer *w, size_t index);

static void write_map(struct writer *w, const struct front_node *map)
{
    bool first = true;
    buf_add_byte(w->out, '{');
    for (size_t k = map->child; k && !w->refused;) {
        const struct front_node *key = front_node(w->front, k);
        if (!key->replaced) {
            if (!first)
                buf_add_byte(w->out, ',');
            first = false;
            write_string(w->out, key->text);
            buf_add_byte(w->out, ':');
            write_node(w, key->next);
        }
        k = front_node(w->front, key->next)->next;
    }
    buf_add_byte(w->out, '}');
}

static void write_list(struct writer *w, const struct front_node *list)
{
    buf_add_byte(w->out, '[');
    for (size_t i = list->child; i && !w->refused; i = front_node(w->front, i)->next) {
        if (i != list->child)
            buf_add_byte(w->out, ',');
        write_node(w, i);
    }
    buf_add_byte(w->out, ']');
}

/* Recursion is bounded by `depth`, the work by `nodes` and the bytes written. */
static void write_node(struct writer *w, size_t index)
{
    const struct front_node *node = front_node(w->front, index);
    if (++w->nodes > FRONT_MAX_NODES || w->out->size > FRONT_JSON_MAX_BYTES ||
        w->depth > FRONT_MAX_DEPTH) {
        w->refused = "front matter grows too large with its aliases expanded; taken as text";
        return;
    }
    w->depth++;
    switch (node->kind) {
    case FRONT_SCALAR:
        write_scalar(w->out, node);
        break;
    case FRONT_LIST:
        write_list(w, node);
        break;
    case FRONT_MAP:
        write_map(w, node);
        break;
    case FRONT_ALIAS:
        write_node(w, node->child);
        break;
    }
    w->depth--;
}

const char *front_write(struct front *f)
{
    struct writer w = {.front = f, .out = &f->json};
    if (f->count == 0)
        buf_add(&f->json, "{}", 2);
    else
        write_node(&w, 1);
    return w.refused;
}
