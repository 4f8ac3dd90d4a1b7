/* The links and tags of a page while it is read. */
#ifndef LATTICE_WORKER_SYNC_PAGE_FOUND_H
#define LATTICE_WORKER_SYNC_PAGE_FOUND_H

#include <stdint.h>

#include "worker/sync/page.h"
#include "worker/sync/page_arena.h"

enum {
    TAG_MAX_BYTES = 256, /* a longer one is not a tag */
    TAG_SLOTS = 2048,    /* power of two, at least twice TAGS_MAX */
};

struct found_link {
    size_t at; /* offset into the page's text: of the link, or of the block it stands in */
    size_t seq;
    enum link_kind kind;
    const char *target;
    const char *label;
};

/* All-zero is empty. */
struct found {
    struct arena strings;
    struct found_link *links; /* owned */
    size_t link_count;
    size_t link_room;
    const char **tags; /* owned */
    size_t tag_count;
    size_t tag_room;
    uint16_t slots[TAG_SLOTS]; /* index + 1 of a tag, by hash; cleared at the first tag */
    const char *left_out;      /* why something was left out; static text; NULL if nothing was */
};

struct span {
    const char *text;
    size_t size;
};

void found_begin(struct found *f);
/* Keeps copies. Too long a target is no link; beyond LINKS_MAX links are left out. */
void found_add_link(struct found *f, enum link_kind kind, size_t at, struct span target,
                    struct span label);
void found_add_tag(struct found *f, struct span tag);
void found_release(struct found *f);

/* A copy without <private> blocks, which may come out of escapes such as `&lt;`. */
char *found_text(struct found *f, struct span text);

/* The same as one line: white space and control bytes become single spaces, none at the ends; at
 * most TITLE_MAX_BYTES. */
char *found_line(struct found *f, struct span text);
/* That, in place. Returns the new size. */
size_t found_clean_line(char *text, size_t size);

/* Wiki links and, if `tags`, #tags in text[start, end), which is one paragraph or heading; code
 * spans are left out. Linear; needed only where there is a `[[` or a `#`. */
void page_inline_scan(struct found *f, const char *text, size_t start, size_t end, bool tags);

#endif
