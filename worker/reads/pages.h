/* The operations on one page and on lists of pages: page, context, recent. */
#ifndef LATTICE_WORKER_READS_PAGES_H
#define LATTICE_WORKER_READS_PAGES_H

#include "worker/reads/ops.h"
#include "worker/reads/request.h"
#include "worker/reads/store_pages.h"

enum { CONTEXT_CHUNKS_MAX = 50, RECENT_OFFSET_MAX = 10000 };

/* The page: source, path, title, kind, front, warning, tags, size_bytes, created_at, updated_at,
 * chunks: [{chunk, heading, text}], with `superseded` where it is an observation that search leaves
 * out; the texts one after the other are the page. */
enum op_end page_run(struct reader *reader, json_t *args, json_t **answer, struct error *e);
/* The same with the chunks around one, `around`, and `chunk_count`, those of the page. */
enum op_end context_run(struct reader *reader, json_t *args, json_t **answer, struct error *e);
/* `pages`: source, path, title, kind, created_at, updated_at, change (added, changed); the newest
 * first. */
enum op_end recent_run(struct reader *reader, json_t *args, json_t **answer, struct error *e);

/* What operations on one source share. Begins the request; its store, or NULL and how to end. */
struct rstore *request_one(struct reader *reader, json_t *args, enum op_end *end, struct error *e);
/* A query on that source failed. */
enum op_end request_one_failed(struct reader *reader, const struct error *cause, struct error *e);
enum op_end page_not_found(json_t *args, struct error *e);

#endif
