/* The parts a page is made of while it is read; between page.c and page_text.c only. */
#ifndef LATTICE_WORKER_SYNC_PAGE_PARTS_H
#define LATTICE_WORKER_SYNC_PAGE_PARTS_H

#include "worker/sync/chunk.h"
#include "worker/sync/front.h"
#include "worker/sync/page_found.h"
#include "worker/sync/page_links.h"

struct page_memory {
    struct found found;
    struct front front;
    struct chunker chunker;
    struct page_links links;
    struct page_link *page_links; /* owned; what page.links points to */
    size_t page_link_room;
};

/* Plain text (.txt .rst .org and what else is included): paragraphs between blank lines. Returns
 * the title that the text gives itself (`#+TITLE:` in .org, an underlined first line in .rst), in
 * the page's memory; NULL if it gives none. */
const char *page_text_scan(struct page_memory *m, const char *path, const char *text, size_t size);

/* True if `path` ends in `suffix`, in any case. */
bool page_path_ends(const char *path, const char *suffix);

#endif
