/* The ledger as history: attempts of the past, counters that survive restarts, purging. */
#ifndef LATTICE_COMMON_LEDGER_HISTORY_H
#define LATTICE_COMMON_LEDGER_HISTORY_H

#include "common/ledger.h"

/* The newest first. Both arguments of the handler are borrowed for the call. */
struct ledger_query {
    const char *source; /* borrowed; NULL: all */
    int64_t limit;      /* at most */
    int64_t offset;     /* leaves out so many at the beginning */
};
typedef void (*ledger_attempt_handler)(void *owner, const char *source,
                                       const struct attempt *attempt);
CHECKED bool ledger_read_attempts(struct ledger *ledger, struct ledger_query query,
                                  ledger_attempt_handler handle, void *owner, struct error *e);

/* Counters only rise. Each attempt counts itself: COUNTER_RUN by outcome, COUNTER_KILL by stage. */
#define COUNTER_RUN          "run"          /* label: outcome */
#define COUNTER_KILL         "kill"         /* label: term, group, kill */
#define COUNTER_LOCK_CLEARED "lock_cleared" /* label: dead, fenced, foreign, broken, forced */
#define COUNTER_ORPHAN       "orphan"       /* no label: processes ended that outlived their run */
#define COUNTER_OVERLAP      "overlap"      /* no label: supervisors that were turned away */
/* Within a transaction. */
CHECKED bool ledger_count(struct ledger *ledger, const char *name, const char *label, int64_t by,
                          struct error *e);
typedef void (*ledger_counter_handler)(void *owner, const char *name, const char *label,
                                       int64_t count);
/* By name, then label. */
CHECKED bool ledger_read_counters(struct ledger *ledger, ledger_counter_handler handle, void *owner,
                                  struct error *e);

/* Forgets a source: attempts, state, events, blamed pages. *rows: how many there were. Counters
 * stay. Within a transaction; ledger_purge makes its own. */
CHECKED bool ledger_forget(struct ledger *ledger, const char *source, int64_t *rows,
                           struct error *e);
CHECKED bool ledger_purge(struct ledger *ledger, const char *source, int64_t *rows,
                          struct error *e);

#endif
