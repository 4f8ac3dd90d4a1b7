/* The tables of a store: what the worker writes and every reader may rely on. */
#ifndef LATTICE_COMMON_STORE_SCHEMA_H
#define LATTICE_COMMON_STORE_SCHEMA_H

#include "common/message.h"
#include "common/store_db.h"

/* Append-only: entry n brings a store from format n to n + 1. */
extern const char *const store_migrations[];
extern const int store_format; /* how many entries: `PRAGMA user_version` of a current store */
/* The oldest format whose tables of state, lock and runs are what they are now: a store that waits
 * for its worker to bring it up to date is seen as it is. */
enum { STORE_FORMAT_VIEWED = 1 };
/* The oldest format with observations. */
enum { STORE_FORMAT_OBSERVED = 8 };

/* More than a store can have of anything, and few enough to add up those of all stores. */
#define STORE_COUNT_MAX (INT64_C(1) << 48)
/* From 0 to that? If not, a counter or a time was written by nobody: the store is damaged. */
static inline bool store_count_fits(int64_t count)
{
    return count >= 0 && count <= STORE_COUNT_MAX;
}
/* Says so. Returns false. */
bool store_counts_error(const char *path, struct error *e);

/* The run row in one order, for its writer (worker) and its reader (view): see run_row_bind and
 * run_row_read. */
#define RUN_COLUMNS                                                                                \
    "run_id, started_at, outcome, cause, message, pages, added, changed, deleted, renamed, "       \
    "remaining, errors, quarantined, skipped, duration_ms, cpu_ms, peak_rss_bytes, committed"
#define RUN_PARAMETERS                                                                             \
    "?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18"
void run_row_bind(sqlite3_stmt *s, const struct run_result *run);
/* CAUSE_STORE if the row names an outcome or cause that is not in the list. */
CHECKED bool run_row_read(sqlite3_stmt *s, struct run_result *run, struct error *e);

#endif
