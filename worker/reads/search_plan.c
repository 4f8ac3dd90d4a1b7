/* Weighing terms, and writing FTS5 queries. */
#include "worker/reads/search_plan.h"

#include <stdlib.h>

#include "common/clock.h"
#include "worker/reads/rank.h"

/* Counting a term ends here and the rest is estimated: a millisecond. */
enum { COUNT_MAX = 10000 };
/* In a query of so many groups, words that are in a quarter of at least so many chunks say nothing
 * and are neither asked for nor weighed, if there is a better one. */
enum { IGNORE_GROUPS = 3, IGNORE_CHUNKS = 1000, IGNORE_PART = 4 };

/* Each further word of a phrase: most of the places where all of its words are do not match. */
enum { PHRASE_COST = 8 };

_Static_assert((int)RANK_TERMS_MAX >= (int)QUERY_TERMS_MAX, "every term can be ranked");

void plan_init(struct plan *plan, size_t stores)
{
    *plan = (struct plan){.stores = xcalloc(stores + 1, sizeof *plan->stores), .count = stores};
}

void plan_release(struct plan *plan)
{
    for (size_t i = 0; i < plan->count; i++)
        for (size_t t = 0; t < plan->terms.count; t++)
            free(plan->stores[i].matches[t].match);
    terms_release(&plan->terms);
    free(plan->stores);
    *plan = (struct plan){0};
}

static bool look_up(struct plan *plan, struct store_plan *sp, size_t t,
                    const struct word_source *source, struct error *e)
{
    struct term_match *match = &sp->matches[t];
    if (!term_match_make(&plan->terms.list[t], source, match, e))
        return false;
    plan->approximate |= match->incomplete;
    if (!match->match || plan->terms.list[t].excluded)
        return true;
    struct rstore_hits hits = {.most = COUNT_MAX / match->phrases};
    if (!rstore_count(source->store, match->match, &sp->totals, &hits, e))
        return false;
    match->hits = hits.chunks;
    return true;
}

int64_t plan_walk_until(const struct plan *plan, size_t at, const struct request_clock *clock)
{
    int64_t now_ms = clock_monotonic_ms();
    int64_t stores = (int64_t)(plan->count - at);
    return clock->until_ms ? now_ms + (clock->until_ms - now_ms) / (2 * stores) : 0;
}

bool plan_store(struct plan *plan, size_t at, const struct word_source *source, struct error *e)
{
    struct store_plan *sp = &plan->stores[at];
    bool ok = true;
    for (size_t t = 0; ok && t < plan->terms.count; t++)
        ok = look_up(plan, sp, t, source, e);
    if (!ok)
        sp->totals = (struct rstore_totals){0};
    return ok;
}

bool plan_without(struct plan *plan, size_t at, const struct rstore_totals *totals,
                  const struct lexicon *words)
{
    if (!words->complete && totals->chunks > 0)
        return false;
    for (size_t t = 0; totals->chunks > 0 && t < plan->terms.count; t++)
        if (!plan->terms.list[t].excluded && term_may_match(&plan->terms.list[t], words))
            return false;
    plan->stores[at].totals = *totals;
    return true;
}

static bool is_frequent(const struct plan *plan, const struct term *term)
{
    return plan->chunks >= IGNORE_CHUNKS && term->hits > plan->chunks / IGNORE_PART;
}

static void ignore_frequent(struct plan *plan)
{
    bool better = false;
    for (size_t t = 0; t < plan->terms.count; t++) {
        const struct term *term = &plan->terms.list[t];
        better |= !term->excluded && !is_frequent(plan, term);
    }
    for (size_t t = 0; better && t < plan->terms.count; t++) {
        struct term *term = &plan->terms.list[t];
        term->ignored = !term->excluded && is_frequent(plan, term);
    }
}

