/* Inside the Markdown side: the walk through what cmark has read. */
#ifndef LATTICE_WORKER_READS_WEB_MARKDOWN_INTERNAL_H
#define LATTICE_WORKER_READS_WEB_MARKDOWN_INTERNAL_H

#include <cmark-gfm.h>

#include "worker/reads/web_markdown.h"

/* One page. */
struct markdown {
    struct html *h;
    const struct web_links *links;
    json_t *pages; /* of the links out: target to path; wiki ones with "[[" in front */
    json_t *slugs; /* those that were used, and how often */
    struct buf definitions;
    size_t part;      /* number of the part in hand */
    size_t footnotes; /* in it so far: their names are per part */
    /* Pieces of the part in hand whose anchors are not written yet. */
    const struct web_piece *pieces;
    size_t next_piece;
    size_t last_piece;
    size_t next_line; /* on which the next of them begins, of what cmark was fed */
    /* The walk. */
    size_t links_open; /* links and images around it */
    enum { TAG_NONE, TAG_A, TAG_SPAN } link_tag;
    bool in_head; /* of a table */
    int column;
};

/* Writes the anchors of all pieces that begin on this line or before. */
void markdown_anchors(struct markdown *m, int line);
/* Nodes: entered and left. False: not one of these. */
void markdown_block(struct markdown *m, cmark_node *node, bool entering);
void markdown_inline(struct markdown *m, cmark_node *node, bool entering);
/* Extensions' types have no numbers. */
bool node_is(cmark_node *node, const char *type);

#endif
