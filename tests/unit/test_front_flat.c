/* Front matter read without libyaml, held against libyaml. */
#include <stdlib.h>
#include <string.h>

#include "tests/fuzz/front_same.h"
#include "tests/unit/harness.h"

struct readers {
    struct front flat;
    struct front full;
    struct found found;
    uint64_t random;
};

static void release(struct readers *r)
{
    front_release(&r->flat);
    front_release(&r->full);
    found_release(&r->found);
}

/* Was it read without libyaml? Then it must be what libyaml makes of it. */
static bool read_both(struct readers *r, const char *text, size_t size)
{
    const struct span yaml = {text, size};
    r->flat.count = r->full.count = 0;
    found_begin(&r->found);
    if (!front_flat(&r->flat, yaml, &r->found)) {
        CHECK_INT(r->flat.count, 0);
        return false;
    }
    const char *refused = front_yaml(&r->full, yaml, &r->found);
    if (refused || !front_same(&r->flat, &r->full))
        FAIL("libyaml reads it otherwise (%s):\n%.*s", refused ? refused : "a tree", (int)size,
             text);
    return true;
}

TEST(what_most_pages_have_is_read_without_libyaml)
{
    static const char *const texts[] = {
        "title: Some words\ndate: 2024-05-01\ntags: [one, two-b, 3]\nauthor: me\n",
        "title: \"Quoted: with # all\"\nother: 'and, so'\nempty:\nquoted: \"\"\n",
        "tags:\n  - a\n  - b c\n  - \"d\"\nnext:\n- x\n- 1.5\nlast: http://a.b/c?d=e&f\n",
        "a: 1\na: 2\nb:   spaces around   \nc: a#b [c] {d} *e* & f, g\n",
        "draft: false\nweight: 10\nslug: /a/b\ncost: (1)\nname: \xC3\xA9t\xC3\xA9\n",
        "q: \xE2\x80\x9Cx\xE2\x80\x9D\nlist: [\xC3\xA9, 'a, b', \"c\"]\n",
    };
    struct readers r = {0};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        if (!read_both(&r, texts[i], strlen(texts[i])))
            FAIL("left to libyaml: %s", texts[i]);
    release(&r);
}

TEST(what_is_in_doubt_is_left_to_libyaml)
{
    static const char *const texts[] = {
        "",
        "a: b: c\n",
        "a: b #c\n",
        "a:\tb\n",
        "a: |\n  b\n",
        "a: &x b\n",
        "a: *x\n",
        "a: !t b\n",
        "a: b\n  c\n",
        "a:\n  b: c\n",
        "a: [b\n",
        "a: [b: c]\n",
        "a: [b,]\n",
        "a: [[b]]\n",
        "a: {b: c}\n",
        "a: \"b\n",
        "a: \"b\\n\"\n",
        "a: 'b''c'\n",
        "a: \"b\" c\n",
        "a: b\r\n",
        "a\n",
        "a:b\n",
        "- a\n",
        "? a\n",
        "\"a\": b\n",
        "a: -b\n",
        "a: <b>\n",
        "a: \x7F\n",
        "a: \xC2\x85\n",
        "a: \xE2\x80\xA8\n",
        "# a\n",
        "a: b\n\nc: d\n",
        "a: \xEF\xBB\xBF\n",
        "a:\n  - b: c\n",
        "a:\n - b\n  - c\n",
        "a: []\n",
        "a: b:\n",
        "a: @b\n",
        "a: `b`\n",
        "a: %b\n",
        "a:\n  - [b]\n",
    };
    struct readers r = {0};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        if (read_both(&r, texts[i], strlen(texts[i])))
            FAIL("read without libyaml: %s", texts[i]);
    release(&r);
}

static size_t below(struct readers *r, size_t limit)
{
    r->random ^= r->random << 13;
    r->random ^= r->random >> 7;
    r->random ^= r->random << 17;
    return r->random % limit;
}

static const char *const tame[] = {"a",    "key", "word two",   "1.5",      "x-3",
                                   "true", "~",   "http://x/y", "\xC3\xA9", "\xE2\x80\x9C"};
static const char *const wild[] = {"a: b",
                                   " #c",
                                   "#",
                                   ":",
                                   ",",
                                   "[",
                                   "]",
                                   "{",
                                   "}",
                                   "\"",
                                   "'",
                                   "\\",
                                   "&x",
                                   "*x",
                                   "!t",
                                   "|",
                                   ">",
                                   "- ",
                                   "-",
                                   "?",
                                   "%",
                                   "@",
                                   "`",
                                   "  ",
                                   "\t",
                                   "\r",
                                   "<",
                                   "\x7F",
                                   "\xC2\x85",
                                   "\xC2\xA0",
                                   "=",
                                   "$",
                                   "+",
                                   "(",
                                   ")",
                                   "...",
                                   "---",
                                   "\n",
                                   "\xE2\x80\xA8",
                                   "\xEF\xBB\xBF",
                                   "- b",
                                   "~",
                                   "a:",
                                   "b ",
                                   " c",
                                   "''",
                                   "\"\"",
                                   "\xEF\xBF\xBD",
                                   "\xF0\x9F\x98\x80"};
static const struct {
    const char *start;
    const char *end;
} lines[] = {{"a: ", "\n"},   {"key:  ", " \n"}, {"t:\n  - ", "\n"}, {"b:\n- ", "\n"},
             {"c: [", "]\n"}, {"d: \"", "\"\n"}, {"e: '", "'\n"},    {"f: [x, ", ", 'y']\n"},
             {"g:", "\n"},    {"  - ", "\n"},    {"- ", "\n"},       {"", ""}};

/* Lines that mostly hold, with what does not strewn in. */
static void make(struct readers *r, struct buf *out)
{
    enum { COUNT = sizeof lines / sizeof *lines, GOOD = 8 };
    bool tamed = below(r, 4) > 0;
    buf_reset(out);
    for (size_t n = 1 + below(r, 5); n > 0; n--) {
        size_t i = below(r, tamed ? GOOD : COUNT);
        buf_add_text(out, lines[i].start);
        for (size_t m = 1 + below(r, 3); m > 0; m--)
            buf_add_text(out, below(r, tamed ? 40 : 3)
                                  ? tame[below(r, sizeof tame / sizeof *tame)]
                                  : wild[below(r, sizeof wild / sizeof *wild)]);
        buf_add_text(out, lines[below(r, 20) ? i : below(r, COUNT)].end);
    }
}

TEST(whatever_is_read_without_libyaml_is_what_libyaml_reads)
{
    enum { ROUNDS = 40000 };
    struct readers r = {.random = UINT64_C(88172645463325252)};
    struct buf text = {0};
    size_t flat = 0;
    for (size_t i = 0; i < ROUNDS; i++) {
        make(&r, &text);
        flat += read_both(&r, text.data, text.size);
    }
    CHECK(flat > ROUNDS / 5 && flat < ROUNDS * 4 / 5);
    buf_release(&text);
    release(&r);
}
