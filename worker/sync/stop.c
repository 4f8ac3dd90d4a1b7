/* When to stop: a self-pipe for signals, the lifeline, the soft deadline. */
#include "worker/sync/stop.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/duration.h"
#include "common/message.h"
#include "worker/sync/guard.h"

/* Most descriptors that one wait of a worker looks at, besides the two of this file. */
enum { POLL_MAX = 6 };
/* Of what is said on the lifeline. */
enum { LINE_MAX_BYTES = 64 };

static struct {
    volatile sig_atomic_t requested;
    int wake_read;
    int wake_write;
    int lifeline;
    int64_t soft_deadline_ms;
    enum stop_reason deadline_reason;
    enum stop_reason told_reason;
    int64_t grace_ms; /* 0: not known */
    char line[LINE_MAX_BYTES];
    size_t line_size;
} state = {.wake_read = -1, .wake_write = -1, .lifeline = -1};

static void on_stop(int signal)
{
    (void)signal;
    int kept = errno;
    state.requested = 1;
    guard_name_item();
    ssize_t ignored = write(state.wake_write, "", 1); /* full pipe: it wakes already */
    (void)ignored;
    errno = kept;
}

void stop_init(void)
{
    int pipe_fds[2];
    if (pipe2(pipe_fds, O_CLOEXEC | O_NONBLOCK) == 0) {
        state.wake_read = pipe_fds[0];
        state.wake_write = pipe_fds[1];
    }
    struct sigaction action = {.sa_handler = on_stop, .sa_flags = SA_RESTART};
    sigemptyset(&action.sa_mask);
    sigaction(SIGTERM, &action, NULL);
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGHUP, &action, NULL);
}

void stop_set_deadline(int64_t soft_deadline_ms, enum stop_reason reason)
{
    state.soft_deadline_ms = soft_deadline_ms;
    state.deadline_reason = reason;
}

void stop_set_grace(int64_t grace_ms)
{
    state.grace_ms = grace_ms;
}

int64_t stop_wait_ms(int64_t most_ms)
{
    int64_t quarter = state.grace_ms / 4;
    return quarter > 0 && quarter < most_ms ? quarter : most_ms;
}

int64_t stop_left_ms(void)
{
    return state.soft_deadline_ms > 0 ? state.soft_deadline_ms - clock_monotonic_ms() : INT64_MAX;
}

void stop_watch_lifeline(int fd)
{
    fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
    state.lifeline = fd;
}

bool stop_requested(void)
{
    return state.requested ||
           (state.soft_deadline_ms > 0 && clock_monotonic_ms() >= state.soft_deadline_ms);
}

/* `stop` is the only thing ever said here after the job. The first of several is why. */
static void hear_line(void)
{
    if (state.told_reason == STOP_NONE)
        state.told_reason = message_read_stop(state.line, state.line_size);
    state.requested = 1;
    state.line_size = 0;
}

void stop_hear(const char *text, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        state.line[state.line_size++] = text[i];
        if (text[i] == '\n' || state.line_size == sizeof state.line)
            hear_line();
    }
}

static void read_lifeline(void)
{
    char text[LINE_MAX_BYTES];
    ssize_t n = read(state.lifeline, text, sizeof text);
    if (n > 0) {
        stop_hear(text, (size_t)n);
        return;
    }
    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    close(state.lifeline);
    state.lifeline = -1;
    guard_end_group();
}

enum stop_reason stop_why(void)
{
    /* The signal may have been seen before the line that came with it. */
    if (state.requested && state.told_reason == STOP_NONE && state.lifeline >= 0)
        read_lifeline();
    if (state.told_reason != STOP_NONE)
        return state.told_reason;
    return state.requested ? STOP_ASKED : state.deadline_reason;
}

void stop_describe(enum stop_reason reason, int64_t stall_ms, char out[STOP_WORDS_SIZE])
{
    char stall[DURATION_TEXT_SIZE];
    const char *words = "on request";
    duration_format_exact(stall_ms, stall);
    switch (reason) {
    case STOP_DEADLINE:
        words = "at its deadline";
        break;
    case STOP_BUDGET:
        words = "at the end of the budget";
        break;
    case STOP_STALL:
        snprintf(out, STOP_WORDS_SIZE, "after %s without progress", stall);
        return;
    case STOP_NONE:
    case STOP_ASKED:
        break;
    }
    snprintf(out, STOP_WORDS_SIZE, "%s", words);
}

const char *stop_remedy(enum stop_reason reason)
{
    switch (reason) {
    case STOP_DEADLINE:
        return "give it more time: --timeout, or `timeout` in sources.json";
    case STOP_BUDGET:
        return "give the run more time: --budget";
    case STOP_STALL:
        return "if it is only slow, give it more patience: --stall, or `stall` in sources.json";
    case STOP_NONE:
    case STOP_ASKED:
        break;
    }
    return "run again";
}

static void drain_wake(void)
{
    char text[64];
    while (read(state.wake_read, text, sizeof text) > 0)
        ;
}

static int until_deadline(int timeout_ms)
{
    if (state.soft_deadline_ms <= 0)
        return timeout_ms;
    int64_t left = state.soft_deadline_ms - clock_monotonic_ms();
    if (left < 0)
        left = 0;
    if (left > 3600 * 1000)
        left = 3600 * 1000; /* poll's limit is an int; a spurious wake-up an hour is harmless */
    return timeout_ms < 0 || left < timeout_ms ? (int)left : timeout_ms;
}

bool stop_poll(struct pollfd *fds, nfds_t count, int timeout_ms)
{
    struct pollfd all[POLL_MAX + 2];
    if (count > POLL_MAX)
        count = POLL_MAX;
    if (count)
        memcpy(all, fds, count * sizeof *fds);
    all[count] = (struct pollfd){.fd = state.wake_read, .events = POLLIN};
    all[count + 1] = (struct pollfd){.fd = state.lifeline, .events = POLLIN};
    int n = poll(all, count + 2, until_deadline(timeout_ms));
    for (nfds_t i = 0; i < count; i++)
        fds[i].revents = n > 0 ? all[i].revents : 0;
    if (n > 0 && all[count].revents)
        drain_wake();
    if (n > 0 && all[count + 1].revents)
        read_lifeline();
    return !stop_requested();
}
