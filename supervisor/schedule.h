/* Which source runs when, for how long, and whether it is worth another try: pure functions. */
#ifndef LATTICE_SUPERVISOR_SCHEDULE_H
#define LATTICE_SUPERVISOR_SCHEDULE_H

#include <stddef.h>
#include <stdint.h>

#include "common/config.h"
#include "common/message.h"

/* What the order depends on. Times are Unix seconds, 0 for never. */
struct schedule_entry {
    int64_t last_success_at;
    int64_t last_attempt_at;
    bool partial;    /* the last attempt ended partial */
    size_t position; /* in sources.json: the last tie-break */
};

/* Never synced first (by oldest attempt), then oldest success; among equals partial before failed.
 * So a source that never finishes does not stay in front for ever. */
int schedule_compare(const struct schedule_entry *a, const struct schedule_entry *b);

/* Limits of one worker. */
struct run_limits {
    int64_t timeout_ms;
    int64_t grace_ms;
    int64_t stall_ms;
    bool by_budget; /* the timeout is what was left of a budget */
};

/* Flag wins over source. `flags` holds 0 where none was given. A grace that was not given as a flag
 * follows a timeout that was: it is never over half of it. Refuses (CAUSE_USAGE) a --grace over
 * half the timeout. */
CHECKED bool schedule_limits(const struct run_limits *flags, const struct source_config *source,
                             struct run_limits *limits, struct error *e);

/* Clips `limits` to what is left of the budget. False if a worker is not worth starting: less than
 * 10 s, or than its whole timeout if that is shorter, is left. */
bool schedule_fit_budget(struct run_limits *limits, int64_t left_ms);

/* Does a later wave of this invocation take the source again? `tried_once_more` is for outcomes
 * that get one more try per invocation. */
bool schedule_again(const struct run_result *result, bool tried_once_more);

/* How a result counts: only OK, PARTIAL or FAILED come out. */
enum verdict schedule_verdict(const struct run_result *result);

#endif