void plan_weigh(struct plan *plan)
{
    for (size_t i = 0; i < plan->count; i++) {
        plan->chunks += plan->stores[i].totals.chunks;
        plan->tokens += plan->stores[i].totals.tokens;
        for (size_t t = 0; t < plan->terms.count; t++)
            plan->terms.list[t].hits += plan->stores[i].matches[t].hits;
    }
    for (size_t t = 0; t < plan->terms.count; t++)
        plan->terms.list[t].idf = rank_idf(plan->terms.list[t].hits, plan->chunks);
    if (plan->terms.groups >= IGNORE_GROUPS)
        ignore_frequent(plan);
}

/* The alternatives of one group that can match; none of them is ignored. */
static bool add_group(const struct plan *plan, const struct store_plan *sp, unsigned group,
                      struct buf *out, struct plan_match *match)
{
    size_t before = match->term_count;
    for (size_t t = 0; t < plan->terms.count; t++) {
        const struct term *term = &plan->terms.list[t];
        if (term->excluded || term->group != group || sp->matches[t].hits == 0)
            continue;
        buf_printf(out, "%s%s", match->term_count > before ? " OR " : "", sp->matches[t].match);
        match->terms[match->term_count++] = (struct rank_term){sp->matches[t].phrases, term->idf};
        match->cost += (match->term_count == 1 ? 0 : 1) + 2 * sp->matches[t].phrases - 1 +
                       PHRASE_COST * ((int64_t)term->token_count - 1);
    }
    return match->term_count > before;
}

static bool group_is_ignored(const struct plan *plan, unsigned group)
{
    for (size_t t = 0; t < plan->terms.count; t++)
        if (!plan->terms.list[t].excluded && plan->terms.list[t].group == group &&
            plan->terms.list[t].ignored)
            return true;
    return false;
}

static int64_t group_hits(const struct plan *plan, const struct store_plan *sp, unsigned group)
{
    int64_t hits = 0;
    for (size_t t = 0; t < plan->terms.count; t++)
        if (!plan->terms.list[t].excluded && plan->terms.list[t].group == group)
            hits += sp->matches[t].hits;
    return hits;
}

static void add_excluded(const struct plan *plan, const struct store_plan *sp, struct buf *out)
{
    bool any = false;
    for (size_t t = 0; t < plan->terms.count; t++) {
        if (!plan->terms.list[t].excluded || !sp->matches[t].match)
            continue;
        buf_printf(out, "%s%s", any ? " OR " : " NOT (", sp->matches[t].match);
        any = true;
    }
    if (any)
        buf_add_byte(out, ')');
}

static void count_hits(struct plan_match *match, enum plan_mode mode, int64_t hits, bool first)
{
    if (mode == PLAN_ANY)
        match->most_hits += hits;
    else if (first || hits < match->most_hits)
        match->most_hits = hits;
}

void plan_match_make(const struct plan *plan, size_t at, enum plan_mode mode,
                     struct plan_match *match)
{
    const struct store_plan *sp = &plan->stores[at];
    struct buf out = {0};
    bool possible = sp->totals.chunks > 0;
    *match = (struct plan_match){0};
    buf_add_byte(&out, '(');
    for (unsigned group = 0; possible && group < plan->terms.groups; group++) {
        struct buf part = {0};
        bool first = match->term_count == 0;
        if (group_is_ignored(plan, group))
            continue;
        if (add_group(plan, sp, group, &part, match)) {
            buf_printf(&out, "%s(%s)", first ? "" : mode == PLAN_ALL ? " AND " : " OR ", part.data);
            count_hits(match, mode, group_hits(plan, sp, group), first);
        } else if (mode == PLAN_ALL)
            possible = false;
        buf_release(&part);
    }
    buf_add_byte(&out, ')');
    if (possible && match->term_count > 0) {
        add_excluded(plan, sp, &out);
        match->match = buf_take(&out);
    }
    buf_release(&out);
}

void plan_match_release(struct plan_match *match)
{
    free(match->match);
    *match = (struct plan_match){0};
}
