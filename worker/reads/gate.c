/* The gate of all that writes. */
#include "worker/reads/gate.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "common/clock.h"
#include "worker/reads/limits.h"

const char *gate_reason_name(enum gate_reason reason)
{
    static const char *const names[] = {
        [GATE_OPEN] = "",
        [GATE_STARTING] = "starting",
        [GATE_NO_SOURCE] = "no-source",
        [GATE_LOCKED] = "locked",
        [GATE_FULL] = "disk-full",
        [GATE_READ_ONLY] = "read-only",
        [GATE_NO_RIGHTS] = "no-rights",
        [GATE_FAILED] = "failed",
    };
    return names[reason];
}

enum gate_reason gate_reason_of(int code)
{
    switch (code) {
    case ENOSPC:
    case EDQUOT:
        return GATE_FULL;
    case EROFS:
        return GATE_READ_ONLY;
    case EACCES:
    case EPERM:
        return GATE_NO_RIGHTS;
    }
    return GATE_FAILED;
}

void gate_init(struct gate *gate)
{
    *gate = (struct gate){.asked_ms = INT64_MIN};
    uv_mutex_init(&gate->lock);
    gate_set(gate, GATE_STARTING, "The service is being started; ask again in a second.");
}

void gate_release(struct gate *gate)
{
    uv_mutex_destroy(&gate->lock);
}

bool gate_set(struct gate *gate, enum gate_reason reason, const char *text)
{
    uv_mutex_lock(&gate->lock);
    bool other = gate->state.reason != reason || strcmp(gate->state.text, text) != 0;
    gate->state.reason = reason;
    snprintf(gate->state.text, sizeof gate->state.text, "%s", text);
    uv_mutex_unlock(&gate->lock);
    return other;
}

struct gate_state gate_now(struct gate *gate)
{
    uv_mutex_lock(&gate->lock);
    struct gate_state state = gate->state;
    uv_mutex_unlock(&gate->lock);
    return state;
}

struct gate_state gate_why(struct gate *gate)
{
    const struct gate_state over = {GATE_FAILED,
                                    "It could not be written, and now it can: ask again."};
    struct gate_state state = gate_now(gate);
    return state.reason == GATE_OPEN ? over : state;
}

bool gate_admits(struct gate *gate, struct gate_state *state)
{
    *state = gate_now(gate);
    if (state->reason == GATE_OPEN)
        return true;
    int64_t now_ms = clock_monotonic_ms();
    if (gate->look && (gate->asked_ms == INT64_MIN || now_ms - gate->asked_ms >= GATE_LOOK_MS)) {
        gate->asked_ms = now_ms;
        gate->look(gate->owner);
    }
    return false;
}
