/* Markdown of others as HTML that is safe to show. Pure. */
#ifndef LATTICE_WORKER_READS_WEB_MARKDOWN_H
#define LATTICE_WORKER_READS_WEB_MARKDOWN_H

#include "worker/reads/web_html.h"

/* A piece of a page; the pieces are its text, in order, without gaps. */
struct web_piece {
    const char *text; /* borrowed; may hold NUL bytes */
    size_t size;
    int64_t chunk; /* its number: what is shown of it begins behind an anchor of this name */
};

/* Where a link leads. */
struct web_links {
    const char *source; /* the page's own */
    const json_t *out;  /* links of the operation `links`; those with a path are pages */
};

enum {
    /* cmark is quadratic in places, so it gets a page in parts of about this size... */
    MARKDOWN_PART_BYTES = 16 * 1024,
    /* ... and a piece that is larger than this is shown as plain text. */
    MARKDOWN_PIECE_MAX_BYTES = MARKDOWN_PART_BYTES,
    /* cmark fills each row of a table up to its head's width, and is quadratic in that: a part
     * with more, or with a wider one, has no tables. */
    MARKDOWN_CELLS_MAX = 20 * 1000,
    MARKDOWN_COLUMNS_MAX = 256,
    /* After this the rest of the page is shown as plain text. */
    MARKDOWN_MAX_MS = 1000,
    MARKDOWN_MAX_OUT_BYTES = 16 * 1024 * 1024,
    /* Of `[x]: address` lines, which each part has; longer lines are left out, since cmark copies
     * the address at each use. */
    DEFINITIONS_MAX_BYTES = 16 * 1024,
    DEFINITION_LINE_MAX_BYTES = 512,
};

/* What comes out has no tag, attribute or address but those written by this program: raw HTML
 * loses its tags, images become links, addresses are http, https, mailto or pages of the store.
 * Headings have ids with "h-" before them, so that they are nobody else's. */
void web_markdown(struct html *h, const struct web_piece *pieces, size_t count,
                  const struct web_links *links);

/* The same for what is not Markdown: as it is written. */
void web_plain(struct html *h, const struct web_piece *pieces, size_t count);

/* Where the part that begins with pieces[first] ends: the index behind its last piece. */
size_t web_markdown_part(const struct web_piece *pieces, size_t count, size_t first);
/* As many cells as tables in pieces [first, last) can have at most; SIZE_MAX: too wide a line. */
size_t web_markdown_cells(const struct web_piece *pieces, size_t first, size_t last);
/* All lines of the form `[x]: address` outside of code. */
void web_markdown_definitions(struct buf *out, const struct web_piece *pieces, size_t count);
/* What GitHub makes of a heading: small letters, digits, - and _. */
void web_markdown_slug(struct buf *out, const char *text, size_t size);

/* An anchor for links to a chunk. */
void web_anchor(struct html *h, int64_t chunk);

#endif
