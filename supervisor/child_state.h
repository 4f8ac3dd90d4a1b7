/* The life of one worker as a table of states and events; pure, driven by child.c and by tests. */
#ifndef LATTICE_SUPERVISOR_CHILD_STATE_H
#define LATTICE_SUPERVISOR_CHILD_STATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/message.h"

enum child_state {
    CHILD_STARTING, /* not spawned yet */
    CHILD_RUNNING,
    CHILD_STOPPING, /* D - G: the worker has SIGTERM and `stop` on its lifeline */
    CHILD_GROUP,    /* D - G/2: its whole group has SIGTERM and SIGCONT */
    CHILD_KILLING,  /* D: its whole group has SIGKILL */
    CHILD_DRAINING, /* exited; its pipes are emptied and its store is read */
    CHILD_STUCK,    /* not dead 5 s after SIGKILL */
    CHILD_DONE,
    CHILD_STATE_COUNT
};

enum child_event {
    EVENT_SPAWNED,
    EVENT_NOT_SPAWNED,
    EVENT_PROGRESS,       /* real progress on the result pipe */
    EVENT_RESULT,         /* the final record on the result pipe */
    EVENT_SOFT_DEADLINE,  /* D - G */
    EVENT_GROUP_DEADLINE, /* D - G/2 */
    EVENT_HARD_DEADLINE,  /* D */
    EVENT_STALLED,        /* no progress for too long: a deadline now */
    EVENT_STOP,           /* the supervisor was told to stop */
    EVENT_HURRY,          /* it was told twice */
    EVENT_EXITED,
    EVENT_DRAINED, /* pipes are empty and the store was read */
    EVENT_STUCK,   /* 5 s after SIGKILL */
    CHILD_EVENT_COUNT
};

enum kill_stage { KILL_NONE, KILL_TERM, KILL_GROUP, KILL_KILL };
/* "", "term", "group", "kill". */
const char *kill_stage_name(enum kill_stage stage);
/* The same with what was found outside of the group: "kill, swept 2"; "swept 1" for a worker that
 * was not killed but left something. */
void kill_stage_write(enum kill_stage stage, size_t swept, char *out, size_t size);

struct child;

/* What the table makes happen. A test records the calls. */
struct child_effects {
    void (*watch)(struct child *child);       /* progress: the stall watchdog starts anew */
    void (*ask_to_stop)(struct child *child); /* SIGTERM to the worker, `stop` on its lifeline */
    void (*signal_group)(struct child *child, int signal);
    void (*alarm)(struct child *child, int64_t at_ms); /* the next deadline, instead of the last */
    void (*collect)(struct child *child); /* no more alarms; EVENT_DRAINED follows later */
    void (*finish)(struct child *child);  /* the slot is free; the last call */
};

/* All times on one monotonic clock, in ms. */
struct child_machine {
    enum child_state state;
    enum kill_stage kill_stage;
    enum stop_reason reason; /* a budget is a deadline here */
    int64_t soft_at_ms;
    int64_t group_at_ms;
    int64_t hard_at_ms;
    int64_t grace_ms;
    const struct child_effects *effects; /* borrowed */
    struct child *child;                 /* borrowed */
};

/* Sets the deadlines of a worker that is spawned at `now_ms`. */
void child_machine_init(struct child_machine *machine, int64_t now_ms, int64_t timeout_ms,
                        int64_t grace_ms);
/* An empty cell of the table means that the event says nothing new in this state. */
void child_machine_handle(struct child_machine *machine, enum child_event event, int64_t now_ms);
/* Which deadline an alarm stands for. CHILD_EVENT_COUNT: none. */
enum child_event child_machine_due(const struct child_machine *machine);

#endif
