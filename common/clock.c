/* Time from the kernel, or from a test. */
#include "common/clock.h"

#include <stdbool.h>
#include <time.h>

static struct {
    bool fake;
    int64_t monotonic_ms;
    int64_t unix_ms;
} clock_state;

static int64_t read_ns(clockid_t id)
{
    struct timespec t;
    clock_gettime(id, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

int64_t clock_monotonic_ms(void)
{
    return clock_state.fake ? clock_state.monotonic_ms : read_ns(CLOCK_MONOTONIC) / 1000000;
}

int64_t clock_unix_ns(void)
{
    return clock_state.fake ? clock_state.unix_ms * 1000000 : read_ns(CLOCK_REALTIME);
}

int64_t clock_unix_ms(void)
{
    return clock_unix_ns() / 1000000;
}

int64_t clock_unix_s(void)
{
    return clock_unix_ms() / 1000;
}

void clock_fake(int64_t monotonic_ms, int64_t unix_ms)
{
    clock_state.fake = true;
    clock_state.monotonic_ms = monotonic_ms;
    clock_state.unix_ms = unix_ms;
}

void clock_real(void)
{
    clock_state.fake = false;
}
