/* What a run tells its supervisor while it goes on: progress lines, then the result. */
#ifndef LATTICE_WORKER_SYNC_REPORT_H
#define LATTICE_WORKER_SYNC_REPORT_H

#include "common/message.h"

/* `fd` < 0: nobody listens (a worker started by hand). */
void report_init(int fd);
/* Sends a progress line, but at most four a second unless the phase changed. True if it is time to
 * write the lock row's progress too (once a second). Never blocks. */
bool report_progress(const char *phase, int64_t done, int64_t total);
/* The same before there is a lock row to write. */
void report_step(const char *phase, int64_t done, int64_t total);
/* Names the page about to be parsed, so that a run which hangs or crashes on it can be told from
 * the others: at once if it is large, else only when a signal comes. */
void report_item(const char *path, const char *blob, int64_t size_bytes);
void report_no_item(void);
/* Does a supervisor listen? */
bool report_wanted(void);
/* Where the source's news would be seen. */
void report_watch(const struct watch_list *list);
/* Before the result of a run that found nothing to do. */
void report_store(const struct store_notice *notice);
void report_result(const struct run_result *result);

#endif
