/* Files of an agent's logs in the store, and the chunks of a page that grows at its end. */
#ifndef LATTICE_WORKER_SYNC_STORE_LOG_H
#define LATTICE_WORKER_SYNC_STORE_LOG_H

#include "worker/sync/log_line.h"
#include "worker/sync/store_session.h"
#include "worker/sync/store_write.h"

/* The stat data by which a file is known. */
struct log_stat {
    int64_t inode;
    int64_t size;
    int64_t mtime_ns;
};

/* A row of log_file. All-zero but `path`, `epoch` and `stat.size` (-1): a file that is new. */
struct log_file {
    int64_t id;       /* 0: no row yet */
    const char *path; /* borrowed */
    struct log_stat stat;
    int64_t offset;
    int64_t tail_hash;
    int64_t generation;
    int64_t epoch;
    int64_t page; /* 0: it gave nothing yet */
    int64_t chunks;
    char title[LOG_TITLE_BYTES + 1];
    int title_rank; /* enum log_title */
    char cwd[LOG_CWD_BYTES];
    int cwd_rank;
    int64_t started_at; /* -1: not known; the same below */
    int64_t ended_at;
    int64_t prompts;
    int64_t messages;
    struct session_tokens tokens;
    json_t *state; /* owned; NULL: none */
};

/* All within a transaction but those that only read. */

/* Each row in the order of the paths; those of `page` alone if it is not 0. */
struct log_file_head {
    int64_t id;
    const char *path; /* good until the next one */
    struct log_stat stat;
    int64_t offset;
    int64_t epoch;
    int64_t page;
};
CHECKED bool store_log_each(struct store *store, int64_t page,
                            bool (*take)(void *context, const struct log_file_head *head,
                                         struct error *e),
                            void *context, struct error *e);
/* *found false: there is none; `file` is then a new one. The caller releases it. */
CHECKED bool store_log_read(struct store *store, const char *path, struct log_file *file,
                            bool *found, struct error *e);
void log_file_release(struct log_file *file);
/* Adds it (and sets its id) or replaces it. */
CHECKED bool store_log_save(struct store *store, struct log_file *file, struct error *e);
CHECKED bool store_log_rename(struct store *store, int64_t id, const char *path, struct error *e);
CHECKED bool store_log_drop(struct store *store, int64_t id, struct error *e);
/* How many files a page has. */
CHECKED bool store_log_count(struct store *store, int64_t page, int64_t *files, struct error *e);

/* The row that the next new page would get at the earliest. */
CHECKED bool store_log_next_page(struct store *store, int64_t *page, struct error *e);

/* Takes away all that the files of a page gave; they are to be read from their start again. The
 * page's row stays. */
CHECKED bool store_log_reset(struct store *store, int64_t page, struct error *e);
/* A page to which no file gives anything; 0 if there is none. */
CHECKED bool store_log_orphan(struct store *store, int64_t *page, struct error *e);
/* The page of a session; 0 if there is none. */
CHECKED bool store_log_session(struct store *store, const char *uuid, int64_t *page,
                               struct error *e);

/* The sum of a page's files, in their order. Texts: caller frees. */
struct log_sum {
    struct session_row row; /* uuid and cwd are not set */
    int64_t bytes;          /* read of all files */
    int64_t chunks;
    char title[LOG_TITLE_BYTES + 1]; /* the best; "": none */
    char cwd[LOG_CWD_BYTES];
};
CHECKED bool store_log_sum(struct store *store, int64_t page, struct log_sum *sum, struct error *e);

/* Where the chunks of this file begin among those of its page. */
CHECKED bool store_log_base(struct store *store, const struct log_file *file, int64_t *base,
                            struct error *e);
/* A chunk of a page; `id` is its row, 0 for a new one at `position`. */
struct log_chunk {
    int64_t id;
    int64_t page;
    int64_t position;
    const char *title;
    const char *heading;
    const char *text;
    size_t size;
};
/* Adds it (and sets its id), or puts this text in place of what the row has. */
CHECKED bool store_log_chunk_put(struct store *store, struct log_chunk *chunk, struct error *e);
/* Sets the row of the chunk at its page's `position`; what it has is appended to `text`. */
CHECKED bool store_log_chunk_read(struct store *store, struct log_chunk *chunk, struct buf *text,
                                  struct error *e);
/* All chunks of a page go. */
CHECKED bool store_log_chunks_drop(struct store *store, int64_t page, struct error *e);
/* Moves the chunks from `from` on by `by`. */
CHECKED bool store_log_shift(struct store *store, int64_t page, int64_t from, int64_t by,
                             struct error *e);

/* What the row of a page says of a session. */
struct log_page {
    const char *path;
    const char *title;
    const char *chunk_title; /* what chunks were just given; NULL: the row's */
    const char *front;
    int64_t size_bytes;
};
/* Brings the row up to date; where the title is another, all chunks and their index get it. */
CHECKED bool store_log_page_set(struct store *store, int64_t page, const struct log_page *now,
                                struct error *e);

#endif
