/* Searching: look up the terms everywhere, weigh them, scan each store. */
#include "worker/reads/search.h"

#include <stdlib.h>
#include <string.h>

#include "common/cleanup.h"
#include "worker/reads/answer.h"

/* Hits of a single word that are looked at: some 20 ms. Beyond that, slices of each store: of what
 * has one of the words in its page's title, where the best are, TITLED times the part that there is
 * time for, since few of them have it there; and for pages with poor titles a part of that part of
 * all. Both walk through what they pass over, so that there is time for fewer hits. */
int64_t search_cost_max = 100000;
static const double sliced = 0.6;
enum { TITLED = 2, PLAIN = 8 };
/* Of all stores together: to begin one costs as much as hundreds of hits. */
enum { SLICES = 8 };
enum { TIES_MAX = 5000 };
/* Chunks that matched, of all stores together: 128 KiB. Beyond, each hit asks the index again. */
enum { SEEN_MAX = 16384 };

/* Looks up all terms in all stores; the first one that answers makes the tokens. */
static void look_up(struct search *search)
{
    struct plan *plan = &search->plan;
    bool made = false;
    for (size_t i = 0; i < plan->count; i++) {
        struct error e = {0};
        const struct store_memory *memory = made ? request_memory(search->reader, i) : NULL;
        if (memory && plan_without(plan, i, &memory->totals, &memory->words))
            continue;
        struct rstore *store = request_store(search->reader, i);
        if (!store)
            continue;
        if (!made)
            terms_make(&plan->terms, &search->query, store);
        made = true;
        if (!search_look_up(search, i, store, &e) || !search_keep(search, i, store, &e))
            request_fail(search->reader, i, &e);
    }
    plan_weigh(plan);
}

/* One store while it is scanned. */
struct scanning {
    struct search *search;
    struct rstore *store;
    struct rank_scan scan;
    struct page_set pages;
    struct hit hit; /* the one at hand */
    struct error error;
};

static void take_page(void *owner, const struct page_row *page)
{
    struct scanning *s = owner;
    s->hit.page = page->id;
    if (s->search->filter.any && !page_set_has(&s->pages, page->id))
        return;
    s->hit.path = (char *)(uintptr_t)page->path;
    hits_add(&s->search->hits, &s->hit);
    s->hit.path = NULL;
    s->scan.least = hits_least(&s->search->hits);
}

static bool take_chunk(void *owner, int64_t chunk, double score)
{
    struct scanning *s = owner;
    /* A page's path decides among equal scores, but not among hundreds of thousands. */
    if (score <= hits_least(&s->search->hits) && ++s->search->ties > TIES_MAX)
        return true;
    s->hit.chunk = chunk;
    s->hit.score = score;
    return rstore_path_of_chunk(s->store, chunk, take_page, s, &s->error);
}

/* So much of the store, in slices that are evenly spread over it. */
static bool scan_slices(struct scanning *s, const struct rstore_totals *totals, double part,
                        struct error *e)
{
    int count = part < 1 ? s->search->slices : 1;
    double width = (double)(totals->last - totals->first + 1) / count;
    for (int i = 0; i < count; i++) {
        double first = (double)totals->first + width * (i + (1 - part) / 2);
        s->scan.first = (int64_t)first;
        s->scan.last = (int64_t)(first + width * part);
        if (!rstore_scan(s->store, &s->scan, take_chunk, s, e))
            return false;
    }
    return true;
}

static bool scan_parts(struct scanning *s, size_t at, const struct plan_match *match, double part,
                       struct error *e)
{
    const struct plan *plan = &s->search->plan;
    const struct rstore_totals *totals = &plan->stores[at].totals;
    if (part >= 1)
        return rstore_scan(s->store, &s->scan, take_chunk, s, e);
    CLEANUP(free_text) char *titled = plan_match_titled(plan, at, match);
    s->scan.seen->cut = true;
    s->scan.match = titled;
    double most = part * (match->has_phrase ? 1 : TITLED);
    if (!scan_slices(s, totals, most < 1 ? most : 1, e))
        return false;
    s->scan.match = match->match;
    return scan_slices(s, totals, part / PLAIN, e);
}

