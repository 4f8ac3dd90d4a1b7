/* Breaking a source's lock: the holder is ended first, then the row is cleared. */
#ifndef LATTICE_SUPERVISOR_BREAK_LOCK_H
#define LATTICE_SUPERVISOR_BREAK_LOCK_H

#include <jansson.h>

#include "common/config.h"
#include "common/home.h"

struct break_options {
    bool force;         /* any holder */
    int64_t max_age_ms; /* holders that were not refreshed for this long; 0: dead ones only */
    int64_t grace_ms;   /* from SIGTERM to SIGKILL; 0: BREAK_GRACE_MS */
};

enum break_answer {
    BREAK_BROKEN,
    BREAK_REFUSED,
    BREAK_ABSENT,
    BREAK_FORCED,
    BREAK_RACE, /* race_already_cleared */
    BREAK_ANSWERS,
};

struct break_verdict {
    char id[SOURCE_ID_MAX + 1];
    enum break_answer answer;
    char reason[ERROR_TEXT_SIZE];
    /* The holder that it is about; pid 0 if there was none. */
    pid_t pid;
    char host[65];
    int64_t age_s; /* since its last refresh; -1: not known */
};

/* One source, configured or not. Logs what it did and why. Waits up to grace + some seconds, so
 * never on a loop's thread; several at a time, for different sources, are fine. */
void break_lock_one(const struct home *home, const char *id, const struct break_options *options,
                    struct break_verdict *verdict);

/* "broken", "refused", "absent", "forced", "race_already_cleared" */
const char *break_answer_name(enum break_answer answer);
bool break_answer_parse(const char *name, enum break_answer *answer);
/* {"id", "verdict", "reason", "pid", "host", "age_s"}; the caller owns it. */
json_t *break_verdict_json(const struct break_verdict *verdict);

#endif
