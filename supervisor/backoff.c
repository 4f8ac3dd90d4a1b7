/* Backoff after failures: exponential, bounded, with jitter. */
#include "supervisor/backoff.h"

#include "supervisor/limits.h"
#include "supervisor/schedule.h"

/* The longest wait of a source that is to run every so often, in seconds, rounded up. */
static int64_t longest_s(int64_t every_ms)
{
    int64_t every_s = (every_ms + 999) / 1000;
    return every_s < BACKOFF_MAX_S ? every_s : BACKOFF_MAX_S;
}

enum backoff_effect backoff_effect_of(const struct run_result *result)
{
    if (result->outcome == OUTCOME_SKIPPED || result->outcome == OUTCOME_LOCKED)
        return BACKOFF_KEEP;
    return schedule_verdict(result) == VERDICT_FAILED && !result->committed ? BACKOFF_COUNT
                                                                            : BACKOFF_RESET;
}

struct backoff backoff_after_failure(const struct backoff *before, int64_t every_ms, int64_t now_s,
                                     uint32_t random)
{
    int64_t longest = longest_s(every_ms);
    int64_t wait = BACKOFF_MIN_S;
    for (int64_t i = 0; i < before->failures && wait < longest; i++)
        wait *= 2;
    wait = wait < longest ? wait : longest;
    int64_t least = wait - wait / 4;
    if (least < BACKOFF_MIN_S)
        least = BACKOFF_MIN_S < wait ? BACKOFF_MIN_S : wait;
    wait = least + (int64_t)(random % (uint64_t)(wait - least + 1));
    return (struct backoff){.failures = before->failures + 1, .next_at = now_s + wait};
}

bool backoff_holds(const struct backoff *backoff, int64_t every_ms, int64_t now_s)
{
    return backoff->next_at > now_s && backoff->next_at - now_s <= longest_s(every_ms);
}

enum cause backoff_cause(const struct run_result *last)
{
    if (last->cause != CAUSE_NONE)
        return last->cause;
    switch (last->outcome) {
    case OUTCOME_KILLED:
    case OUTCOME_STUCK:
        return CAUSE_DEADLINE;
    case OUTCOME_LOCKED:
    case OUTCOME_LOST_LOCK:
        return CAUSE_LOCKED;
    case OUTCOME_OK:
    case OUTCOME_UNCHANGED:
    case OUTCOME_PARTIAL:
    case OUTCOME_FAILED:
    case OUTCOME_CRASHED:
    case OUTCOME_LOST:
    case OUTCOME_SKIPPED:
    case OUTCOME_COUNT:
        break;
    }
    return CAUSE_BUG;
}
