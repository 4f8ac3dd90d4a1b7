/* The operations on sources as such: sources, runs, stats. */
#ifndef LATTICE_WORKER_READS_SOURCES_H
#define LATTICE_WORKER_READS_SOURCES_H

#include "worker/reads/ops.h"

enum { RUNS_OFFSET_MAX = 100000 };

/* `sources`: one source_status each (common/status.h), in the order of sources.json. */
enum op_end sources_run(struct reader *reader, json_t *args, json_t **answer, struct error *e);
/* `runs`: past runs, the newest first (common/status.h), also of sources that were removed. */
enum op_end runs_run(struct reader *reader, json_t *args, json_t **answer, struct error *e);
/* `stores`: source, pages, errors, chunks, words (of all chunks), store_bytes, version; `total`:
 * pages, chunks, words, store_bytes of those that answered. */
enum op_end stats_run(struct reader *reader, json_t *args, json_t **answer, struct error *e);

#endif
