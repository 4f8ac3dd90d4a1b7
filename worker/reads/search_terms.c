/* Terms: tokens, and the words of the vocabulary that begin, end or contain. */
#include "worker/reads/search_terms.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/clock.h"

/* A prefix with more words than WORDS_MAX is given to FTS5 as it is if they are rare: FTS5 merges
 * all of their lists before the first row, which nothing can interrupt. Else the most frequent ones
 * of the first PREFIX_WORDS_MAX stand for all, and so they do for a part of words: to begin a scan
 * takes time for each of them. */
enum { PREFIX_SEEN_MAX = 20000, PREFIX_WORDS_MAX = 250, FREQUENT_WORDS_MAX = 16 };

static bool keep_token(void *owner, const struct token *token)
{
    struct term *term = owner;
    if (term->token_count < TOKENS_MAX)
        term->tokens[term->token_count++] = xstrndup(token->text, token->size);
    return term->token_count < TOKENS_MAX;
}

void terms_make(struct terms *terms, const struct query *query, struct rstore *store)
{
    unsigned old_group = 0;
    bool any = false;
    *terms = (struct terms){0};
    for (size_t i = 0; i < query->count; i++) {
        const struct query_term *from = &query->terms[i];
        struct term *term = &terms->list[terms->count];
        *term =
            (struct term){.excluded = from->excluded, .begins = from->begins, .ends = from->ends};
        rstore_tokenize(store, from->text, from->size, keep_token, term);
        if (term->token_count == 0)
            continue;
        term->ends = term->ends && term->token_count == 1;
        snprintf(term->text, sizeof term->text, "%.*s",
                 (int)utf8_floor(from->text, from->size < 63 ? from->size : 63), from->text);
        terms->count++;
        if (from->excluded)
            continue;
        if (!any || from->group != old_group)
            terms->groups++;
        any = true;
        old_group = from->group;
        term->group = terms->groups - 1;
    }
}

void terms_release(struct terms *terms)
{
    for (size_t i = 0; i < terms->count; i++)
        for (size_t t = 0; t < terms->list[i].token_count; t++)
            free(terms->list[i].tokens[t]);
    *terms = (struct terms){0};
}

/* Words of the vocabulary that a term means; the most frequent ones are kept. */
struct expansion {
    const struct term *term;
    const char *part;
    size_t part_size;
    int64_t until_ms;
    char *words[WORDS_MAX];
    int seen[WORDS_MAX];
    size_t count;
    size_t found; /* also those that were not kept */
    int64_t seen_all;
    bool frequent; /* one was not counted to its end */
    size_t steps;
    bool cut;
};

static bool word_fits(const struct expansion *x, const struct word *word)
{
    if (word->size < x->part_size)
        return false;
    if (!x->term->ends)
        return memcmp(word->text, x->part, x->part_size) == 0;
    if (x->term->begins)
        return memmem(word->text, word->size, x->part, x->part_size) != NULL;
    return memcmp(word->text + word->size - x->part_size, x->part, x->part_size) == 0;
}

static void keep_word(struct expansion *x, const struct word *word)
{
    size_t at = x->count;
    x->found++;
    x->seen_all += word->seen;
    x->frequent |= word->seen == VOCABULARY_SEEN_MAX;
    if (x->count == WORDS_MAX) {
        at = 0;
        for (size_t i = 1; i < x->count; i++)
            if (x->seen[i] < x->seen[at])
                at = i;
        if (x->seen[at] >= word->seen)
            return;
        free(x->words[at]);
    } else
        x->count++;
    x->words[at] = xstrndup(word->text, word->size);
    x->seen[at] = word->seen;
}

static void keep_most_frequent(struct expansion *x, size_t most)
{
    while (x->count > most) {
        size_t least = 0;
        for (size_t i = 1; i < x->count; i++)
            if (x->seen[i] < x->seen[least])
                least = i;
        free(x->words[least]);
        x->count--;
        x->words[least] = x->words[x->count];
        x->seen[least] = x->seen[x->count];
    }
}

static bool is_heavy(const struct expansion *x)
{
    return x->frequent || x->seen_all > PREFIX_SEEN_MAX;
}

