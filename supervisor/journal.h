/* What happens is written to the ledger in few transactions, off the loop's thread. */
#ifndef LATTICE_SUPERVISOR_JOURNAL_H
#define LATTICE_SUPERVISOR_JOURNAL_H

#include <jansson.h>
#include <uv.h>

#include "common/ledger.h"

struct journal;

/* Takes `ledger`; NULL (it could not be opened) makes all of this do nothing. */
struct journal *journal_new(uv_loop_t *loop, struct ledger *ledger, int64_t started_at);
void journal_attempt(struct journal *journal, const char *source, const struct attempt *attempt);
/* A run ended on this page. */
void journal_blame(struct journal *journal, const char *source, const struct page_name *page);
/* Somebody said `retry`; `path` NULL: for all of the source. */
void journal_retry(struct journal *journal, const char *source, const char *path);
/* The source was purged: nothing of it stays. */
void journal_purge(struct journal *journal, const char *source);
/* Takes `data`. `type` is one of EVENT_TYPE_*. */
void journal_event(struct journal *journal, const char *source, const char *type, json_t *data);
/* `name` is one of COUNTER_* (static); `label` is copied. */
void journal_count(struct journal *journal, const char *name, const char *label, int64_t by);
/* Called when something was written, or could not be and is lost (not `ok`); more may wait. */
void journal_on_written(struct journal *journal, void (*handle)(void *owner, bool ok), void *owner);
/* Something is not in the ledger yet. */
bool journal_is_busy(const struct journal *journal);
/* No more writes from the loop, so that it can end. */
void journal_stop(struct journal *journal);
/* When the loop has ended: writes the rest and how it all ended. */
void journal_finish(struct journal *journal, const struct invocation *invocation);
/* Closes the ledger, frees. */
void journal_close(struct journal *journal);

#endif
