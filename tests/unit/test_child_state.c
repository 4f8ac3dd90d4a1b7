/* Every cell of the state and event table of a worker, and the order of what it does. */
#include "supervisor/child_state.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "common/text.h"
#include "supervisor/limits.h"
#include "tests/unit/harness.h"

enum { START = 1000, TIMEOUT = 600, GRACE = 100 };
enum { SOFT_AT = 1500, GROUP_AT = 1550, HARD_AT = 1600 };

/* The recording child: effects are written as words. */
struct child {
    struct buf log;
};

static void log_watch(struct child *child)
{
    buf_add_text(&child->log, "watch ");
}

static void log_ask(struct child *child)
{
    buf_add_text(&child->log, "ask ");
}

static void log_signal(struct child *child, int signal)
{
    const char *name = signal == SIGTERM ? "TERM" : signal == SIGCONT ? "CONT" : "KILL";
    buf_printf(&child->log, "%s ", name);
}

static void log_alarm(struct child *child, int64_t at_ms)
{
    buf_printf(&child->log, "@%lld ", (long long)at_ms);
}

static void log_collect(struct child *child)
{
    buf_add_text(&child->log, "collect ");
}

static void log_finish(struct child *child)
{
    buf_add_text(&child->log, "finish ");
}

static const struct child_effects effects = {.watch = log_watch,
                                             .ask_to_stop = log_ask,
                                             .signal_group = log_signal,
                                             .alarm = log_alarm,
                                             .collect = log_collect,
                                             .finish = log_finish};

static struct child_machine machine_in(enum child_state state, struct child *child)
{
    struct child_machine machine = {.effects = &effects, .child = child};
    child_machine_init(&machine, START, TIMEOUT, GRACE);
    machine.state = state;
    return machine;
}

/* What is not in this list does nothing. The time is 1200. */
static const struct cell {
    enum child_state state;
    enum child_event event;
    enum child_state next;
    const char *effects;
} cells[] = {
    {CHILD_STARTING, EVENT_SPAWNED, CHILD_RUNNING, "watch @1500 "},
    {CHILD_STARTING, EVENT_NOT_SPAWNED, CHILD_DRAINING, "collect "},
    {CHILD_RUNNING, EVENT_PROGRESS, CHILD_RUNNING, "watch "},
    {CHILD_RUNNING, EVENT_SOFT_DEADLINE, CHILD_STOPPING, "ask @1550 "},
    {CHILD_RUNNING, EVENT_STALLED, CHILD_STOPPING, "ask @1250 "},
    {CHILD_RUNNING, EVENT_STOP, CHILD_STOPPING, "ask @1250 "},
    {CHILD_RUNNING, EVENT_HURRY, CHILD_GROUP, "ask @1250 TERM CONT @1300 "},
    {CHILD_RUNNING, EVENT_EXITED, CHILD_DRAINING, "collect "},
    {CHILD_STOPPING, EVENT_GROUP_DEADLINE, CHILD_GROUP, "TERM CONT @1600 "},
    {CHILD_STOPPING, EVENT_HURRY, CHILD_GROUP, "TERM CONT @1600 "},
    {CHILD_STOPPING, EVENT_EXITED, CHILD_DRAINING, "collect "},
    {CHILD_GROUP, EVENT_HARD_DEADLINE, CHILD_KILLING, "KILL @6200 "},
    {CHILD_GROUP, EVENT_HURRY, CHILD_KILLING, "KILL @6200 "},
    {CHILD_GROUP, EVENT_EXITED, CHILD_DRAINING, "collect "},
    {CHILD_KILLING, EVENT_EXITED, CHILD_DRAINING, "collect "},
    {CHILD_KILLING, EVENT_STUCK, CHILD_STUCK, "collect "},
    {CHILD_DRAINING, EVENT_DRAINED, CHILD_DONE, "finish "},
    {CHILD_STUCK, EVENT_DRAINED, CHILD_STUCK, "finish "},
};

static struct cell expected(enum child_state state, enum child_event event)
{
    for (size_t i = 0; i < sizeof cells / sizeof *cells; i++)
        if (cells[i].state == state && cells[i].event == event)
            return cells[i];
    return (struct cell){state, event, state, ""};
}

