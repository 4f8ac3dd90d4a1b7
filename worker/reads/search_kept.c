/* Hits of stores that will be closed before it is known what they weigh. */
#include <stdlib.h>
#include <string.h>

#include "worker/reads/search.h"

/* Of one store: above, looking at all of them takes as long as opening it again. Of all stores. */
enum { KEPT_HITS_MAX = 64, KEPT_BYTES_MAX = 4 * 1024 * 1024 };

/* What a term weighs depends on all stores. Of more stores than may be open at a time each would be
 * opened twice, to count and to rank, and opening is nearly all of the work in a small one. */
struct kept_hit {
    int64_t chunk;
    int64_t page;
    char *path; /* owned */
    int size;
};
struct kept_store {
    char *match; /* owned; what was asked; NULL: nothing is kept */
    size_t term_count;
    struct kept_hit *hits; /* owned */
    double *frequencies;   /* owned; of each hit those of all terms */
    size_t count;
};

static void forget(struct kept_store *kept)
{
    for (size_t i = 0; i < kept->count; i++)
        free(kept->hits[i].path);
    free(kept->hits);
    free(kept->frequencies);
    free(kept->match);
    *kept = (struct kept_store){0};
}

void search_kept_release(struct search *search)
{
    for (size_t i = 0; search->kept && i < search->plan.count; i++)
        forget(&search->kept[i]);
    free(search->kept);
    search->kept = NULL;
}

/* One store while its hits are kept. */
struct keeping {
    struct search *search;
    struct rstore *store;
    struct kept_store kept;
    struct rank_scan scan;
    struct kept_hit *at; /* whose page is looked up */
    bool too_many;
};

static void take_page(void *owner, const struct page_row *page)
{
    struct keeping *k = owner;
    free(k->at->path); /* a damaged store may have a page twice */
    k->at->path = xstrdup(page->path);
    k->at->page = page->id;
    k->search->kept_bytes += strlen(page->path);
}

static bool take_chunk(void *owner, int64_t chunk, double score)
{
    struct keeping *k = owner;
    struct kept_store *kept = &k->kept;
    size_t values_size = kept->term_count * sizeof *k->scan.values.frequencies;
    (void)score;
    k->too_many = kept->count == KEPT_HITS_MAX || k->search->kept_bytes > KEPT_BYTES_MAX;
    if (k->too_many)
        return false;
    memcpy(&kept->frequencies[kept->count * kept->term_count], k->scan.values.frequencies,
           values_size);
    kept->hits[kept->count++] = (struct kept_hit){.chunk = chunk, .size = k->scan.values.size};
    k->search->kept_bytes += sizeof *kept->hits + values_size;
    return true;
}

/* After the scan, since the part of the cache that one of many stores has is small. */
static bool find_pages(struct keeping *k, struct error *e)
{
    bool ok = true;
    for (size_t i = 0; ok && i < k->kept.count; i++) {
        k->at = &k->kept.hits[i];
        ok = rstore_path_of_chunk(k->store, k->at->chunk, take_page, k, e);
    }
    return ok;
}

static bool keep_matching(struct keeping *k, struct plan_match *match, struct error *e)
{
    struct rank_seen unused = {0};
    k->scan = (struct rank_scan){.match = match->match,
                                 .terms = match->terms,
                                 .term_count = match->term_count,
                                 .first = INT64_MIN,
                                 .last = INT64_MAX,
                                 .seen = &unused,
                                 .unweighed = true};
    struct kept_store *kept = &k->kept;
    kept->term_count = match->term_count;
    kept->hits = xcalloc(KEPT_HITS_MAX, sizeof *kept->hits);
    kept->frequencies = xcalloc(KEPT_HITS_MAX * match->term_count, sizeof *kept->frequencies);
    bool ok =
        rstore_scan(k->store, &k->scan, take_chunk, k, e) && (k->too_many || find_pages(k, e));
    if (!ok || k->too_many) {
        forget(kept);
        return ok;
    }
    kept->hits = xrealloc(kept->hits, (kept->count + 1) * sizeof *kept->hits);
    kept->frequencies = xrealloc(kept->frequencies,
                                 (kept->count + 1) * match->term_count * sizeof *kept->frequencies);
    kept->match = match->match;
    match->match = NULL;
    return true;
}

bool search_keep(struct search *search, size_t at, struct rstore *store, struct error *e)
{
    struct keeping k = {.search = search, .store = store};
    struct plan_match match;
    bool ok = true;
    if (search->filter.any || search->kept_bytes > KEPT_BYTES_MAX)
        return true;
    if (!search->kept)
        search->kept = xcalloc(search->plan.count + 1, sizeof *search->kept);
    plan_match_make(&search->plan, at, PLAN_ALL, &match);
    if (match.match && match.most_hits <= KEPT_HITS_MAX)
        ok = keep_matching(&k, &match, e);
    if (!ok)
        search->plan.stores[at].totals = (struct rstore_totals){0};
    plan_match_release(&match);
    search->kept[at] = k.kept;
    return ok;
}

bool search_is_kept(const struct search *search, size_t at)
{
    const char *match = search->kept ? search->kept[at].match : NULL;
    return match && search->matches[at].match && strcmp(match, search->matches[at].match) == 0;
}

void search_take_kept(struct search *search, size_t at)
{
    const struct plan *plan = &search->plan;
    const struct plan_match *match = &search->matches[at];
    const struct kept_store *kept = &search->kept[at];
    double average = (double)plan->tokens / (double)plan->chunks;
    for (size_t i = 0; i < kept->count; i++) {
        const struct kept_hit *from = &kept->hits[i];
        struct rank_values values = {.size = from->size};
        memcpy(values.frequencies, &kept->frequencies[i * kept->term_count],
               kept->term_count * sizeof *values.frequencies);
        struct hit hit = {.source = at,
                          .page = from->page,
                          .chunk = from->chunk,
                          .path = from->path,
                          .score = rank_chunk(match->terms, match->term_count, &values, average)};
        rank_seen_add(&search->seen[at], from->chunk);
        if (from->path && hit.score >= hits_least(&search->hits))
            hits_add(&search->hits, &hit);
    }
}
