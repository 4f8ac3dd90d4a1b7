/* What stands in a stretch of text, 16 bytes at a time: words, and bytes worth a closer look. */
#include "worker/sync/page_marks.h"

#include <stdbool.h>

#include "common/lanes.h"

/* Every byte of every page passes here. */

static bool any(lanes x)
{
    uint64_t halves[2];
    memcpy(halves, &x, sizeof halves);
    return (halves[0] | halves[1]) != 0;
}

struct seen {
    lanes hash, bracket, angle, at, url, www, wiki;
};

/* Reads one byte more than LANES. Called, it would keep what was seen in memory. */
__attribute__((always_inline)) static inline void look(struct seen *s, const char *p)
{
    lanes x = lanes_load(p);
    lanes next = lanes_load(p + 1);
    s->hash |= (lanes)(x == '#');
    lanes bracket = (lanes)(x == '[');
    s->bracket |= bracket;
    s->wiki |= bracket & (lanes)(next == '[');
    s->angle |= (lanes)(x == '<');
    s->at |= (lanes)(x == '@');
    s->url |= (lanes)(x == ':') & (lanes)(next == '/');
    s->www |= (lanes)(x == 'w') & (lanes)(next == 'w');
}

unsigned marks_in(const char *text, size_t size)
{
    struct seen s = {0};
    size_t at = 0;
    for (; size - at > LANES; at += LANES)
        look(&s, text + at);
    char rest[LANES + 1] = {0};
    memcpy(rest, text + at, size - at);
    look(&s, rest);
    return (any(s.hash) ? MARK_HASH : 0u) | (any(s.bracket) ? MARK_BRACKET : 0u) |
           (any(s.angle) ? MARK_ANGLE : 0u) | (any(s.at) ? MARK_AT : 0u) |
           (any(s.url) ? MARK_URL : 0u) | (any(s.www) ? MARK_WWW : 0u) |
           (any(s.wiki) ? MARK_WIKI : 0u);
}

static size_t sum(lanes x)
{
    size_t total = 0;
    for (int i = 0; i < LANES; i++)
        total += x[i];
    return total;
}

static bool solid(char c)
{
    return (unsigned char)c > ' ';
}

/* A word starts where the byte before is none of a word. */
size_t words_in(const char *text, size_t size)
{
    size_t words = size > 0 && solid(*text);
    size_t at = 1;
    while (at + LANES <= size) {
        lanes starts = {0};
        for (int round = 0; round < 255 && at + LANES <= size; round++, at += LANES)
            starts -=
                (lanes)(lanes_load(text + at) > ' ') & (lanes)(lanes_load(text + at - 1) <= ' ');
        words += sum(starts);
    }
    for (; at < size; at++)
        words += solid(text[at]) && !solid(text[at - 1]);
    return words;
}
