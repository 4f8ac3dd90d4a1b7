/* The part of a text that shows best why it was found. Pure. */
#ifndef LATTICE_WORKER_READS_SNIPPET_H
#define LATTICE_WORKER_READS_SNIPPET_H

#include <stdint.h>

#include "common/text.h"

enum {
    SNIPPET_TOKENS = 36,     /* shown */
    SNIPPET_BEFORE = 6,      /* of these before the first hit */
    SNIPPET_MAX_BYTES = 400, /* of the text taken; one token may be endless */
    SNIPPET_MARKS_MAX = 32,
    SNIPPET_LOOK_BYTES = 65536, /* looked through; hits behind that are not shown */
};

/* A token of the text; `terms`: a bit for each term of the query that it is part of. */
struct snippet_token {
    size_t start;
    size_t end;
    uint32_t terms;
    bool goes_on; /* the phrase of the token before */
};

/* One line: white space and control bytes are single spaces; "…" where it is cut. */
struct snippet {
    struct buf text; /* owned; valid UTF-8 */
    struct {
        size_t start; /* byte offsets into `text` */
        size_t end;
    } marks[SNIPPET_MARKS_MAX];
    size_t mark_count;
};

/* `text` is valid UTF-8; tokens in order. Caller releases. */
void snippet_make(struct snippet *snippet, const char *text, size_t size,
                  const struct snippet_token *tokens, size_t count);
void snippet_release(struct snippet *snippet);

#endif
