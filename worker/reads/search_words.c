/* Looking up terms in one store, and remembering its words. */
#include <string.h>

#include "common/cleanup.h"
#include "common/clock.h"
#include "worker/reads/search.h"

/* The words of stores up to this size are remembered without need: it takes some milliseconds. */
enum { SMALL_CHUNKS = 10000 };

struct filling {
    struct reader *reader;
    struct lexicon *words;
    int64_t until_ms;
    size_t steps;
    bool late;
};

/* A walk that goes on begins with the word that is there already. */
static bool add_word(void *owner, const struct word *word)
{
    struct filling *f = owner;
    const struct buf *last = &f->words->last;
    if (f->words->count && word->size == last->size && !memcmp(word->text, last->data, last->size))
        return true;
    f->words->refused = !request_add_words(f->reader, f->words, word);
    f->late = (++f->steps & 63) == 0 && f->until_ms && clock_monotonic_ms() >= f->until_ms;
    return !f->words->refused && !f->late;
}

static bool fill(struct reader *reader, struct lexicon *words, const struct word_source *source,
                 struct error *e)
{
    struct filling f = {.reader = reader, .words = words, .until_ms = source->until_ms};
    CLEANUP(free_text)
    char *from = xstrndup(words->count ? words->last.data : "", words->last.size);
    if (!rstore_vocabulary(source->store, from, add_word, &f, e))
        return false;
    if (words->refused)
        request_drop_words(reader, words);
    else if (!f.late)
        request_end_words(reader, words);
    return true;
}

static bool walks(const struct terms *terms)
{
    for (size_t t = 0; t < terms->count; t++)
        if (terms->list[t].ends)
            return true;
    return false;
}

bool search_look_up(struct search *search, size_t at, struct rstore *store, struct error *e)
{
    struct plan *plan = &search->plan;
    struct rstore_totals *totals = &plan->stores[at].totals;
    struct word_source source = {
        .store = store, .until_ms = plan_walk_until(plan, at, request_clock(search->reader))};
    if (!rstore_totals(store, totals, e))
        return false;
    struct lexicon *words = request_remember(search->reader, at, totals);
    bool wanted = walks(&plan->terms) ||
                  (!request_is_first(search->reader) && totals->chunks <= SMALL_CHUNKS);
    bool ok = true;
    if (words && wanted && !words->complete && !words->refused)
        ok = fill(search->reader, words, &source, e);
    if (words && (words->complete || (words->count && walks(&plan->terms)))) {
        source.words = words;
        source.cut = !words->complete;
    }
    ok = ok && plan_store(plan, at, &source, e);
    if (!ok)
        *totals = (struct rstore_totals){0};
    return ok;
}
