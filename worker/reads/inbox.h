/* What is pushed to this service: one thread writes it to the spool, a group at a time. */
#ifndef LATTICE_WORKER_READS_INBOX_H
#define LATTICE_WORKER_READS_INBOX_H

#include <uv.h>

#include "common/home.h"
#include "common/observation.h"
#include "worker/reads/http.h"
#include "worker/reads/work.h"

struct inbox;

enum push_end {
    PUSH_QUEUED, /* it is in the spool, and on the disk */
    PUSH_WRONG,  /* `error` names the field */
    PUSH_CLOSED, /* it could not be written: the gate says why */
};

/* Embedded in what asks; good until `done`. */
struct push {
    enum observation_op op;
    const char *session; /* borrowed; NULL: the message says which, if any */
    const char *body;    /* borrowed; JSON */
    size_t size;
    void (*done)(struct push *push); /* on the loop, once, never from within inbox_push */
    /* The answer. */
    enum push_end end;
    struct error error;
    char id[OBSERVATION_ID_BYTES + 1];
    int64_t queue_length; /* what this service wrote and the store does not have yet */
    struct push *next;
};

/* What its sender gets to know: status, id, queue_length; the caller owns it. Of PUSH_QUEUED. */
json_t *push_answer(const struct push *push);

struct inbox_options {
    const struct home *home; /* borrowed, as the others */
    const char *source;
    struct gate *gate;
    struct work_pool *work; /* for looks into the store */
    struct http *http;      /* whose requests they are: those of a group are answered in one go */
};

/* Never fails for a reason that may go away: then the gate says so. CAUSE_STORE: there is no thread
 * or descriptor to be had. */
CHECKED bool inbox_open(uv_loop_t *loop, const struct inbox_options *options, struct inbox **inbox,
                        struct error *e);
/* All that was pushed is answered by `done` in the loop's next turns. */
void inbox_push(struct inbox *inbox, struct push *push);
/* Looks whether the gate can be opened. A gate's `look`. */
void inbox_look(void *inbox);
/* When nothing is under way any more; then the loop must run once more for its handles. Sets it to
 * NULL. */
void inbox_close(struct inbox **inbox);
/* By what became of them, and in how many groups; they only rise. The loop's, as the next. */
struct inbox_counters {
    uint64_t ends[PUSH_CLOSED + 1]; /* by enum push_end */
    uint64_t groups;
};
const struct inbox_counters *inbox_counters(const struct inbox *inbox);
/* Under way. */
size_t inbox_count(const struct inbox *inbox);

#endif
