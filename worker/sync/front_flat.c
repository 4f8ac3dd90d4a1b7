/* Front matter as most pages have it, `key: value` and lists of words, without libyaml. */
#include <string.h>

#include "worker/sync/front_tree.h"

/* libyaml takes a third of the time that reading a page takes in all, most of it for setting itself
 * up and for its queues. So what is plain beyond doubt is read here, and only that: each rule below
 * asks for less than YAML 1.1 allows. tests/unit/test_front_flat.c and tests/fuzz/fuzz_front.c hold
 * both against each other. */

/* YAML itself stops at 1,024. */
enum { KEY_MAX_BYTES = 128 };

enum class {
    BARRED = 1, /* never in flat front matter */
    LEAD = 2,   /* may begin a character that YAML does not take for text */
    KEY = 4,    /* in a key */
    FIRST = 8,  /* begins a plain scalar, whatever follows */
    WORD = 16,  /* in a plain scalar of a list in brackets */
};

/* clang-format off */
static const unsigned char classes[256] = {
    [0x00 ... 0x09] = BARRED, [0x0B ... 0x1F] = BARRED, [0x7F] = BARRED,
    ['<'] = BARRED, /* a private block is not looked for here */
    ['0' ... '9'] = KEY | FIRST | WORD,
    ['A' ... 'Z'] = KEY | FIRST | WORD,
    ['a' ... 'z'] = KEY | FIRST | WORD,
    ['_'] = KEY | FIRST | WORD,
    ['-'] = KEY | WORD,
    ['.'] = KEY | WORD,
    ['/'] = FIRST | WORD,
    ['+'] = FIRST | WORD,
    ['('] = FIRST | WORD,
    [')'] = WORD,
    [' '] = WORD,
    [0x80 ... 0xC1] = WORD,
    [0xC2] = LEAD | FIRST | WORD,
    [0xC3 ... 0xE1] = FIRST | WORD,
    [0xE2] = LEAD | FIRST | WORD,
    [0xE3 ... 0xEE] = FIRST | WORD,
    [0xEF] = BARRED, /* byte order mark, U+FFFE */
    [0xF0 ... 0xF4] = FIRST | WORD,
    [0xF5 ... 0xFF] = BARRED,
};
/* clang-format on */

static bool is(char c, enum class class)
{
    return (classes[(unsigned char)c] & class) != 0;
}

/* No control characters, and no line breaks but '\n'. */
static bool is_text(struct span yaml)
{
    for (size_t i = 0; i < yaml.size; i++) {
        const unsigned char *p = (const unsigned char *)yaml.text + i;
        if (!(classes[*p] & (BARRED | LEAD)))
            continue;
        bool control = *p == 0xC2 && p[1] < 0xA0;
        bool separator = *p == 0xE2 && p[1] == 0x80 && (p[2] == 0xA8 || p[2] == 0xA9);
        if ((classes[*p] & BARRED) || control || separator)
            return false;
    }
    return true;
}

static void skip_spaces(struct span *s)
{
    while (s->size > 0 && *s->text == ' ') {
        s->text++;
        s->size--;
    }
}

static void cut_spaces(struct span *s)
{
    while (s->size > 0 && s->text[s->size - 1] == ' ')
        s->size--;
}

static void drop(struct span *s, size_t size)
{
    s->text += size;
    s->size -= size;
}

/* A plain scalar to the line's end: no `: ` and no comment in it. */
static bool take_plain(struct front_tree *b, struct span s)
{
    if (!is(*s.text, FIRST))
        return false;
    for (size_t i = 1; i < s.size; i++) {
        if (s.text[i] == ':' && (i + 1 == s.size || s.text[i + 1] == ' '))
            return false;
        if (s.text[i] == '#' && s.text[i - 1] == ' ')
            return false;
    }
    return tree_scalar(b, s, true, NULL);
}

/* A quoted scalar at the start of *s, without escapes; moves behind it. */
static bool take_quoted(struct front_tree *b, struct span *s)
{
    char quote = *s->text;
    const char *close = memchr(s->text + 1, quote, s->size - 1);
    if (!close)
        return false;
    struct span inner = {s->text + 1, (size_t)(close - s->text) - 1};
    drop(s, inner.size + 2);
    if (quote == '"' ? memchr(inner.text, '\\', inner.size) != NULL
                     : s->size > 0 && *s->text == '\'')
        return false;
    return tree_scalar(b, inner, false, NULL);
}

