/* Pages on which runs crashed, were killed or stalled; two of them put a page aside. Pure. */
#ifndef LATTICE_SUPERVISOR_QUARANTINE_H
#define LATTICE_SUPERVISOR_QUARANTINE_H

#include "common/ledger.h"

/* Was the run ended by the page that it named last? */
bool quarantine_blames(const struct run_result *result);
/* One run more ended on it. */
void quarantine_blame(struct blamed_pages *pages, const char *path, const char *blob);
/* Forgets `path`, or all if it is NULL. */
void quarantine_forget(struct blamed_pages *pages, const char *path);
/* The pages for a job, within QUARANTINE_BYTES_MAX: a list to free whose names are borrowed from
 * `pages`. */
struct page_name *quarantine_list(const struct blamed_pages *pages, size_t *count);

#endif
