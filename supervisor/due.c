/* The times of the service. */
#include "supervisor/due.h"

static int64_t interval(const struct due *due)
{
    return due->every_ms - (int64_t)(due->random % (uint64_t)(due->every_ms / 10 + 1));
}

static int64_t later(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

int64_t due_after(const struct due *due)
{
    if (due->again)
        return due->now_ms;
    if (due->wait_s > 0)
        return due->now_ms + due->wait_s * 1000;
    return later(due->started_ms + interval(due), due->now_ms);
}

int64_t due_at_start(const struct due *due, int64_t since_s)
{
    int64_t wait_ms = since_s < 0 ? 0 : later(interval(due) - since_s * 1000, 0);
    return due->now_ms + later(wait_ms, due->wait_s * 1000);
}
