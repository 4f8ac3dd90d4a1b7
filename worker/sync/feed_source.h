/* A feed as a source: its documents one after the other, their entries as items. */
#ifndef LATTICE_WORKER_SYNC_FEED_SOURCE_H
#define LATTICE_WORKER_SYNC_FEED_SOURCE_H

#include "worker/sync/feed.h"
#include "worker/sync/feed_bank.h"
#include "worker/sync/http.h"
#include "worker/sync/items.h"
#include "worker/sync/kind.h"

/* Of one answer, uncompressed; of one feed. Beyond the second it is taken for endless. */
enum { FEED_ANSWER_MAX_BYTES = 32 * 1024 * 1024, FEED_PAGES_MAX = 10000 };

/* A mapped source is a list: what it has no more is gone. A feed shows its newest entries and
 * forgets the others, which stay in the store; `keeps` is that difference. */
struct feed_source {
    struct sync *sync; /* borrowed */
    struct http *http; /* owned */
    const char *url;   /* borrowed */
    json_t *map;       /* borrowed; NULL: it is a feed */
    bool keeps;
    bool whole; /* follow each page to the end, not only to what the store has already */
    struct items items;
    struct feed_bank bank;
    json_t *deleted;          /* owned; paths of entries that the feed says are gone */
    char *origin;             /* owned; where the first answer came from, after redirects */
    struct feed_answer first; /* that came to a conditional request already; no url: none did */
    size_t pages;
    uint64_t *seen; /* owned; two hashes per page: its address, its content */
    uint64_t head[2];
    bool news;    /* the answer in hand has something that the store has not */
    bool resumed; /* the first answers are those of a run that was cut */
    bool stopped;
    int64_t oldest_at;  /* when the first of the answers that are used was asked for */
    json_t *validators; /* owned; of the answers that make the head; NULL: one has none */
    struct buf path;    /* of the entry in hand */
    struct buf page;
};

/* Asks for all that is needed, and fills `items`, which are not finished yet. */
enum step feed_source_fetch(struct feed_source *f, struct error *e);
/* Is the source what the store equals, by the word of its server: a 304 for each of its answers? */
enum step feed_source_ask(struct feed_source *f, const json_t *validators, bool *same,
                          struct error *e);
/* The state that what was fetched is. */
void feed_source_head(const struct feed_source *f, char head[ITEMS_HASH_SIZE]);

#endif
