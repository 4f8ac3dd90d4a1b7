/* Scoring the chunks of one store that match, with statistics of all stores. */
#ifndef LATTICE_WORKER_READS_STORE_RANK_H
#define LATTICE_WORKER_READS_STORE_RANK_H

#include <stddef.h>

#include "worker/reads/store_reading.h"

enum { RANK_TERMS_MAX = 32 };

/* A term of the query is one phrase of the FTS5 query or several that follow each other. */
struct rank_term {
    int phrases;
    double idf; /* 0: it carries no weight */
};

/* How often a chunk has each term, weighted by column, and its tokens. */
struct rank_values {
    double frequencies[RANK_TERMS_MAX];
    int size;
};
/* `average`: tokens of a chunk, over all stores. */
double rank_chunk(const struct rank_term *terms, size_t count, const struct rank_values *values,
                  double average);

/* The chunks that matched in one scan of a whole store, if there are not too many. */
struct rank_seen {
    int64_t *chunks; /* owned; in order */
    size_t count;
    size_t room;
    size_t most;
    bool cut; /* not all */
};
/* Beyond `most` it is cut. */
void rank_seen_add(struct rank_seen *seen, int64_t chunk);
void rank_seen_release(struct rank_seen *seen);

struct rank_scan {
    const char *match;             /* FTS5's query language; the terms below come first in it */
    const struct rank_term *terms; /* borrowed */
    size_t term_count;
    double average;
    double least;  /* chunks that cannot reach this are passed over; the handler may raise it */
    int64_t first; /* ids of the chunks looked at, */
    int64_t last;
    bool with_hidden;       /* also observations that were superseded or archived */
    struct rank_seen *seen; /* borrowed; the scan adds what matches */
    bool unweighed; /* what the terms weigh is not known yet: values are asked for, not scores */
    struct rank_values values; /* of the chunk at hand */
};

/* False ends the scan. */
typedef bool (*score_handler)(void *owner, int64_t chunk, double score);
CHECKED bool rstore_scan(struct rstore *store, struct rank_scan *scan, score_handler handle,
                         void *owner, struct error *e);
/* How many of these chunks are the page's. */
CHECKED bool rstore_page_seen(struct rstore *store, const struct rank_seen *seen, int64_t page,
                              int64_t *hits, struct error *e);

#endif
