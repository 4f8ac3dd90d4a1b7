/* A part of a log into the store: its lines become chunks of a page and counts of a session. */
#ifndef LATTICE_WORKER_SYNC_LOG_WRITER_H
#define LATTICE_WORKER_SYNC_LOG_WRITER_H

#include "worker/sync/log_counts.h"
#include "worker/sync/log_lines.h"
#include "worker/sync/log_turns.h"

/* Lines of a file that were not what they should be; the first of them by its offset. */
struct log_trouble {
    int64_t lines;
    int64_t first;
};

/* All-zero but store, shape and reader.format is ready; the memory is reused from file to file. */
struct log_writer {
    struct store *store;      /* borrowed */
    const char *shape;        /* borrowed; for what is recorded as an error */
    int64_t created;          /* pages, ever */
    struct log_reader reader; /* with the format */
    /* Of the part in hand. */
    struct log_file *file; /* borrowed */
    struct log_turns turns;
    struct log_counts counts;
    struct log_trouble bad;
    struct log_trouble cut;
    bool troubled; /* one of them grew since the caller last unset it */
    bool shifted;  /* chunks of later files were moved out of the way */
    char title[LOG_TITLE_BYTES + 1];
    char cwd[LOG_CWD_BYTES];      /* named by a line, and its repository not looked for yet */
    char repo_cwd[LOG_CWD_BYTES]; /* the last one that was */
};

/* Within one transaction: begin, lines, end. What `file` says is then what was read so far, and its
 * row is written; `stat`, `offset` and `tail_hash` in it are the caller's to set before the end. */
CHECKED bool log_writer_begin(struct log_writer *w, struct log_file *file, struct error *e);
CHECKED bool log_writer_line(struct log_writer *w, const struct log_raw *raw, struct error *e);
CHECKED bool log_writer_end(struct log_writer *w, struct error *e);
/* What is wrong with lines of the file, in words: appended. */
void log_writer_trouble(const struct log_writer *w, struct buf *out);
void log_writer_release(struct log_writer *w);

#endif
