/* The full-text index over chunks: what is put into it and taken out, and its segments. */
#ifndef LATTICE_WORKER_SYNC_STORE_INDEX_H
#define LATTICE_WORKER_SYNC_STORE_INDEX_H

#include <sqlite3.h>
#include <stddef.h>

#include "worker/sync/store_write.h"

/* All within a transaction. FTS5 gathers what it is given as long as row ids rise, and writes a
 * segment whenever one does not: a segment per changed page made a large change take 1.7 times as
 * long, and a search meanwhile five times. So once something changes that the index has, all waits
 * until store_index_settle: what was there is kept in memory, and then goes in the order of ids. */

/* Before the first of these in a run: settings for bulk writing (store_index.c says what was
 * measured). */
CHECKED bool store_bulk(struct store *store, struct error *e);

/* What the next row of `chunk` must have as its id; 0: leave it to SQLite. */
int64_t store_index_next(struct store *store);

/* A row of `chunk`, as the index sees it. Borrowed. */
struct index_row {
    int64_t id;
    const char *title;
    const char *heading;
    const char *text;
    size_t size; /* of the text, bytes */
};
/* A row that is new, or that has changed and was dropped before. */
CHECKED bool store_index_add(struct store *store, const struct index_row *row, struct error *e);
/* Before the row changes or goes: with another text, phantom hits would stay for ever. If it is
 * still there in the end, it is in the index again. */
CHECKED bool store_index_drop(struct store *store, int64_t chunk, struct error *e);
/* Each chunk of a page: dropped, then changed or deleted by `change`, whose ?1 is its id. NULL is a
 * statement that failed to be made. */
CHECKED bool store_index_change_page(struct store *store, int64_t page, sqlite3_stmt *change,
                                     struct error *e);

/* Brings the index up to date. Each commit does it. */
CHECKED bool store_index_settle(struct store *store, struct error *e);
/* What waited was rolled back. */
void store_index_forget(struct store *store);

/* Brings the index's segments together in bounded steps, all into one if much was taken out of
 * them; *more says if another step has work. One transaction each; cheap when there is nothing to
 * do. */
CHECKED bool store_merge_step(struct store *store, bool *more, struct error *e);
extern int store_levels_max; /* of the index, before it is built anew; for tests */

#endif
