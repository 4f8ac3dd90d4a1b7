/* A short sorted list: it changes rarely, once it is full. */
#include "worker/reads/search_hits.h"

#include <stdlib.h>
#include <string.h>

#include "common/text.h"

void hits_init(struct hits *hits, size_t most)
{
    *hits = (struct hits){.list = xcalloc(most + 1, sizeof *hits->list), .most = most};
}

void hits_release(struct hits *hits)
{
    for (size_t i = 0; i < hits->count; i++)
        free(hits->list[i].path);
    free(hits->list);
    *hits = (struct hits){0};
}

double hits_least(const struct hits *hits)
{
    return hits->count < hits->most ? -1 : hits->list[hits->count - 1].score;
}

/* The same for every way in which pages are spread over stores, but for pages of the same path. */
static bool is_before(const struct hit *a, const struct hit *b)
{
    if (a->score > b->score || a->score < b->score)
        return a->score > b->score;
    int order = strcmp(a->path, b->path);
    if (order)
        return order < 0;
    return a->source != b->source ? a->source < b->source : a->chunk < b->chunk;
}

static void take_out(struct hits *hits, size_t at)
{
    free(hits->list[at].path);
    hits->count--;
    memmove(&hits->list[at], &hits->list[at + 1], (hits->count - at) * sizeof *hits->list);
}

void hits_add(struct hits *hits, const struct hit *hit)
{
    size_t at;
    for (size_t i = 0; i < hits->count; i++)
        if (hits->list[i].page == hit->page && hits->list[i].source == hit->source) {
            if (!is_before(hit, &hits->list[i]))
                return;
            take_out(hits, i);
            break;
        }
    for (at = hits->count; at > 0 && is_before(hit, &hits->list[at - 1]); at--) {
    }
    if (at == hits->most)
        return;
    memmove(&hits->list[at + 1], &hits->list[at], (hits->count - at) * sizeof *hits->list);
    hits->list[at] = *hit;
    hits->list[at].path = xstrdup(hit->path);
    hits->count++;
    if (hits->count > hits->most)
        take_out(hits, hits->most);
}
