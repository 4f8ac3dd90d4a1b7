/* The gate: closed until somebody has looked, looked at again for those who knock. */
#include "worker/reads/gate.h"

#include <errno.h>

#include "common/clock.h"
#include "tests/unit/harness.h"

static void count_look(void *owner)
{
    ++*(int *)owner;
}

TEST(it_is_closed_until_somebody_has_looked)
{
    struct gate gate;
    struct gate_state state;
    int looks = 0;
    gate_init(&gate);
    gate.look = count_look;
    gate.owner = &looks;
    CHECK(!gate_admits(&gate, &state));
    CHECK_STR(gate_reason_name(state.reason), "starting");
    CHECK(state.text[0]);
    CHECK(gate_set(&gate, GATE_OPEN, ""));
    CHECK(gate_admits(&gate, &state));
    CHECK_STR(gate_reason_name(state.reason), "");
    gate_release(&gate);
}

TEST(who_knocks_has_it_looked_at_once_a_second)
{
    struct gate gate;
    struct gate_state state;
    int looks = 0;
    clock_fake(5000, 0);
    gate_init(&gate);
    gate.look = count_look;
    gate.owner = &looks;
    gate_set(&gate, GATE_LOCKED, "somebody has it");
    for (int i = 0; i < 10; i++)
        CHECK(!gate_admits(&gate, &state));
    CHECK_INT(looks, 1);
    clock_fake(5999, 0);
    CHECK(!gate_admits(&gate, &state));
    CHECK_INT(looks, 1);
    clock_fake(6000, 0);
    CHECK(!gate_admits(&gate, &state));
    CHECK_INT(looks, 2);
    gate_set(&gate, GATE_OPEN, "");
    clock_fake(9000, 0);
    CHECK(gate_admits(&gate, &state));
    CHECK_INT(looks, 2);
    clock_real();
    gate_release(&gate);
}

TEST(it_says_whether_anything_changed)
{
    struct gate gate;
    gate_init(&gate);
    CHECK(gate_set(&gate, GATE_FULL, "no space"));
    CHECK(!gate_set(&gate, GATE_FULL, "no space"));
    CHECK(gate_set(&gate, GATE_FULL, "no space, again"));
    CHECK(gate_set(&gate, GATE_LOCKED, "no space, again"));
    CHECK_STR(gate_now(&gate).text, "no space, again");
    gate_release(&gate);
}

/* It may be opened between a refusal and its answer. */
TEST(who_was_refused_is_told_why_or_to_ask_again)
{
    struct gate gate;
    gate_init(&gate);
    gate_set(&gate, GATE_FULL, "no space");
    CHECK_STR(gate_why(&gate).text, "no space");
    CHECK_STR(gate_reason_name(gate_why(&gate).reason), "disk-full");
    gate_set(&gate, GATE_OPEN, "");
    CHECK_STR(gate_why(&gate).text, "It could not be written, and now it can: ask again.");
    CHECK_STR(gate_reason_name(gate_why(&gate).reason), "failed");
    CHECK(gate_now(&gate).reason == GATE_OPEN);
    gate_release(&gate);
}

TEST(every_reason_has_a_name)
{
    static const int codes[] = {ENOSPC, EDQUOT, EROFS, EACCES, EPERM, EIO};
    static const char *const names[] = {"disk-full", "disk-full", "read-only",
                                        "no-rights", "no-rights", "failed"};
    for (size_t i = 0; i < sizeof codes / sizeof *codes; i++)
        CHECK_STR(gate_reason_name(gate_reason_of(codes[i])), names[i]);
    for (int reason = GATE_OPEN; reason <= GATE_FAILED; reason++)
        CHECK(gate_reason_name((enum gate_reason)reason) != NULL);
}
