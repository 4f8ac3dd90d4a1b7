/* What was said in a session, as the chunks of its page: one after the other, cut at turns. */
#ifndef LATTICE_WORKER_SYNC_LOG_TURNS_H
#define LATTICE_WORKER_SYNC_LOG_TURNS_H

#include "worker/sync/log_line.h"
#include "worker/sync/store_log.h"

enum { LOG_HEADING_BYTES = 128 };

/* The chunks depend on the lines alone, not on where a run was cut: the last one stays open and is
 * extended. What must be known for that is `turn`, `heading`, `words` and the chunk itself. */
struct log_turns {
    int64_t turn; /* of this file; 0: before the first prompt */
    char heading[LOG_HEADING_BYTES];
    size_t words; /* in the open chunk; 0: none is open */
    /* Where they go: set by log_turns_open. */
    struct store *store; /* borrowed */
    int64_t page;
    const char *title; /* borrowed */
    int64_t position;  /* of the next new chunk */
    int64_t added;     /* new chunks since */
    int64_t row;       /* of the open chunk, if it is stored already */
    struct buf text;   /* owned; of the open chunk */
};

/* Goes on behind the first `position` chunks of the page; the last of them is read if it is open.
 */
CHECKED bool log_turns_open(struct log_turns *turns, struct store *store, int64_t page,
                            int64_t position, struct error *e);
/* All blocks of a line. */
CHECKED bool log_turns_add(struct log_turns *turns, const struct log_line *line, struct error *e);
/* Stores what is open. */
CHECKED bool log_turns_flush(struct log_turns *turns, struct error *e);
void log_turns_release(struct log_turns *turns);

/* The first line of a text, of at most `size` - 1 bytes. */
void log_first_line(const char *text, size_t text_size, char *out, size_t size);

#endif
