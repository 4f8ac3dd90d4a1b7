/* The terms of a query as an index can look them up. */
#ifndef LATTICE_WORKER_READS_SEARCH_TERMS_H
#define LATTICE_WORKER_READS_SEARCH_TERMS_H

#include "common/text.h"
#include "worker/reads/lexicon.h"
#include "worker/reads/query.h"
#include "worker/reads/store_words.h"

enum { TOKENS_MAX = 64, WORDS_MAX = 64 };

struct term {
    unsigned group;
    bool excluded;
    bool begins;
    bool ends;
    bool ignored;             /* a word that is nearly everywhere, in a query with better ones */
    char *tokens[TOKENS_MAX]; /* owned; folded */
    size_t token_count;
    int64_t hits; /* chunks of all stores */
    double idf;
    char text[64]; /* as typed, cut; for people */
};

struct terms {
    struct term list[QUERY_TERMS_MAX]; /* those that have a token, in the query's order */
    size_t count;
    unsigned groups;
};

void terms_make(struct terms *terms, const struct query *query, struct rstore *store);
void terms_release(struct terms *terms);

/* A term in the words of one store: one FTS5 expression. */
struct term_match {
    char *match; /* owned; NULL: nothing there can match */
    int phrases;
    int64_t hits;
    bool incomplete; /* there were more words than are taken, or the walk had to end early */
};
/* Where a term's words are looked for. */
struct word_source {
    struct rstore *store;
    const struct lexicon *words; /* NULL: the store's vocabulary */
    bool cut;                    /* these are not all words, there was no time for more */
    int64_t until_ms;            /* a walk ends there (monotonic; 0: when it is through) */
};
CHECKED bool term_match_make(const struct term *term, const struct word_source *source,
                             struct term_match *match, struct error *e);
/* May a chunk match in a store that has these words and no others? */
bool term_may_match(const struct term *term, const struct lexicon *words);

#endif
