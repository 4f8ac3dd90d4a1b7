/* Inside the ledger: what its files share. */
#ifndef LATTICE_COMMON_LEDGER_INTERNAL_H
#define LATTICE_COMMON_LEDGER_INTERNAL_H

#include "common/ledger.h"
#include "common/store_db.h"

/* Borrowed. */
sqlite3 *ledger_db(struct ledger *ledger);
/* The columns of an attempt, behind those of its result: from LEDGER_ATTEMPT_FIRST on. */
#define LEDGER_ATTEMPT_COLUMNS "wave, ended_at, exit_code, signal, kill_stage"
enum { LEDGER_ATTEMPT_FIRST = 18 };
CHECKED bool ledger_attempt_row(sqlite3_stmt *s, struct attempt *attempt, struct error *e);

#endif
