/* The complete lines of a file that others append to, one after the other, in bounded memory. */
#ifndef LATTICE_WORKER_SYNC_LOG_LINES_H
#define LATTICE_WORKER_SYNC_LOG_LINES_H

#include <stdint.h>

#include "common/error.h"
#include "common/text.h"

/* All-zero but the first four is ready. */
struct log_lines {
    int fd;             /* borrowed */
    int64_t offset;     /* of the next line */
    int64_t limit;      /* what stands behind it is for another run */
    size_t most;        /* bytes of a line that are kept */
    struct buf *memory; /* borrowed; reused from file to file */
    size_t start;       /* of the next line in it */
    int64_t read_to;    /* offset in the file behind what is in it */
};

struct log_raw {
    const char *text; /* borrowed until the next one; without its newline */
    size_t size;
    int64_t offset;
    bool cut; /* it has more than `most` bytes */
};

enum log_next { LOG_NEXT_LINE, LOG_NEXT_NONE, LOG_NEXT_FAILED };
/* LOG_NEXT_NONE: what is left is no complete line. `lines->offset` is behind the line then given.
 * CAUSE_UNREACHABLE. */
enum log_next log_lines_next(struct log_lines *lines, struct log_raw *raw, struct error *e);

/* Hash of the last bytes before `offset`: whether the file is still the one that was read so far.
 */
CHECKED bool log_tail_hash(int fd, int64_t offset, int64_t *hash, struct error *e);

#endif
