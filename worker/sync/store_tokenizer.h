/* FTS5's `unicode61` for the writing connection: the same tokens, in a third of the time. */
#ifndef LATTICE_WORKER_SYNC_STORE_TOKENIZER_H
#define LATTICE_WORKER_SYNC_STORE_TOKENIZER_H

#include "common/store_db.h"

/* Takes the place of SQLite's own, under its name, for tables that this connection has not opened
 * yet. The index stays one that every SQLite reads, checks and writes. */
CHECKED bool store_tokenizer_register(sqlite3 *db, struct error *e);

#endif
