/* An entry of a feed as a page: its path, and Markdown with front matter. */
#ifndef LATTICE_WORKER_SYNC_FEED_PAGE_H
#define LATTICE_WORKER_SYNC_FEED_PAGE_H

#include "worker/sync/feed.h"

/* Writes the path of the entry with this id: what is readable of it, a hash of all of it, `.md`.
 * The same id, the same path; ASCII, one level. */
void feed_page_path(struct buf *path, const char *id, size_t size);

/* Writes the page: front matter (title, url, author, published, updated, tags; what there is) and
 * the body as Markdown. The same entry, the same bytes. False: libxml2 is not there. */
CHECKED bool feed_page(struct buf *page, const struct feed_entry *entry, const char *feed_url,
                       struct error *e);

#endif
