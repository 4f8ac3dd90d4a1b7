/* The state and event table of a running worker: the whole stopping policy on one screen. */
#include "supervisor/child_state.h"

#include <signal.h>
#include <stddef.h>
#include <stdio.h>

#include "supervisor/limits.h"

typedef void (*child_action)(struct child_machine *m, int64_t now_ms);

static void at_latest(int64_t *at_ms, int64_t limit_ms)
{
    if (*at_ms > limit_ms)
        *at_ms = limit_ms;
}

static void begin(struct child_machine *m, int64_t now_ms)
{
    (void)now_ms;
    m->state = CHILD_RUNNING;
    m->effects->watch(m->child);
    m->effects->alarm(m->child, m->soft_at_ms);
}

static void progressed(struct child_machine *m, int64_t now_ms)
{
    (void)now_ms;
    m->effects->watch(m->child);
}

static void stop(struct child_machine *m, enum stop_reason reason)
{
    m->state = CHILD_STOPPING;
    m->kill_stage = KILL_TERM;
    m->reason = reason;
    m->effects->ask_to_stop(m->child);
    m->effects->alarm(m->child, m->group_at_ms);
}

static void stop_at_deadline(struct child_machine *m, int64_t now_ms)
{
    (void)now_ms;
    stop(m, STOP_DEADLINE);
}

/* The same steps as at a deadline, from now on, but never later than the real one. */
static void stop_early(struct child_machine *m, enum stop_reason reason, int64_t now_ms)
{
    at_latest(&m->group_at_ms, now_ms + m->grace_ms / 2);
    at_latest(&m->hard_at_ms, now_ms + m->grace_ms);
    stop(m, reason);
}

static void stop_stalled(struct child_machine *m, int64_t now_ms)
{
    stop_early(m, STOP_STALL, now_ms);
}

static void stop_as_asked(struct child_machine *m, int64_t now_ms)
{
    stop_early(m, STOP_ASKED, now_ms);
}

/* SIGCONT, since a stopped process acts on SIGTERM only when it goes on. */
static void stop_group(struct child_machine *m, int64_t now_ms)
{
    (void)now_ms;
    m->state = CHILD_GROUP;
    m->kill_stage = KILL_GROUP;
    m->effects->signal_group(m->child, SIGTERM);
    m->effects->signal_group(m->child, SIGCONT);
    m->effects->alarm(m->child, m->hard_at_ms);
}

static void hurry(struct child_machine *m, int64_t now_ms)
{
    if (m->state == CHILD_RUNNING)
        stop_as_asked(m, now_ms);
    at_latest(&m->hard_at_ms, now_ms + HURRY_MS);
    stop_group(m, now_ms);
}

static void kill_group(struct child_machine *m, int64_t now_ms)
{
    m->state = CHILD_KILLING;
    m->kill_stage = KILL_KILL;
    m->effects->signal_group(m->child, SIGKILL);
    m->effects->alarm(m->child, now_ms + STUCK_AFTER_MS);
}

static void collect(struct child_machine *m, int64_t now_ms)
{
    (void)now_ms;
    m->state = CHILD_DRAINING;
    m->effects->collect(m->child);
}

static void give_up(struct child_machine *m, int64_t now_ms)
{
    (void)now_ms;
    m->state = CHILD_STUCK;
    m->effects->collect(m->child);
}

static void finish(struct child_machine *m, int64_t now_ms)
{
    (void)now_ms;
    if (m->state == CHILD_DRAINING)
        m->state = CHILD_DONE;
    m->effects->finish(m->child);
}

static const child_action table[CHILD_STATE_COUNT][CHILD_EVENT_COUNT] = {
    [CHILD_STARTING] = {[EVENT_SPAWNED] = begin, [EVENT_NOT_SPAWNED] = collect},
    [CHILD_RUNNING] = {[EVENT_PROGRESS] = progressed,
                       [EVENT_SOFT_DEADLINE] = stop_at_deadline,
                       [EVENT_STALLED] = stop_stalled,
                       [EVENT_STOP] = stop_as_asked,
                       [EVENT_HURRY] = hurry,
                       [EVENT_EXITED] = collect},
    [CHILD_STOPPING] =
        {[EVENT_GROUP_DEADLINE] = stop_group, [EVENT_HURRY] = hurry, [EVENT_EXITED] = collect},
    [CHILD_GROUP] =
        {[EVENT_HARD_DEADLINE] = kill_group, [EVENT_HURRY] = kill_group, [EVENT_EXITED] = collect},
    [CHILD_KILLING] = {[EVENT_EXITED] = collect, [EVENT_STUCK] = give_up},
    [CHILD_DRAINING] = {[EVENT_DRAINED] = finish},
    [CHILD_STUCK] = {[EVENT_DRAINED] = finish},
    [CHILD_DONE] = {NULL},
};

void child_machine_init(struct child_machine *machine, int64_t now_ms, int64_t timeout_ms,
                        int64_t grace_ms)
{
    machine->state = CHILD_STARTING;
    machine->hard_at_ms = now_ms + timeout_ms;
    machine->group_at_ms = machine->hard_at_ms - grace_ms / 2;
    machine->soft_at_ms = machine->hard_at_ms - grace_ms;
    machine->grace_ms = grace_ms;
}

void child_machine_handle(struct child_machine *machine, enum child_event event, int64_t now_ms)
{
    child_action action = table[machine->state][event];
    if (action)
        action(machine, now_ms);
}

enum child_event child_machine_due(const struct child_machine *machine)
{
    static const enum child_event due[CHILD_STATE_COUNT] = {
        [CHILD_STARTING] = CHILD_EVENT_COUNT,    [CHILD_RUNNING] = EVENT_SOFT_DEADLINE,
        [CHILD_STOPPING] = EVENT_GROUP_DEADLINE, [CHILD_GROUP] = EVENT_HARD_DEADLINE,
        [CHILD_KILLING] = EVENT_STUCK,           [CHILD_DRAINING] = CHILD_EVENT_COUNT,
        [CHILD_STUCK] = CHILD_EVENT_COUNT,       [CHILD_DONE] = CHILD_EVENT_COUNT,
    };
    return due[machine->state];
}

const char *kill_stage_name(enum kill_stage stage)
{
    static const char *const names[] = {
        [KILL_NONE] = "", [KILL_TERM] = "term", [KILL_GROUP] = "group", [KILL_KILL] = "kill"};
    return names[stage];
}

void kill_stage_write(enum kill_stage stage, size_t swept, char *out, size_t size)
{
    const char *name = kill_stage_name(stage);
    if (swept > 0)
        snprintf(out, size, "%s%sswept %zu", name, *name ? ", " : "", swept);
    else
        snprintf(out, size, "%s", name);
}