TEST(every_cell_does_what_it_should_and_no_more)
{
    for (int s = 0; s < CHILD_STATE_COUNT; s++) {
        for (int v = 0; v < CHILD_EVENT_COUNT; v++) {
            struct child child = {0};
            struct child_machine machine = machine_in((enum child_state)s, &child);
            struct cell want = expected((enum child_state)s, (enum child_event)v);
            child_machine_handle(&machine, (enum child_event)v, 1200);
            if (machine.state != want.next ||
                strcmp(child.log.data ? child.log.data : "", want.effects) != 0)
                FAIL("state %d, event %d: got state %d \"%s\", expected %d \"%s\"", s, v,
                     machine.state, child.log.data ? child.log.data : "", want.next, want.effects);
            buf_release(&child.log);
        }
    }
}

/* Alarms as the loop gives them: each at its time, by what is due. */
static void let_alarms_run(struct child_machine *machine, const int64_t *times, size_t count)
{
    for (size_t i = 0; i < count; i++)
        child_machine_handle(machine, child_machine_due(machine), times[i]);
}

TEST(ignored_deadlines_climb_from_worker_to_group_to_kill_to_stuck)
{
    struct child child = {0};
    struct child_machine machine = machine_in(CHILD_STARTING, &child);
    child_machine_handle(&machine, EVENT_SPAWNED, START);
    let_alarms_run(&machine, (const int64_t[]){SOFT_AT, GROUP_AT, HARD_AT, 6600}, 4);
    CHECK_STR(child.log.data, "watch @1500 ask @1550 TERM CONT @1600 KILL @6600 collect ");
    CHECK_INT(machine.state, CHILD_STUCK);
    CHECK_INT(machine.kill_stage, KILL_KILL);
    CHECK_INT(machine.reason, STOP_DEADLINE);
    buf_release(&child.log);
}

TEST(a_late_loop_goes_through_every_stage)
{
    struct child child = {0};
    struct child_machine machine = machine_in(CHILD_RUNNING, &child);
    let_alarms_run(&machine, (const int64_t[]){9000, 9000, 9000}, 3);
    CHECK_STR(child.log.data, "ask @1550 TERM CONT @1600 KILL @14000 ");
    buf_release(&child.log);
}

TEST(stopping_early_never_moves_a_deadline_back)
{
    struct child child = {0};
    struct child_machine machine = machine_in(CHILD_RUNNING, &child);
    child_machine_handle(&machine, EVENT_STOP, 1490);
    CHECK_STR(child.log.data, "ask @1540 ");
    CHECK_INT(machine.hard_at_ms, 1590);
    buf_reset(&child.log);
    machine = machine_in(CHILD_RUNNING, &child);
    child_machine_handle(&machine, EVENT_STALLED, 1580);
    CHECK_STR(child.log.data, "ask @1550 ");
    CHECK_INT(machine.hard_at_ms, HARD_AT);
    buf_release(&child.log);
}

TEST(a_second_ctrl_c_gives_the_group_one_second)
{
    struct child child = {0};
    struct child_machine machine = {.effects = &effects, .child = &child};
    child_machine_init(&machine, 0, 600000, 30000);
    child_machine_handle(&machine, EVENT_SPAWNED, 0);
    child_machine_handle(&machine, EVENT_STOP, 1000);
    buf_reset(&child.log);
    child_machine_handle(&machine, EVENT_HURRY, 2000);
    CHECK_STR(child.log.data, "TERM CONT @3000 ");
    CHECK_INT(machine.reason, STOP_ASKED);
    buf_release(&child.log);
}

TEST(the_first_reason_is_kept)
{
    struct child child = {0};
    struct child_machine machine = machine_in(CHILD_RUNNING, &child);
    child_machine_handle(&machine, EVENT_STALLED, 1200);
    child_machine_handle(&machine, EVENT_STOP, 1201);
    child_machine_handle(&machine, EVENT_HURRY, 1202);
    CHECK_INT(machine.reason, STOP_STALL);
    CHECK_INT(machine.kill_stage, KILL_GROUP);
    buf_release(&child.log);
}

TEST(kill_stages_have_names)
{
    CHECK_STR(kill_stage_name(KILL_NONE), "");
    CHECK_STR(kill_stage_name(KILL_TERM), "term");
    CHECK_STR(kill_stage_name(KILL_GROUP), "group");
    CHECK_STR(kill_stage_name(KILL_KILL), "kill");
}

TEST(what_was_swept_is_part_of_the_stage)
{
    char text[24];
    kill_stage_write(KILL_KILL, 2, text, sizeof text);
    CHECK_STR(text, "kill, swept 2");
    kill_stage_write(KILL_NONE, 1, text, sizeof text);
    CHECK_STR(text, "swept 1");
    kill_stage_write(KILL_TERM, 0, text, sizeof text);
    CHECK_STR(text, "term");
}