/* One item of a list in brackets; moves behind it. */
static bool take_item(struct front_tree *b, struct span *s)
{
    if (s->size > 0 && (*s->text == '"' || *s->text == '\''))
        return take_quoted(b, s);
    struct span item = {s->text, 0};
    while (item.size < s->size && is(s->text[item.size], WORD))
        item.size++;
    drop(s, item.size);
    cut_spaces(&item);
    return item.size > 0 && is(*item.text, FIRST) && tree_scalar(b, item, true, NULL);
}

/* `[a, b]`, and nothing behind it. */
static bool take_brackets(struct front_tree *b, struct span s)
{
    if (!tree_open(b, FRONT_LIST, NULL))
        return false;
    do {
        drop(&s, 1); /* the bracket, or the comma */
        skip_spaces(&s);
        if (!take_item(b, &s))
            return false;
        skip_spaces(&s);
    } while (s.size > 0 && *s.text == ',');
    tree_close(b);
    return s.size == 1 && *s.text == ']';
}

/* Not empty, without spaces at its ends. */
static bool take_value(struct front_tree *b, struct span s)
{
    if (*s.text == '[')
        return take_brackets(b, s);
    if (*s.text != '"' && *s.text != '\'')
        return take_plain(b, s);
    return take_quoted(b, &s) && s.size == 0;
}

static struct span line_of(struct span rest)
{
    const char *newline = memchr(rest.text, '\n', rest.size);
    return (struct span){rest.text, newline ? (size_t)(newline - rest.text) : rest.size};
}

static void next_line(struct span *rest, struct span line)
{
    drop(rest, line.size + (line.size < rest->size));
}

/* What follows `- ` in a line that begins with so many spaces; a scalar. */
static bool item_of(struct span line, size_t indent, struct span *item)
{
    size_t before = line.size;
    skip_spaces(&line);
    if (before - line.size != indent || line.size < 3 || memcmp(line.text, "- ", 2) != 0)
        return false;
    drop(&line, 2);
    skip_spaces(&line);
    cut_spaces(&line);
    *item = line;
    return line.size > 0 && *line.text != '[';
}

/* The items below a `key:`; without any the value is empty. */
static bool take_items(struct front_tree *b, struct span *rest)
{
    struct span line = line_of(*rest);
    size_t indent = 0;
    while (indent < line.size && line.text[indent] == ' ')
        indent++;
    struct span item;
    if (!item_of(line, indent, &item))
        return tree_scalar(b, (struct span){"", 0}, true, NULL);
    if (!tree_open(b, FRONT_LIST, NULL))
        return false;
    while (item_of(line, indent, &item)) {
        if (!take_value(b, item))
            return false;
        next_line(rest, line);
        line = line_of(*rest);
    }
    tree_close(b);
    return true;
}

/* `key: value`, or `key:` and what is below it. */
static bool take_pair(struct front_tree *b, struct span *rest)
{
    struct span line = line_of(*rest);
    size_t size = 0;
    while (size < line.size && size < KEY_MAX_BYTES && is(line.text[size], KEY))
        size++;
    bool ends = size + 1 == line.size;
    if (size == 0 || size >= line.size || !is(*line.text, FIRST) || line.text[size] != ':' ||
        (!ends && line.text[size + 1] != ' '))
        return false;
    if (!tree_scalar(b, (struct span){line.text, size}, true, NULL))
        return false;
    next_line(rest, line);
    drop(&line, size + 1);
    skip_spaces(&line);
    cut_spaces(&line);
    return line.size > 0 ? take_value(b, line) : take_items(b, rest);
}

bool front_flat(struct front *f, struct span yaml, struct found *found)
{
    struct front_tree b = {.front = f, .found = found};
    struct span rest = yaml;
    bool ok = yaml.size > 0 && is_text(yaml) && tree_open(&b, FRONT_MAP, NULL);
    while (ok && rest.size > 0)
        ok = take_pair(&b, &rest);
    if (ok)
        tree_close(&b);
    else
        f->count = 0;
    return ok;
}
