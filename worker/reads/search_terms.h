/* The terms of a query as an index can look them up. */
#ifndef LATTICE_WORKER_READS_SEARCH_TERMS_H
#define LATTICE_WORKER_READS_SEARCH_TERMS_H

#include "common/text.h"
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
/* A walk through the vocabulary ends at `until_ms` (monotonic; 0: when it is through). */
CHECKED bool term_match_make(const struct term *term, struct rstore *store, int64_t until_ms,
                             struct term_match *match, struct error *e);

#endif
