/* Hits of stores that will be closed before it is known what they weigh. */
#include <stdlib.h>
#include <string.h>

#include "common/text.h"
#include "worker/reads/search.h"

/* Of one store: above, looking at all of them takes as long as opening it again. */
enum { KEPT_HITS_MAX = 64 };

struct kept_hit {
    int64_t chunk;
    int64_t page; /* 0: it has none, since the store is damaged */
    int size;
    unsigned path; /* where it begins in the texts */
};
struct kept_store {
    size_t match; /* where it begins in the texts: what was asked; 0: nothing is kept */
    size_t hits;  /* the first */
    size_t count;
    size_t frequencies; /* the first: those of all terms for each hit */
    size_t term_count;
};

/* What a term weighs depends on all stores. Of more stores than may be open at a time each would be
 * opened twice, to count and to rank, and opening is nearly all of the work in a small one. All of
 * them in three pieces of memory: what is freed between small ones is not given back. */
struct search_kept {
    struct kept_store *stores; /* owned; one per source */
    struct kept_hit *hits;     /* owned */
    size_t hit_count;
    size_t hit_room;
    double *frequencies; /* owned */
    size_t frequency_count;
    size_t frequency_room;
    struct buf texts;
};

static size_t kept_bytes(const struct search_kept *kept)
{
    return kept->hit_count * sizeof *kept->hits + kept->texts.size +
           kept->frequency_count * sizeof *kept->frequencies;
}

void search_kept_release(struct search *search)
{
    struct search_kept *kept = search->kept;
    if (!kept)
        return;
    free(kept->stores);
    free(kept->hits);
    free(kept->frequencies);
    buf_release(&kept->texts);
    free(kept);
    search->kept = NULL;
}

static void add_hit(struct search_kept *kept, int64_t chunk, const struct rank_scan *scan)
{
    if (kept->hit_count == kept->hit_room) {
        kept->hit_room = kept->hit_room ? 2 * kept->hit_room : KEPT_HITS_MAX;
        kept->hits = xrealloc(kept->hits, kept->hit_room * sizeof *kept->hits);
    }
    kept->hits[kept->hit_count++] = (struct kept_hit){.chunk = chunk, .size = scan->values.size};
    if (kept->frequency_count + scan->term_count > kept->frequency_room) {
        kept->frequency_room = 2 * kept->frequency_room + KEPT_HITS_MAX * scan->term_count;
        kept->frequencies =
            xrealloc(kept->frequencies, kept->frequency_room * sizeof *kept->frequencies);
    }
    memcpy(&kept->frequencies[kept->frequency_count], scan->values.frequencies,
           scan->term_count * sizeof *kept->frequencies);
    kept->frequency_count += scan->term_count;
}

static size_t add_text(struct search_kept *kept, const char *text)
{
    size_t at = kept->texts.size;
    buf_add(&kept->texts, text, strlen(text) + 1);
    return at;
}

/* One store while its hits are kept. */
struct keeping {
    struct search_kept *kept;
    struct kept_store store;
    struct rank_scan scan;
    size_t at; /* the hit whose page is looked up */
    bool too_many;
};

static bool take_chunk(void *owner, int64_t chunk, double score)
{
    struct keeping *k = owner;
    (void)score;
    k->too_many = k->store.count == KEPT_HITS_MAX;
    if (k->too_many)
        return false;
    add_hit(k->kept, chunk, &k->scan);
    k->store.count++;
    return true;
}

/* The chunks of a page follow each other. */
static void take_page(void *owner, const struct page_row *page)
{
    struct keeping *k = owner;
    struct kept_hit *hit = &k->kept->hits[k->at];
    bool same = k->at > k->store.hits && hit[-1].page == page->id;
    hit->page = page->id;
    hit->path = same ? hit[-1].path : (unsigned)add_text(k->kept, page->path);
}

/* After the scan, since the part of the cache that one of many stores has is small. */
static bool find_pages(struct keeping *k, struct rstore *store, struct error *e)
{
    bool ok = true;
    for (size_t i = 0; ok && i < k->store.count; i++) {
        k->at = k->store.hits + i;
        ok = rstore_path_of_chunk(store, k->kept->hits[k->at].chunk, take_page, k, e);
    }
    return ok;
}

static bool keep_matching(struct keeping *k, struct rstore *store, const struct plan_match *match,
                          struct error *e)
{
    struct search_kept *kept = k->kept;
    struct rank_seen unused = {0};
    k->scan.match = match->match;
    k->scan.terms = match->terms;
    k->scan.term_count = match->term_count;
    k->scan.seen = &unused;
    k->store = (struct kept_store){.hits = kept->hit_count,
                                   .frequencies = kept->frequency_count,
                                   .term_count = match->term_count};
    bool ok =
        rstore_scan(store, &k->scan, take_chunk, k, e) && (k->too_many || find_pages(k, store, e));
    if (ok && !k->too_many)
        k->store.match = add_text(kept, match->match);
    else {
        kept->hit_count = k->store.hits;
        kept->frequency_count = k->store.frequencies;
    }
    return ok;
}

bool search_keep(struct search *search, size_t at, struct rstore *store, struct error *e)
{
    size_t most = request_kept_bytes(search->reader);
    struct plan_match match;
    bool ok = true;
    if (search->filter.any || most == 0)
        return true;
    if (!search->kept) {
        search->kept = xcalloc(1, sizeof *search->kept);
        search->kept->stores = xcalloc(search->plan.count + 1, sizeof *search->kept->stores);
        add_text(search->kept, "");
    }
    if (kept_bytes(search->kept) >= most)
        return true;
    struct keeping k = {.kept = search->kept,
                        .scan = {.first = INT64_MIN,
                                 .last = INT64_MAX,
                                 .with_hidden = search->with_hidden,
                                 .unweighed = true}};
    plan_match_make(&search->plan, at, PLAN_ALL, &match);
    if (match.match && match.most_hits <= KEPT_HITS_MAX)
        ok = keep_matching(&k, store, &match, e);
    search->kept->stores[at] = k.store;
    if (!ok)
        search->plan.stores[at].totals = (struct rstore_totals){0};
    plan_match_release(&match);
    return ok;
}

bool search_is_kept(const struct search *search, size_t at)
{
    const struct search_kept *kept = search->kept;
    const char *match = search->matches[at].match;
    size_t asked = kept ? kept->stores[at].match : 0;
    return asked && match && strcmp(kept->texts.data + asked, match) == 0;
}

void search_take_kept(struct search *search, size_t at)
{
    const struct plan *plan = &search->plan;
    const struct plan_match *match = &search->matches[at];
    const struct search_kept *kept = search->kept;
    const struct kept_store *store = &kept->stores[at];
    double average = (double)plan->tokens / (double)plan->chunks;
    for (size_t i = 0; i < store->count; i++) {
        const struct kept_hit *from = &kept->hits[store->hits + i];
        struct rank_values values = {.size = from->size};
        memcpy(values.frequencies, &kept->frequencies[store->frequencies + i * store->term_count],
               store->term_count * sizeof *values.frequencies);
        struct hit hit = {.source = at,
                          .page = from->page,
                          .chunk = from->chunk,
                          .path = kept->texts.data + from->path,
                          .score = rank_chunk(match->terms, match->term_count, &values, average)};
        rank_seen_add(&search->seen[at], from->chunk);
        if (from->page && hit.score >= hits_least(&search->hits))
            hits_add(&search->hits, &hit);
    }
}
