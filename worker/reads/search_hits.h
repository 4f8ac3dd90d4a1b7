/* The best pages seen so far, over all stores. */
#ifndef LATTICE_WORKER_READS_SEARCH_HITS_H
#define LATTICE_WORKER_READS_SEARCH_HITS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct hit {
    size_t source; /* of the request */
    int64_t page;
    int64_t chunk; /* the page's best */
    double score;
    char *path; /* owned; among equal scores its order decides */
};

/* Sorted, best first. */
struct hits {
    struct hit *list; /* owned */
    size_t count;
    size_t most;
};

void hits_init(struct hits *hits, size_t most);
void hits_release(struct hits *hits);
/* What a chunk must reach to change anything; below every score while there is room. */
double hits_least(const struct hits *hits);
/* A page is there once, with its best chunk. Copies the path. */
void hits_add(struct hits *hits, const struct hit *hit);

#endif
