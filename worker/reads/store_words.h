/* Words of a store: tokens as its index has them, its vocabulary, how many chunks match. */
#ifndef LATTICE_WORKER_READS_STORE_WORDS_H
#define LATTICE_WORKER_READS_STORE_WORDS_H

#include <stddef.h>

#include "worker/reads/store_reading.h"

/* One token: folded, and where it stands in the text. Borrowed for the call. */
struct token {
    const char *text;
    size_t size;
    size_t start;
    size_t end;
};
/* False ends the tokenizing. */
typedef bool (*token_handler)(void *owner, const struct token *token);
void rstore_tokenize(struct rstore *store, const char *text, size_t size, token_handler handle,
                     void *owner);

/* Over the whole store. */
struct rstore_totals {
    int64_t chunks;
    int64_t tokens; /* of all columns */
    int64_t first;  /* ids of chunks */
    int64_t last;
};
CHECKED bool rstore_totals(struct rstore *store, struct rstore_totals *totals, struct error *e);

/* How many chunks match; looks at no more than `most` and estimates the rest. `match` is FTS5's
 * query language. */
struct rstore_hits {
    int64_t most; /* in */
    int64_t chunks;
    bool estimated;
};
CHECKED bool rstore_count(struct rstore *store, const char *match,
                          const struct rstore_totals *totals, struct rstore_hits *hits,
                          struct error *e);

/* Walks through the words of the index in byte order, from the first that is not less than `from`;
 * `seen` is about how often a word occurs, at most VOCABULARY_SEEN_MAX. Words that only deleted
 * chunks had may be among them. False ends the walk. */
enum { VOCABULARY_SEEN_MAX = 32 };
struct word {
    const char *text;
    size_t size;
    int seen;
};
typedef bool (*word_handler)(void *owner, const struct word *word);
CHECKED bool rstore_vocabulary(struct rstore *store, const char *from, word_handler handle,
                               void *owner, struct error *e);
/* The version of FTS5's format whose pages are read here; for tests. */
extern int vocabulary_version;

#endif
