/* How pages and chunks are named to agents: `source/path` and `source/path#chunk`; pure. */
#ifndef LATTICE_WORKER_READS_MCP_IDS_H
#define LATTICE_WORKER_READS_MCP_IDS_H

#include <stdint.h>

#include "common/error.h"

struct page_id {
    const char *source; /* in `owned`, as `path` */
    const char *path;
    int64_t chunk; /* -1: the page */
    char *owned;
};

/* `text` may be NULL. CAUSE_USAGE. Caller releases. */
CHECKED bool page_id_parse(const char *text, struct page_id *id, struct error *e);
void page_id_release(struct page_id *id);
/* NULL without a source and a path. Caller frees. A page whose name ends in # and digits is named
 * with an empty chunk: `notes/a#1#`. */
char *page_id_format(const struct page_id *id);

#endif
