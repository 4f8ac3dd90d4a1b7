/* Pages, chunks, tags and links of a store, by row. */
#ifndef LATTICE_WORKER_READS_STORE_PAGES_H
#define LATTICE_WORKER_READS_STORE_PAGES_H

#include <stddef.h>

#include "worker/reads/store_reading.h"

/* All text in rows is borrowed for the call of the handler. Times are Unix seconds. */
struct page_row {
    int64_t id;
    const char *path;
    const char *title;
    const char *kind;
    const char *front;   /* a JSON object; "" if there is none */
    const char *warning; /* "" if there is none */
    int64_t size_bytes;
    int64_t created_at;
    int64_t updated_at;
};
struct chunk_row {
    int64_t id;
    int64_t page;
    int64_t position;
    const char *title;
    const char *heading;
    const char *text;
    size_t text_size;
};
struct link_row {
    const char *kind;
    const char *target;
    const char *key; /* "" if it leads outside */
    const char *label;
    const char *path;  /* of the other page; "" for links out: see links.c */
    const char *title; /* the same */
    int64_t position;  /* of the chunk in which the link stands */
};
struct rows {
    int64_t offset;
    int64_t limit;
};

typedef void (*page_handler)(void *owner, const struct page_row *page);
typedef void (*chunk_handler)(void *owner, const struct chunk_row *chunk);
typedef void (*hit_handler)(void *owner, const struct page_row *page,
                            const struct chunk_row *chunk);
typedef void (*link_handler)(void *owner, const struct link_row *link);
typedef void (*text_handler)(void *owner, const char *text);

/* The handler is not called if there is none. */
CHECKED bool rstore_page(struct rstore *store, const char *path, page_handler handle, void *owner,
                         struct error *e);
/* Its page's id and path only. */
CHECKED bool rstore_path_of_chunk(struct rstore *store, int64_t chunk, page_handler handle,
                                  void *owner, struct error *e);
/* A chunk and its page. */
CHECKED bool rstore_hit(struct rstore *store, int64_t chunk, hit_handler handle, void *owner,
                        struct error *e);
/* In order; positions from `first` to `last`. */
struct positions {
    int64_t page;
    int64_t first;
    int64_t last;
};
CHECKED bool rstore_chunks(struct rstore *store, struct positions positions, chunk_handler handle,
                           void *owner, struct error *e);
/* How many chunks of a page match, by asking the index again: see rank_seen. */
struct page_match {
    const char *match; /* FTS5's query language */
    int64_t page;
    bool with_hidden; /* as in rank_scan */
};
CHECKED bool rstore_page_hits(struct rstore *store, const struct page_match *match, int64_t *hits,
                              struct error *e);
/* How many chunks a page has. */
CHECKED bool rstore_chunk_count(struct rstore *store, int64_t page, int64_t *count,
                                struct error *e);
CHECKED bool rstore_tags(struct rstore *store, int64_t page, text_handler handle, void *owner,
                         struct error *e);
/* The newest first, without front and warning. */
struct recent_range {
    int64_t since; /* updated_at >= */
    int64_t limit;
};
CHECKED bool rstore_recent(struct rstore *store, struct recent_range range, page_handler handle,
                           void *owner, struct error *e);

/* Pages that pass; NULL tag: any. The handler sees id and path only. */
struct page_filter {
    const char *tag;
    int64_t since; /* updated_at >= */
    int64_t until; /* updated_at < */
};
CHECKED bool rstore_filter(struct rstore *store, const struct page_filter *filter,
                           page_handler handle, void *owner, struct error *e);

#endif
