/* Order, limits, budget and retries of one invocation. */
#include "supervisor/schedule.h"

#include "common/duration.h"
#include "supervisor/limits.h"

static int compare_times(int64_t a, int64_t b)
{
    return (a > b) - (a < b);
}

int schedule_compare(const struct schedule_entry *a, const struct schedule_entry *b)
{
    bool a_never = a->last_success_at == 0;
    bool b_never = b->last_success_at == 0;
    if (a_never != b_never)
        return a_never ? -1 : 1;
    int order = a_never ? compare_times(a->last_attempt_at, b->last_attempt_at)
                        : compare_times(a->last_success_at, b->last_success_at);
    if (order == 0 && a->partial != b->partial)
        order = a->partial ? -1 : 1;
    if (order == 0)
        order = compare_times(a->last_attempt_at, b->last_attempt_at);
    return order ? order : compare_times((int64_t)a->position, (int64_t)b->position);
}

/* A grace that nobody named for this timeout. */
static int64_t fitting_grace(int64_t grace_ms, int64_t timeout_ms)
{
    return grace_ms > timeout_ms / 2 ? default_grace_ms(timeout_ms) : grace_ms;
}

static bool grace_refused(int64_t grace_ms, int64_t timeout_ms, const char *id, struct error *e)
{
    char grace[DURATION_TEXT_SIZE];
    char timeout[DURATION_TEXT_SIZE];
    duration_format_exact(grace_ms, grace);
    duration_format_exact(timeout_ms, timeout);
    return error_set(e, CAUSE_USAGE, "--grace %s is over half of the timeout of %s (%s)", grace, id,
                     timeout);
}

bool schedule_limits(const struct run_limits *flags, const struct source_config *source,
                     struct run_limits *limits, struct error *e)
{
    limits->timeout_ms = flags->timeout_ms ? flags->timeout_ms : source->timeout_ms;
    limits->stall_ms = flags->stall_ms ? flags->stall_ms : source->stall_ms;
    limits->grace_ms = flags->grace_ms ? flags->grace_ms : source->grace_ms;
    if (flags->grace_ms) {
        if (limits->grace_ms > limits->timeout_ms / 2)
            return grace_refused(limits->grace_ms, limits->timeout_ms, source->id, e);
        return true;
    }
    if (source->grace_ms == default_grace_ms(source->timeout_ms))
        limits->grace_ms = default_grace_ms(limits->timeout_ms);
    limits->grace_ms = fitting_grace(limits->grace_ms, limits->timeout_ms);
    return true;
}

bool schedule_fit_budget(struct run_limits *limits, int64_t left_ms)
{
    int64_t least_ms = limits->timeout_ms < BUDGET_START_MS ? limits->timeout_ms : BUDGET_START_MS;
    if (left_ms < least_ms)
        return false;
    if (left_ms < limits->timeout_ms) {
        limits->timeout_ms = left_ms;
        limits->by_budget = true;
        limits->grace_ms = fitting_grace(limits->grace_ms, left_ms);
    }
    return true;
}

bool schedule_again(const struct run_result *result, bool tried_once_more)
{
    switch (outcome_again(result->outcome)) {
    case AGAIN_NO:
        return false;
    case AGAIN_YES:
        return true;
    case AGAIN_ONCE:
        return !tried_once_more;
    case AGAIN_BY_CAUSE:
        return cause_again(result->cause);
    case AGAIN_IF_COMMIT:
        return result->committed;
    }
    return false;
}

enum verdict schedule_verdict(const struct run_result *result)
{
    enum verdict verdict = outcome_verdict(result->outcome);
    if (verdict == VERDICT_BY_COMMIT)
        return result->committed ? VERDICT_PARTIAL : VERDICT_FAILED;
    if (verdict == VERDICT_BY_REASON)
        return result->cause == CAUSE_NONE ? VERDICT_PARTIAL : VERDICT_FAILED;
    return verdict;
}
