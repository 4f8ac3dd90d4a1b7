/* A sorted list of words in little memory. */
#include "worker/reads/lexicon.h"

#include <stdlib.h>
#include <string.h>

/* A word: four bits with how many bytes it shares, four with the size of the rest, a byte `seen`,
 * the size of the rest in four bytes if it is LONG, the rest. */
enum { SHARED_MAX = 15, LONG = 15 };

struct entry {
    size_t shared;
    int seen;
    const char *rest;
    size_t size;
};

static struct entry entry_at(const struct lexicon *l, size_t at)
{
    const char *from = l->words.data + at;
    unsigned char sizes = (unsigned char)from[0];
    uint32_t size = sizes & 15U;
    struct entry entry = {.shared = sizes >> 4, .seen = (unsigned char)from[1], .rest = from + 2};
    if (size == LONG) {
        memcpy(&size, from + 2, sizeof size);
        entry.rest += sizeof size;
    }
    entry.size = size;
    return entry;
}

static int compare(const char *a, size_t a_size, const char *b, size_t b_size)
{
    int order = memcmp(a, b, a_size < b_size ? a_size : b_size);
    return order ? order : (a_size > b_size) - (a_size < b_size);
}

static size_t shared(const struct buf *last, const struct word *word)
{
    size_t most = word->size < last->size ? word->size : last->size;
    size_t n = 0;
    most = most < SHARED_MAX ? most : SHARED_MAX;
    while (n < most && last->data[n] == word->text[n])
        n++;
    return n;
}

void lexicon_add(struct lexicon *l, const struct word *word)
{
    size_t keep = l->count % LEXICON_RUN ? shared(&l->last, word) : 0;
    uint32_t rest = (uint32_t)(word->size - keep);
    if (l->count % LEXICON_RUN == 0) {
        size_t at = l->count / LEXICON_RUN;
        if (at == l->head_room) {
            l->head_room = l->head_room ? l->head_room * 2 : 16;
            l->heads = xrealloc(l->heads, l->head_room * sizeof *l->heads);
        }
        l->heads[at] = l->words.size;
    }
    buf_add_byte(&l->words, (char)(keep << 4 | (rest < LONG ? rest : LONG)));
    buf_add_byte(&l->words, (char)word->seen);
    if (rest >= LONG)
        buf_add(&l->words, &rest, sizeof rest);
    buf_add(&l->words, word->text + keep, rest);
    buf_reset(&l->last);
    buf_add(&l->last, word->text, word->size);
    l->count++;
}

/* Reads the word at *at into `word`, which holds the one before; moves *at behind it. */
static int read_word(const struct lexicon *l, size_t *at, struct buf *word)
{
    struct entry entry = entry_at(l, *at);
    word->size = entry.shared;
    buf_add(word, entry.rest, entry.size);
    *at = (size_t)(entry.rest + entry.size - l->words.data);
    return entry.seen;
}

/* The last run whose first word is not greater; 0 if there is none. */
static size_t find_run(const struct lexicon *l, const char *text, size_t size)
{
    size_t low = 0;
    size_t high = (l->count + LEXICON_RUN - 1) / LEXICON_RUN;
    while (high - low > 1) {
        size_t middle = low + (high - low) / 2;
        struct entry entry = entry_at(l, l->heads[middle]);
        if (compare(entry.rest, entry.size, text, size) <= 0)
            low = middle;
        else
            high = middle;
    }
    return low;
}

void lexicon_each(const struct lexicon *l, const char *from, word_handler handle, void *owner)
{
    size_t from_size = strlen(from);
    struct buf word = {0};
    bool wanted = l->count > 0;
    size_t at = wanted ? l->heads[find_run(l, from, from_size)] : 0;
    while (wanted && at < l->words.size) {
        int seen = read_word(l, &at, &word);
        if (compare(word.data, word.size, from, from_size) >= 0)
            wanted = handle(owner, &(struct word){word.data, word.size, seen});
    }
    buf_release(&word);
}

struct wanted {
    const char *text;
    bool found;
};

static bool is_it(void *owner, const struct word *word)
{
    struct wanted *w = owner;
    w->found = strlen(w->text) == word->size && memcmp(w->text, word->text, word->size) == 0;
    return false;
}

bool lexicon_has(const struct lexicon *l, const char *text)
{
    struct wanted w = {text, false};
    lexicon_each(l, text, is_it, &w);
    return w.found;
}

void lexicon_end(struct lexicon *l)
{
    l->complete = true;
    buf_release(&l->last);
    if (!l->count)
        return;
    l->words.room = l->words.size + 1;
    l->words.data = xrealloc(l->words.data, l->words.room);
    l->head_room = (l->count + LEXICON_RUN - 1) / LEXICON_RUN;
    l->heads = xrealloc(l->heads, l->head_room * sizeof *l->heads);
}

size_t lexicon_bytes(const struct lexicon *l)
{
    return l->words.room + l->last.room + l->head_room * sizeof *l->heads;
}

void lexicon_clear(struct lexicon *l)
{
    buf_release(&l->words);
    buf_release(&l->last);
    free(l->heads);
    *l = (struct lexicon){0};
}
