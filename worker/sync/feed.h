/* Feeds: bytes in, entries out by call; pure, bounded, fuzzed. */
/* JSON Feed 1.1, RSS 2.0 (and what RSS 1.0 shares with it), Atom 1.0 (RFC 4287, paged as RFC 5005
 * has it, tombstones of RFC 6721), and any JSON whose fields JSON pointers name. */
#ifndef LATTICE_WORKER_SYNC_FEED_H
#define LATTICE_WORKER_SYNC_FEED_H

#include <jansson.h>

#include "common/error.h"
#include "common/text.h"

/* Of one document; more is CAUSE_BAD_DATA. */
enum { FEED_ENTRIES_MAX = 100000, FEED_DEPTH_MAX = 256 };

enum feed_text { FEED_PLAIN, FEED_HTML };

/* One entry. Texts as the feed has them, empty where it has none. */
struct feed_entry {
    struct buf id; /* never empty */
    struct buf title;
    enum feed_text title_type;
    struct buf url; /* whole, if it could be resolved */
    struct buf author;
    struct buf published; /* dates: see date.h */
    struct buf updated;
    struct buf body;
    enum feed_text body_type;
    struct buf base; /* what links in the body are relative to; empty: `url`, then the feed's */
    json_t *tags;    /* owned; strings; NULL: none */
    bool deleted;    /* the feed says that it is gone; only `id` counts */
};

struct feed_document {
    const char *bytes;
    size_t size;
    const char *url;  /* where it came from */
    const char *type; /* Content-Type, for messages; NULL: none */
    json_t *map;      /* as config_read_map has checked it; NULL: it is a feed */
};

struct feed_sink {
    /* The entry is good until the call ends. */
    bool (*entry)(void *context, const struct feed_entry *entry, struct error *e);
    void *context;
};

struct feed_found {
    char *next;    /* owned; the next page's address as written; NULL: the document names none */
    bool complete; /* it says that it has all entries there are (RFC 5005, 2) */
    size_t entries;
};

/* What it is, is told from its content. CAUSE_BAD_DATA if it cannot be read whole; some entries may
 * have been handed on by then. Caller releases `found`. */
CHECKED bool feed_read(const struct feed_document *document, const struct feed_sink *sink,
                       struct feed_found *found, struct error *e);
void feed_found_release(struct feed_found *found);

#endif
