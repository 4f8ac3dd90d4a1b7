/* Words in little memory: what goes in comes out, in order and from any place. */
#include "worker/reads/lexicon.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/harness.h"

enum { WORDS = 1000 };
static char words[WORDS][64];

static int by_bytes(const void *a, const void *b)
{
    return strcmp(a, b);
}

/* Among them: long ones, what shares more than is kept, and the ends of both sizes. */
static void fill(struct lexicon *l)
{
    for (int i = 0; i < WORDS; i++)
        snprintf(words[i], sizeof words[i], "%.*s%d", i % 40,
                 "abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrst", i);
    qsort(words, WORDS, sizeof *words, by_bytes);
    for (int i = 0; i < WORDS; i++)
        lexicon_add(l, &(struct word){words[i], strlen(words[i]), i % 32 + 1});
}

struct listing {
    int at;
    int end;
    bool same;
};

static bool compare(void *owner, const struct word *word)
{
    struct listing *list = owner;
    const char *want = words[list->at];
    list->same &= word->size == strlen(want) && memcmp(word->text, want, word->size) == 0 &&
                  word->seen == list->at % 32 + 1;
    return ++list->at < list->end;
}

TEST(gives_back_what_was_added_from_any_word)
{
    struct lexicon l = {0};
    fill(&l);
    lexicon_end(&l);
    for (int from = 0; from < WORDS; from++) {
        struct listing list = {from, WORDS, true};
        lexicon_each(&l, words[from], compare, &list);
        CHECK_INT(list.at, WORDS);
        CHECK_INT(list.same, true);
    }
    lexicon_clear(&l);
}

TEST(has_its_words_and_no_others)
{
    struct lexicon l = {0};
    CHECK_INT(lexicon_has(&l, "a"), false);
    fill(&l);
    for (int i = 0; i < WORDS; i++) {
        char *other = xasprintf("%s.", words[i]);
        CHECK_INT(lexicon_has(&l, words[i]), true);
        CHECK_INT(lexicon_has(&l, other), false);
        free(other);
    }
    CHECK_INT(lexicon_has(&l, ""), false);
    CHECK_INT(lexicon_has(&l, "zzz"), false);
    lexicon_clear(&l);
    CHECK_INT((int)lexicon_bytes(&l), 0);
}
