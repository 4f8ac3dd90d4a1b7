/* The one list of outcomes and causes: names, exit codes, verdicts and documents come from it. */
#ifndef LATTICE_COMMON_OUTCOME_H
#define LATTICE_COMMON_OUTCOME_H

#include <stdbool.h>

/* What an outcome counts as in the table's last line and in the supervisor's exit code. */
enum verdict {
    VERDICT_OK,
    VERDICT_PARTIAL,
    VERDICT_FAILED,
    VERDICT_BY_COMMIT, /* partial if the run committed anything, else failed */
    VERDICT_BY_REASON, /* skipped: partial when the budget was spent, failed in backoff */
};

/* Whether a later wave of the same invocation takes the source again. */
enum again {
    AGAIN_NO,
    AGAIN_YES,
    AGAIN_ONCE,      /* one more try per invocation */
    AGAIN_BY_CAUSE,  /* the cause's own column decides */
    AGAIN_IF_COMMIT, /* yes if the run committed anything */
};

/* Tables are read by column. */
/* clang-format off */
/*    id                 name         exit  verdict            again           meaning */
#define OUTCOMES(X)                                                                                \
    X(OUTCOME_OK,        "ok",        0,  VERDICT_OK,        AGAIN_NO,                             \
      "synced; the store equals its source")                                                      \
    X(OUTCOME_UNCHANGED, "unchanged", 0,  VERDICT_OK,        AGAIN_NO,                             \
      "nothing to do; the store equals its source")                                               \
    X(OUTCOME_PARTIAL,   "partial",   3,  VERDICT_PARTIAL,   AGAIN_YES,                            \
      "stopped in time; what was done is kept and the next run goes on there")                    \
    X(OUTCOME_FAILED,    "failed",    -1, VERDICT_FAILED,    AGAIN_BY_CAUSE,                       \
      "failed with a cause, which gives the exit code")                                           \
    X(OUTCOME_LOCKED,    "locked",    75, VERDICT_FAILED,    AGAIN_NO,                             \
      "another worker of this source is alive")                                                   \
    X(OUTCOME_LOST_LOCK, "lost-lock", 75, VERDICT_FAILED,    AGAIN_NO,                             \
      "the lock row was taken away; nothing was written after that")                              \
    X(OUTCOME_KILLED,    "killed",    -1, VERDICT_BY_COMMIT, AGAIN_IF_COMMIT,                      \
      "ended by the supervisor at its deadline or for standing still")                            \
    X(OUTCOME_CRASHED,   "crashed",   -1, VERDICT_FAILED,    AGAIN_ONCE,                           \
      "ended by a signal or with an unknown exit code")                                           \
    X(OUTCOME_LOST,      "lost",      -1, VERDICT_FAILED,    AGAIN_ONCE,                           \
      "exited 0 without saying what it did")                                                      \
    X(OUTCOME_STUCK,     "stuck",     -1, VERDICT_FAILED,    AGAIN_NO,                             \
      "did not end within 5 s of SIGKILL")                                                        \
    X(OUTCOME_SKIPPED,   "skipped",   -1, VERDICT_BY_REASON, AGAIN_NO,                             \
      "not started: the budget was spent, or it is in backoff")

/*    id                 name           exit  again  meaning */
#define CAUSES(X)                                                                                  \
    X(CAUSE_NONE,        "",            0,    false, "")                                           \
    X(CAUSE_USAGE,       "usage",       64,   false, "the command line is wrong")                  \
    X(CAUSE_BAD_DATA,    "bad-data",    65,   false, "the source's content cannot be used")        \
    X(CAUSE_SHRINK,      "shrink",      65,   false, "too many pages would be deleted")            \
    X(CAUSE_UNREACHABLE, "unreachable", 69,   true,  "the source could not be reached")            \
    X(CAUSE_DEADLINE,    "deadline",    69,   false, "the deadline came before any progress")      \
    X(CAUSE_BUG,         "bug",         70,   false, "a broken invariant inside Lattice")          \
    X(CAUSE_STORE,       "store",       74,   true,  "the store could not be read or written")     \
    X(CAUSE_LOCKED,      "locked",      75,   false, "somebody else holds the lock")               \
    X(CAUSE_AUTH,        "auth",        77,   false, "the source refused the credentials")         \
    X(CAUSE_CONFIG,      "config",      78,   false, "sources.json or the environment is wrong")

/* clang-format on */

enum outcome {
#define X(id, name, code, verdict, again, meaning) id,
    OUTCOMES(X)
#undef X
        OUTCOME_COUNT
};

enum cause {
#define X(id, name, code, again, meaning) id,
    CAUSES(X)
#undef X
        CAUSE_COUNT
};

/* Exit codes of lattice-supervise that are not a cause's own. */
enum { EXIT_ALL_OK = 0, EXIT_SOME_FAILED = 1, EXIT_SOME_PARTIAL = 3, EXIT_SIGNAL_BASE = 128 };

const char *outcome_name(enum outcome o);
const char *outcome_meaning(enum outcome o);
enum verdict outcome_verdict(enum outcome o);
enum again outcome_again(enum outcome o);
/* The worker's exit code; `cause` matters for OUTCOME_FAILED only. -1 where no worker says it. */
int outcome_exit(enum outcome o, enum cause cause);
/* False, with *o untouched, for a name that is not in the list. */
bool outcome_parse(const char *name, enum outcome *o);

const char *cause_name(enum cause c);
const char *cause_meaning(enum cause c);
int cause_exit(enum cause c);
bool cause_again(enum cause c);
bool cause_parse(const char *name, enum cause *c);

#endif
