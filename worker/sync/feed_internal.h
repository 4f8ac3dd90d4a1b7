/* What the readers of feeds share. */
#ifndef LATTICE_WORKER_SYNC_FEED_INTERNAL_H
#define LATTICE_WORKER_SYNC_FEED_INTERNAL_H

#include "worker/sync/feed.h"

struct feed_reading {
    const struct feed_document *document; /* borrowed */
    const struct feed_sink *sink;         /* borrowed */
    struct feed_found *found;             /* borrowed */
    struct feed_entry entry;              /* the one in hand; memory is reused */
};

CHECKED bool feed_xml(struct feed_reading *r, struct error *e);
CHECKED bool feed_json(struct feed_reading *r, struct error *e);

/* Empties the entry in hand. */
void feed_entry_clear(struct feed_entry *entry);
/* Hands it on. One without an id gets one: its address, its title, or its body's hash. */
CHECKED bool feed_hand_on(struct feed_reading *r, struct error *e);
/* Puts the whole address that `reference` means into `out`, unless there is one already. */
void feed_set_link(struct buf *out, const char *base, const char *reference);
void feed_add_tag(struct feed_entry *entry, const char *tag);

#endif
