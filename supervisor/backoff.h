/* How long a source that fails is left alone; pure. Kept in the ledger over invocations. */
#ifndef LATTICE_SUPERVISOR_BACKOFF_H
#define LATTICE_SUPERVISOR_BACKOFF_H

#include <stdbool.h>
#include <stdint.h>

#include "common/message.h"

struct backoff {
    int64_t failures; /* invocations in a row that brought nothing */
    int64_t next_at;  /* Unix seconds; 0: any time */
};

/* What a run means for the source's backoff. */
enum backoff_effect {
    BACKOFF_RESET, /* it brought something */
    BACKOFF_COUNT, /* it failed */
    BACKOFF_KEEP,  /* it says nothing of the source: another worker is at it, or it never ran */
};
enum backoff_effect backoff_effect_of(const struct run_result *result);

/* One failure more: 1 minute, then twice as long each time, up to the smaller of `every` and
 * 1 hour; up to a quarter of it is taken off by `random`, but never below the minute. */
struct backoff backoff_after_failure(const struct backoff *before, int64_t every_ms, int64_t now_s,
                                     uint32_t random);
/* Must the source still be left alone? A wait longer than the longest one comes from a clock that
 * jumped, and is none. */
bool backoff_holds(const struct backoff *backoff, int64_t every_ms, int64_t now_s);
/* Why it failed, for one that is skipped: every failure has a cause then. */
enum cause backoff_cause(const struct run_result *last);

#endif
