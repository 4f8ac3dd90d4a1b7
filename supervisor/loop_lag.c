/* Time of each turn of the loop, less what it slept in the kernel. */
#include "supervisor/loop_lag.h"

static void turned(uv_prepare_t *handle)
{
    struct loop_lag *lag = handle->data;
    uint64_t now_ns = uv_hrtime();
    uint64_t idle_ns = uv_metrics_idle_time(handle->loop);
    uint64_t turn_ns = now_ns - lag->at_ns;
    uint64_t slept_ns = idle_ns - lag->idle_ns;
    if (lag->at_ns && turn_ns > slept_ns && turn_ns - slept_ns > lag->most_ns)
        lag->most_ns = turn_ns - slept_ns;
    lag->at_ns = now_ns;
    lag->idle_ns = idle_ns;
}

void loop_lag_open(struct loop_lag *lag, uv_loop_t *loop)
{
    *lag = (struct loop_lag){0};
    uv_loop_configure(loop, UV_METRICS_IDLE_TIME);
    uv_prepare_init(loop, &lag->prepare);
    lag->prepare.data = lag;
    uv_prepare_start(&lag->prepare, turned);
    uv_unref((uv_handle_t *)&lag->prepare);
}

void loop_lag_close(struct loop_lag *lag)
{
    uv_close((uv_handle_t *)&lag->prepare, NULL);
}

int64_t loop_lag_take_ms(struct loop_lag *lag)
{
    int64_t most_ms = (int64_t)(lag->most_ns / 1000000);
    lag->most_ns = 0;
    return most_ms;
}
