/* Bytes from a pipe cut into lines of bounded size; pure. */
#ifndef LATTICE_SUPERVISOR_LINES_H
#define LATTICE_SUPERVISOR_LINES_H

#include <stdbool.h>
#include <stddef.h>

#include "common/text.h"

/* Start from all-zero but for `max_bytes`. A longer line is handed on cut; its rest is skipped. */
struct line_reader {
    size_t max_bytes;
    struct buf pending; /* owned */
    bool skipping;
};

/* `line` is borrowed, without its '\n', and ends with a NUL. */
typedef void (*line_handler)(void *owner, const char *line, size_t size);

void line_reader_feed(struct line_reader *reader, const char *data, size_t size,
                      line_handler handle, void *owner);
/* The last line, if it has no '\n'. */
void line_reader_end(struct line_reader *reader, line_handler handle, void *owner);
void line_reader_release(struct line_reader *reader);

#endif
