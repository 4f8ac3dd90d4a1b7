/* What looks like a key, a token or a password is masked: one pass over a text. */
#include "common/secret.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "common/lanes.h"
#include "common/secret_find.h"

/* Nearly all of a text begins no secret: 64 bytes at a time become bits, of which those are set
 * that are looked at more closely. secret_find decides: a bit too much only takes time, and
 * tests/unit/test_secret.c shows that none is missing. */
enum { BLOCK = 64 };

struct starts {
    const char *text;
    size_t size;
    size_t at;     /* where the block in hand begins */
    uint64_t bits; /* of it, not looked at yet */
    bool in_word;  /* does a word go on behind it */
};

/* The second byte of what begins with this one; capitals and small letters share a bit. */
#define SECOND(c) (UINT32_C(1) << ((c)&31))
static const uint32_t seconds[256] = {
    ['A'] = SECOND('K') | SECOND('S') | SECOND('I'),
    ['B'] = SECOND('e') | SECOND('a'),
    ['S'] = SECOND('G'),
    ['b'] = SECOND('e') | SECOND('a'),
    ['d'] = SECOND('o'),
    ['e'] = SECOND('y'),
    ['g'] = SECOND('h') | SECOND('i') | SECOND('l'),
    ['h'] = SECOND('f'),
    ['n'] = SECOND('p'),
    ['p'] = SECOND('y'),
    ['r'] = SECOND('k'),
    ['s'] = SECOND('k'),
    ['w'] = SECOND('h'),
    ['x'] = SECOND('o') | SECOND('a'),
    ['y'] = SECOND('a'),
};

/* Of the block at `p`, behind which there is one more byte. */
static uint64_t starts_in(const char *p, bool *in_word)
{
    uint64_t signs = 0;
    uint64_t words = 0;
    for (int i = 0; i < BLOCK; i += LANES) {
        lanes x = lanes_load(p + i);
        lanes dashes = (lanes)(x == '-') & (lanes)(lanes_load(p + i + 1) == '-');
        lanes word = (lanes)((x | 0x20) - 'a' < 26) | (lanes)(x - '0' < 10) | (lanes)(x == '_');
        signs |= lanes_bits((lanes)(x == ':') | (lanes)(x == '=') | dashes) << i;
        words |= lanes_bits(word) << i;
    }
    uint64_t bits = signs;
    for (uint64_t w = words & ~(words << 1 | *in_word); w; w &= w - 1) {
        int i = __builtin_ctzll(w);
        bits |= (uint64_t)(seconds[(unsigned char)p[i]] >> (p[i + 1] & 31) & 1) << i;
    }
    *in_word = words >> (BLOCK - 1);
    return bits;
}

/* The block at starts->at. */
static void look(struct starts *s)
{
    char end[BLOCK + 1] = {0};
    size_t left = s->size - s->at;
    if (left < sizeof end)
        memcpy(end, s->text + s->at, left);
    s->bits = starts_in(left < sizeof end ? end : s->text + s->at, &s->in_word);
}

/* Where the next secret may begin; `size`: nowhere. */
static size_t next_start(struct starts *s)
{
    while (!s->bits) {
        if (s->size - s->at <= BLOCK)
            return s->size;
        s->at += BLOCK;
        look(s);
    }
    size_t start = s->at + (size_t)__builtin_ctzll(s->bits);
    s->bits &= s->bits - 1;
    return start;
}

size_t secret_mask(char *text, size_t size)
{
    struct starts starts = {.text = text, .size = size};
    size_t kept = 0;
    size_t read = 0;
    if (size)
        look(&starts);
    while (read < size) {
        size_t start = next_start(&starts);
        struct secret_found found = {0};
        if (kept != read)
            memmove(text + kept, text + read, start - read);
        kept += start - read;
        read = start;
        if (read < size)
            found = secret_find(text, kept, text + read, size - read);
        if (!found.goes)
            continue;
        memmove(text + kept, text + read, found.stays);
        memcpy(text + kept + found.stays, "***", SECRET_MARK_BYTES);
        kept += found.stays + SECRET_MARK_BYTES;
        read += found.stays + found.goes;
        starts = (struct starts){.text = text, .size = size, .at = read};
        look(&starts);
    }
    return kept;
}
