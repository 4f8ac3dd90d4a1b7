/* From terms to what each store is asked, with one statistic over all stores. */
#ifndef LATTICE_WORKER_READS_SEARCH_PLAN_H
#define LATTICE_WORKER_READS_SEARCH_PLAN_H

#include "worker/reads/search_terms.h"
#include "worker/reads/store_rank.h"

/* One store's part. All zero: it did not answer. */
struct store_plan {
    struct rstore_totals totals;
    struct term_match matches[QUERY_TERMS_MAX]; /* as the terms */
};

struct plan {
    struct terms terms;
    struct store_plan *stores; /* owned; as the request's sources */
    size_t count;
    int64_t chunks; /* of all stores */
    int64_t tokens;
    bool approximate;
};

void plan_init(struct plan *plan, size_t stores);
void plan_release(struct plan *plan);
/* Looks up every term in one store, of whose plan the totals are known. */
CHECKED bool plan_store(struct plan *plan, size_t at, const struct word_source *source,
                        struct error *e);
/* The same by its words alone: true if nothing there can match. */
bool plan_without(struct plan *plan, size_t at, const struct rstore_totals *totals,
                  const struct lexicon *words);
/* When the walk through the words of this store has to end: half of the time that is left belongs
 * to the walks, the same to each store. 0: never. */
int64_t plan_walk_until(const struct plan *plan, size_t at, const struct request_clock *clock);
/* After all stores: what each term weighs. */
void plan_weigh(struct plan *plan);

/* What one store is asked: chunks with all groups of terms, or with any of them. */
enum plan_mode { PLAN_ALL, PLAN_ANY };
struct plan_match {
    char *match; /* owned; NULL: nothing there can match */
    struct rank_term terms[RANK_TERMS_MAX];
    size_t term_count;
    int64_t most_hits; /* more than these cannot match, as far as is known */
    int64_t cost;      /* of looking at all of them; 1: at one chunk of a single word */
    bool has_phrase;
};
void plan_match_make(const struct plan *plan, size_t at, enum plan_mode mode,
                     struct plan_match *match);
/* The same match, of those chunks alone that have one of its words in their page's title. Caller
 * frees. */
char *plan_match_titled(const struct plan *plan, size_t at, const struct plan_match *match);
void plan_match_release(struct plan_match *match);

#endif