static bool on_word(void *owner, const struct word *word)
{
    struct expansion *x = owner;
    bool fits = word_fits(x, word);
    if (fits)
        keep_word(x, word);
    else if (!x->term->ends)
        return false; /* behind the prefix */
    if ((++x->steps & 63) == 0 && x->until_ms && clock_monotonic_ms() >= x->until_ms) {
        x->cut = true;
        return false;
    }
    /* Many words, and not all of them rare: the frequent ones must do. */
    x->cut = !x->term->ends && is_heavy(x) && x->found > PREFIX_WORDS_MAX;
    return !x->cut;
}

/* "token token word": tokens hold no quote, since a quote is no token character. */
static void add_phrase(struct buf *out, const struct term *term, size_t tokens, const char *word)
{
    buf_add_byte(out, '"');
    for (size_t i = 0; i < tokens; i++)
        buf_printf(out, "%s%s", i ? " " : "", term->tokens[i]);
    if (word)
        buf_printf(out, "%s%s", tokens ? " " : "", word);
    buf_add_byte(out, '"');
}

static void match_of_words(const struct expansion *x, struct term_match *match)
{
    struct buf out = {0};
    size_t before = x->term->token_count - 1;
    if (x->count == 0)
        return;
    buf_add_byte(&out, '(');
    for (size_t i = 0; i < x->count; i++) {
        buf_add_text(&out, i ? " OR " : "");
        add_phrase(&out, x->term, before, x->words[i]);
    }
    buf_add_byte(&out, ')');
    match->match = buf_take(&out);
    match->phrases = (int)x->count;
}

static void match_of_tokens(const struct term *term, bool prefix, struct term_match *match)
{
    struct buf out = {0};
    add_phrase(&out, term, term->token_count, NULL);
    if (prefix)
        buf_add_text(&out, " *");
    match->match = buf_take(&out);
    match->phrases = 1;
}

static bool walk(struct expansion *x, const struct word_source *source, struct error *e)
{
    const char *from = x->term->ends ? "" : x->part;
    bool ok = true;
    x->until_ms = source->until_ms;
    if (source->words && (!source->cut || x->term->ends))
        lexicon_each(source->words, from, on_word, x);
    else
        ok = rstore_vocabulary(source->store, from, on_word, x, e);
    x->cut |= source->cut && source->words && x->term->ends;
    return ok;
}

static void expansion_init(struct expansion *x, const struct term *term)
{
    const char *part = term->tokens[term->token_count - 1];
    *x = (struct expansion){.term = term, .part = part, .part_size = strlen(part)};
}

static bool find_one(void *owner, const struct word *word)
{
    struct expansion *x = owner;
    x->found += word_fits(x, word);
    return x->found == 0 && x->term->ends;
}

bool term_may_match(const struct term *term, const struct lexicon *words)
{
    struct expansion x;
    bool open_end = term->begins || term->ends;
    for (size_t i = 0; i + (open_end ? 1 : 0) < term->token_count; i++)
        if (!lexicon_has(words, term->tokens[i]))
            return false;
    if (!open_end)
        return true;
    expansion_init(&x, term);
    lexicon_each(words, term->ends ? "" : x.part, find_one, &x);
    return x.found > 0;
}

bool term_match_make(const struct term *term, const struct word_source *source,
                     struct term_match *match, struct error *e)
{
    *match = (struct term_match){0};
    if (!term->begins && !term->ends) {
        match_of_tokens(term, false, match);
        return true;
    }
    struct expansion x;
    expansion_init(&x, term);
    bool ok = walk(&x, source, e);
    bool few = !x.cut && x.found <= WORDS_MAX;
    bool rare = !x.cut && !is_heavy(&x);
    if (!few && !rare)
        keep_most_frequent(&x, FREQUENT_WORDS_MAX);
    if (ok && !few && rare && !term->ends)
        match_of_tokens(term, true, match);
    else if (ok) {
        match_of_words(&x, match);
        match->incomplete = !few;
    }
    for (size_t i = 0; i < x.count; i++)
        free(x.words[i]);
    return ok;
}
