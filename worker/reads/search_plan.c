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

/* Measured, in what a hit of a single word costs. Each further word of a phrase: most of the places
 * where all of its words are do not match. Each further word of a prefix. To pass over a chunk that
 * another group has not, and to look one up there. */
enum { PHRASE_COST = 8, PREFIX_PART = 16, PASS_PART = 2 };

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

static int64_t term_cost(const struct term *term, const struct term_match *match)
{
    int64_t phrase = 1 + PHRASE_COST * ((int64_t)term->token_count - 1);
    return match->hits * phrase * (PREFIX_PART + match->phrases - 1) / PREFIX_PART;
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
        match->has_phrase |= term->token_count > 1;
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

/* What a group finds by itself. */
struct group_size {
    int64_t hits;
    int64_t cost;
};

static struct group_size group_size(const struct plan *plan, const struct store_plan *sp,
                                    unsigned group)
{
    struct group_size size = {0};
    for (size_t t = 0; t < plan->terms.count; t++) {
        const struct term *term = &plan->terms.list[t];
        if (term->excluded || term->group != group)
            continue;
        size.hits += sp->matches[t].hits;
        size.cost += term_cost(term, &sp->matches[t]);
    }
    return size;
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

/* All groups: the smallest one leads, and the others are passed over or looked up in. */
static void count_hits(struct plan_match *match, enum plan_mode mode, struct group_size size,
                       bool first)
{
    if (mode == PLAN_ANY) {
        match->most_hits += size.hits;
        match->cost += size.cost;
        return;
    }
    bool leads = first || size.hits < match->most_hits;
    int64_t other = leads ? match->cost : size.cost;
    if (leads) {
        match->most_hits = size.hits;
        match->cost = size.cost;
    }
    int64_t passed = first ? 0 : other / PASS_PART;
    match->cost += passed < match->cost ? passed : match->cost;
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
            count_hits(match, mode, group_size(plan, sp, group), first);
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

char *plan_match_titled(const struct plan *plan, size_t at, const struct plan_match *match)
{
    const struct store_plan *sp = &plan->stores[at];
    struct buf out = {0};
    bool any = false;
    buf_printf(&out, "(%s) AND {title} : (", match->match);
    for (size_t t = 0; t < plan->terms.count; t++) {
        const struct term *term = &plan->terms.list[t];
        if (term->excluded || term->ignored || sp->matches[t].hits == 0)
            continue;
        buf_add_text(&out, any ? " OR " : "");
        if (term->token_count > 1) /* a word of it costs less to find */
            buf_printf(&out, "\"%s\"", term->tokens[0]);
        else
            buf_add_text(&out, sp->matches[t].match);
        any = true;
    }
    buf_add_byte(&out, ')');
    return buf_take(&out);
}

void plan_match_release(struct plan_match *match)
{
    free(match->match);
    *match = (struct plan_match){0};
}
