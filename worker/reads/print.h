/* Answers as text for people; everything that comes from sources is escaped. */
#ifndef LATTICE_WORKER_READS_PRINT_H
#define LATTICE_WORKER_READS_PRINT_H

#include "worker/reads/shell.h"

bool print_page(struct buf *out, json_t *answer, const struct print_style *style);
bool print_context(struct buf *out, json_t *answer, const struct print_style *style);
bool print_links(struct buf *out, json_t *answer, const struct print_style *style);
bool print_recent(struct buf *out, json_t *answer, const struct print_style *style);
bool print_sources(struct buf *out, json_t *answer, const struct print_style *style);
bool print_runs(struct buf *out, json_t *answer, const struct print_style *style);
bool print_stats(struct buf *out, json_t *answer, const struct print_style *style);
bool print_view(struct buf *out, json_t *answer, const struct print_style *style);
bool print_session_list(struct buf *out, json_t *answer, const struct print_style *style);
bool print_session(struct buf *out, json_t *answer, const struct print_style *style);
bool print_queue(struct buf *out, json_t *answer, const struct print_style *style);
bool print_search(struct buf *out, json_t *answer, const struct print_style *style);

#endif
