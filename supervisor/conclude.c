/* From row, record, exit code and signals to one result. */
#include "supervisor/conclude.h"

#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "common/duration.h"
#include "supervisor/limits.h"

__attribute__((format(printf, 3, 4))) static void say(struct run_result *result,
                                                      enum outcome outcome, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    result->outcome = outcome;
    vsnprintf(result->message, sizeof result->message, format, args);
    va_end(args);
}

/* A worker that says it did well and then ends in another way did not do well. */
static bool believable(const struct evidence *evidence)
{
    const struct run_result *record = evidence->record;
    if (!record)
        return false;
    return outcome_verdict(record->outcome) != VERDICT_OK ||
           evidence->exit_code == outcome_exit(record->outcome, record->cause);
}

static const char *kept(const struct evidence *evidence)
{
    return evidence->committed ? "; what was committed is kept, run again to go on"
                               : "; nothing was committed";
}

static void say_killed(const struct evidence *evidence, struct run_result *result)
{
    char limit[DURATION_TEXT_SIZE];
    const char *how = evidence->kill_stage == KILL_TERM ? "ended by the request to stop"
                                                        : "did not stop when asked";
    /* The request came before the worker could listen for it: it did what was asked. */
    bool obeyed = evidence->kill_stage == KILL_TERM && evidence->signal == SIGTERM;
    switch (evidence->reason) {
    case STOP_NONE:
    case STOP_ASKED:
        say(result, obeyed ? OUTCOME_PARTIAL : OUTCOME_KILLED, "stopped with the supervisor; %s%s",
            how, kept(evidence));
        return;
    case STOP_DEADLINE:
        duration_format_exact(evidence->limits.timeout_ms, limit);
        say(result, OUTCOME_KILLED, "killed at its deadline of %s; %s%s", limit, how,
            kept(evidence));
        return;
    case STOP_BUDGET:
        duration_format_exact(evidence->limits.timeout_ms, limit);
        say(result, OUTCOME_KILLED, "killed at the end of the budget, of which %s were left; %s%s",
            limit, how, kept(evidence));
        return;
    case STOP_STALL:
        duration_format_exact(evidence->limits.stall_ms, limit);
        say(result, OUTCOME_KILLED, "killed after %s without progress; %s%s", limit, how,
            kept(evidence));
        return;
    }
}

static void by_signal(const struct evidence *evidence, struct run_result *result)
{
    if (evidence->kill_stage != KILL_NONE)
        say_killed(evidence, result);
    else
        say(result, OUTCOME_CRASHED, "ended by signal %d (%s)%s", evidence->signal,
            strsignal(evidence->signal), kept(evidence));
}

static bool cause_of_exit(int code, enum cause *cause)
{
    for (int i = CAUSE_NONE + 1; i < CAUSE_COUNT; i++)
        if (cause_exit((enum cause)i) == code) {
            *cause = (enum cause)i;
            return true;
        }
    return false;
}

static void by_exit_code(const struct evidence *evidence, struct run_result *result)
{
    int code = evidence->exit_code;
    enum cause cause;
    if (code == 0)
        say(result, OUTCOME_LOST, "exited 0 without saying what it did");
    else if (code == outcome_exit(OUTCOME_PARTIAL, CAUSE_NONE))
        say(result, OUTCOME_PARTIAL, "stopped early without saying how far it came");
    else if (code == outcome_exit(OUTCOME_LOCKED, CAUSE_NONE))
        say(result, OUTCOME_LOCKED, "another worker of this source is alive");
    else if (cause_of_exit(code, &cause)) {
        say(result, OUTCOME_FAILED, "exited %d: %s", code, cause_meaning(cause));
        result->cause = cause;
    } else
        say(result, OUTCOME_CRASHED, "exited with unknown code %d%s", code, kept(evidence));
}

static void note_garbage(const struct evidence *evidence, struct run_result *result)
{
    size_t used = strlen(result->message);
    if (evidence->garbage_lines)
        snprintf(result->message + used, sizeof result->message - used,
                 "%s%zu lines on its result pipe made no sense", used ? "; " : "",
                 evidence->garbage_lines);
}

static void say_stuck(const struct evidence *evidence, struct run_result *result)
{
    if (evidence->left > 0)
        say(result, OUTCOME_STUCK, "process %d is still there %d s after SIGKILL%s",
            (int)evidence->left, STUCK_AFTER_MS / 1000, kept(evidence));
    else
        say(result, OUTCOME_STUCK, "still there %d s after SIGKILL%s", STUCK_AFTER_MS / 1000,
            kept(evidence));
}

static void without_report(const struct evidence *evidence, struct run_result *result)
{
    result->cause = CAUSE_NONE;
    result->remaining = -1;
    result->pages = evidence->pages;
    result->committed = evidence->committed;
    if (evidence->spawn_error) {
        say(result, OUTCOME_FAILED, "%s", evidence->spawn_error);
        result->cause = CAUSE_CONFIG;
    } else if (evidence->stuck)
        say_stuck(evidence, result);
    else if (evidence->exit_code < 0)
        by_signal(evidence, result);
    else
        by_exit_code(evidence, result);
    note_garbage(evidence, result);
}

void conclude(const struct evidence *evidence, struct run_result *result)
{
    bool alive_or_never = evidence->stuck || evidence->spawn_error;
    if (!alive_or_never && evidence->row)
        *result = *evidence->row;
    else if (!alive_or_never && believable(evidence))
        *result = *evidence->record;
    else {
        memset(result, 0, sizeof *result);
        without_report(evidence, result);
    }
}
