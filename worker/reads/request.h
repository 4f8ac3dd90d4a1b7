/* One request of a reader: which sources it concerns, and their stores, each in one snapshot. */
#ifndef LATTICE_WORKER_READS_REQUEST_H
#define LATTICE_WORKER_READS_REQUEST_H

#include <jansson.h>

#include "common/config.h"
#include "worker/reads/ops.h"
#include "worker/reads/reader_memory.h"
#include "worker/reads/store_reading.h"

/* Sources `ids` (a list of texts; NULL: all) of kind `kind` (NULL: any), in the order of
 * sources.json. Starts the deadline. CAUSE_USAGE for an id that is not configured, CAUSE_CONFIG. */
struct request_scope {
    json_t *ids;      /* borrowed */
    const char *kind; /* borrowed */
};
CHECKED bool request_begin(struct reader *reader, struct request_scope scope, struct error *e);
/* Ends all snapshots: none outlives its request. */
void request_end(struct reader *reader);

size_t request_count(const struct reader *reader);
const struct source_config *request_source(const struct reader *reader, size_t at);
const struct home *request_home(const struct reader *reader);
/* NULL if it does not answer, or has failed before in this request. Borrowed until the next call:
 * with many stores the least recently used is closed. */
struct rstore *request_store(struct reader *reader, size_t at);
/* How much may be kept of stores that will be closed before the request ends; 0: none will be. */
size_t request_kept_bytes(const struct reader *reader);
/* What is remembered of it, if it has not changed since: it has answered then and need not be open.
 * NULL: nothing, or it was asked in this request. Good until the next call of request_remember or
 * request_fail for it. */
const struct store_memory *request_memory(struct reader *reader, size_t at);
/* Remembers the store that request_store gave. Its words, which are for the caller to add; NULL if
 * it changed too recently for that. */
struct lexicon *request_remember(struct reader *reader, size_t at,
                                 const struct rstore_totals *totals);
/* False if there is no room. */
bool request_add_words(struct reader *reader, struct lexicon *words, const struct word *word);
/* These are all. */
void request_end_words(struct reader *reader, struct lexicon *words);
/* Gives their room back; they are not asked for again until the store changes. */
void request_drop_words(struct reader *reader, struct lexicon *words);
/* Is this the reader's first request? It may be the only one. */
bool request_is_first(const struct reader *reader);
/* A query on this source failed: it does not answer. */
void request_fail(struct reader *reader, size_t at, const struct error *e);
/* Why request_store gave NULL, for operations on one source: OP_NOT_FOUND where nothing was synced
 * yet, OP_LATE, OP_FAILED with CAUSE_STORE. */
enum op_end request_no_answer(const struct reader *reader, size_t at, struct error *e);
/* Did the deadline come? Then some more time, once, to write down what was found until then. */
bool request_grace(struct reader *reader);
const struct request_clock *request_clock(const struct reader *reader);
/* For what is opened beside the stores. */
const struct clock_limit *request_limit(const struct reader *reader);

/* Adds `sources` and `partial`. */
void request_describe(struct reader *reader, json_t *answer);
/* The same, and ends the request: OP_LATE if the deadline came before all stores had answered. */
enum op_end request_finish(struct reader *reader, json_t *answer, struct error *e);

#endif
