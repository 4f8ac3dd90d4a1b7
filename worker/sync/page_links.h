/* Markdown links of a page, by cmark, which sees only the blocks that can hold one. */
#ifndef LATTICE_WORKER_SYNC_PAGE_LINKS_H
#define LATTICE_WORKER_SYNC_PAGE_LINKS_H

#include "worker/sync/chunk.h"
#include "worker/sync/markdown.h"
#include "worker/sync/page_found.h"

/* cmark is quadratic in places (`![[]()` over and over takes 30 ms at 16 KB, 400 ms at 64 KB): what
 * it gets is cut in batches, so that the time of a page is linear. */
enum {
    LINKS_BATCH_BYTES = 16 * 1024,
    LINKS_MAX_BYTES = 1024 * 1024,      /* of all blocks with links in a page */
    LINKS_DEFINITION_BYTES = 64 * 1024, /* of all `[x]: url` paragraphs; each batch has them all */
    LINKS_DEFINITION_LINE = 4096,       /* cmark copies a definition's url at each use */
    LINKS_MAX_WWW = 128,                /* `www._` over and over takes 5 s at 64 KB */
};

/* A block, or as many of its lines as fit in a batch, as cmark gets it. */
struct link_block {
    size_t offset; /* in `reduced` */
    size_t size;
    size_t lines;
    size_t at;      /* offset in the page's text */
    size_t heading; /* index of the heading whose plain text is wanted, else HEADINGS_MAX */
    bool defines;   /* may hold definitions */
    bool refers;    /* holds a link only if a definition says so, as in `[x]` */
};

/* All-zero is empty. */
struct page_links {
    struct buf reduced; /* the blocks without quote and list marks, a blank line behind each */
    struct buf plain;
    struct link_block *blocks; /* owned */
    size_t count;
    size_t room;
    size_t definition_bytes;
    struct arena memory; /* cmark's */
    bool www;            /* the block in hand may hold www. */
    bool left_out;
};

void page_links_begin(struct page_links *l);
/* Keeps the block if it can hold a link, or is a heading with markup in its text. `marks` is
 * marks_in() of the block. */
void page_links_add(struct page_links *l, const char *text, const struct block *block,
                    size_t heading, unsigned marks);
/* Links go to `found`, plain texts to `headings`. */
void page_links_resolve(struct page_links *l, struct found *found, struct heading *headings);
void page_links_release(struct page_links *l);

/* The extension for bare urls, or NULL; registers cmark's extensions once. */
struct cmark_syntax_extension *page_links_autolink(void);

#endif