static bool scan_store(struct search *search, size_t at, const struct plan_match *match,
                       struct error *e)
{
    const struct plan *plan = &search->plan;
    struct scanning s = {.search = search,
                         .store = request_store(search->reader, at),
                         .hit = {.source = at},
                         .scan = {.match = match->match,
                                  .terms = match->terms,
                                  .term_count = match->term_count,
                                  .average = (double)plan->tokens / (double)plan->chunks,
                                  .least = hits_least(&search->hits),
                                  .first = INT64_MIN,
                                  .last = INT64_MAX,
                                  .with_hidden = search->with_hidden,
                                  .seen = &search->seen[at]}};
    /* A filter leaves so little that all of it is looked at. */
    bool all = search->filter.any || search->cost <= search_cost_max;
    double part = all ? 1 : sliced * (double)search_cost_max / (double)search->cost;
    if (!s.store)
        return true;
    bool ok = !search->filter.any || page_set_make(&s.pages, &search->filter, s.store, e);
    if (ok && (!search->filter.any || s.pages.count))
        ok = scan_parts(&s, at, match, part, e);
    if (ok && s.error.text[0]) {
        *e = s.error;
        ok = false;
    }
    search->approximate |= part < 1;
    page_set_release(&s.pages);
    return ok;
}

static void release_matches(struct search *search)
{
    for (size_t i = 0; search->matches && i < search->plan.count; i++) {
        plan_match_release(&search->matches[i]);
        rank_seen_release(&search->seen[i]);
    }
    free(search->matches);
    free(search->seen);
    search->matches = NULL;
    search->seen = NULL;
    search->seen_count = 0;
}

static void scan_all(struct search *search, enum plan_mode mode)
{
    size_t count = search->plan.count;
    release_matches(search);
    search->mode = mode;
    search->matches = xcalloc(count + 1, sizeof *search->matches);
    search->seen = xcalloc(count + 1, sizeof *search->seen);
    search->cost = 1;
    int stores = 0;
    for (size_t i = 0; i < count; i++) {
        struct plan_match *match = &search->matches[i];
        plan_match_make(&search->plan, i, mode, match);
        bool asked = match->match && !search_is_kept(search, i);
        stores += asked;
        search->cost += asked ? match->cost : 0;
    }
    search->slices = stores > 0 && stores < SLICES ? SLICES / stores : 1;
    for (size_t i = 0; i < count; i++) {
        struct error e = {0};
        search->seen[i].most = SEEN_MAX - search->seen_count;
        if (search_is_kept(search, i))
            search_take_kept(search, i);
        else if (search->matches[i].match && !scan_store(search, i, &search->matches[i], &e))
            request_fail(search->reader, i, &e);
        search->seen_count += search->seen[i].count;
    }
}

static const char *match_name(const struct search *search)
{
    return search->hits.count == 0 ? "none" : search->mode == PLAN_ALL ? "all" : "partial";
}

static json_t *ignored_words(const struct search *search)
{
    json_t *list = json_array();
    for (size_t t = 0; t < search->plan.terms.count; t++)
        if (search->plan.terms.list[t].ignored)
            json_array_append_new(list, json_text(search->plan.terms.list[t].text));
    return list;
}

static json_t *make_answer(struct search *search)
{
    struct paging paging = paging_of(search->args);
    json_t *answer = json_object();
    json_object_set(answer, "query", json_object_get(search->args, "query"));
    json_object_set_new(answer, "match", json_string(match_name(search)));
    json_object_set_new(answer, "ignored", ignored_words(search));
    json_object_set_new(answer, "approximate",
                        json_boolean(search->approximate || search->plan.approximate));
    paging_add(answer, &paging, "hits", search_list(search));
    request_describe(search->reader, answer);
    return answer;
}

static enum op_end find(struct search *search, json_t **answer, struct error *e)
{
    json_t *query = json_object_get(search->args, "query");
    struct paging paging = paging_of(search->args);
    query_parse(json_string_value(query), json_string_length(query), &search->query);
    plan_init(&search->plan, request_count(search->reader));
    hits_init(&search->hits, (size_t)(paging.offset + paging_ask(&paging)));
    look_up(search);
    scan_all(search, PLAN_ALL);
    if (search->hits.count == 0 && search->plan.terms.groups > 1)
        scan_all(search, PLAN_ANY);
    bool late = request_grace(search->reader);
    *answer = make_answer(search);
    if (!late)
        return OP_DONE;
    error_set(e, CAUSE_DEADLINE,
              "the deadline came before all stores were searched; ask for rarer "
              "words or fewer sources");
    return OP_LATE;
}

enum op_end search_run(struct reader *reader, json_t *args, json_t **answer, struct error *e)
{
    struct search search = {.reader = reader,
                            .args = args,
                            .with_hidden = json_is_true(json_object_get(args, "superseded"))};
    struct request_scope scope = {.ids = json_object_get(args, "source"),
                                  .kind = json_string_value(json_object_get(args, "kind"))};
    enum op_end end = OP_FAILED;
    if (request_begin(reader, scope, e) && search_filter_make(&search.filter, args, e))
        end = find(&search, answer, e);
    search_filter_release(&search.filter);
    release_matches(&search);
    search_kept_release(&search);
    plan_release(&search.plan);
    hits_release(&search.hits);
    request_end(reader);
    return end;
}
