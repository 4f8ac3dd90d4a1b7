/* What stands in a stretch of text, 16 bytes at a time: words, and bytes worth a closer look. */
#ifndef LATTICE_WORKER_SYNC_PAGE_MARKS_H
#define LATTICE_WORKER_SYNC_PAGE_MARKS_H

#include <stddef.h>

enum {
    MARK_HASH = 1 << 0,
    MARK_BRACKET = 1 << 1, /* [ */
    MARK_ANGLE = 1 << 2,   /* < */
    MARK_AT = 1 << 3,
    MARK_URL = 1 << 4,  /* :/ */
    MARK_WWW = 1 << 5,  /* ww */
    MARK_WIKI = 1 << 6, /* [[ */
};

/* The MARK_ bits of what stands anywhere in the text. */
unsigned marks_in(const char *text, size_t size);
/* Runs of bytes above ' '. */
size_t words_in(const char *text, size_t size);

#endif
