/* TERM, grace, KILL for a process and its group. */
#include "supervisor/end_process.h"

#include <dirent.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "common/cleanup.h"
#include "common/clock.h"
#include "supervisor/limits.h"

const char *end_stage_name(enum end_stage stage)
{
    switch (stage) {
    case END_GONE:
        return "gone before";
    case END_TERM:
        return "SIGTERM";
    case END_KILL:
        return "SIGKILL";
    case END_STUCK:
        return "stuck";
    case END_DENIED:
        return "denied";
    }
    return "";
}

static int open_pid(pid_t pid)
{
    return (int)syscall(SYS_pidfd_open, pid, 0);
}

static bool send(int pidfd, int signal)
{
    return syscall(SYS_pidfd_send_signal, pidfd, signal, NULL, 0) == 0;
}

/* A pidfd becomes readable when its process has ended, reaped or not. */
static bool wait_end(int pidfd, int64_t until_ms)
{
    struct pollfd end = {.fd = pidfd, .events = POLLIN};
    for (;;) {
        int64_t left = until_ms - clock_monotonic_ms();
        int n = poll(&end, 1, left > 0 ? (int)left : 0);
        if (n > 0)
            return true;
        if (n == 0 || errno != EINTR)
            return false;
    }
}

/* The group of a leader that is gone, told from a later one of that number by its session. */
struct group {
    pid_t id;
    pid_t session;
    uint64_t since; /* members started no earlier than their leader */
};

static bool is_member(pid_t pid, const struct group *group)
{
    struct process_stat stat;
    return process_stat_read(pid, &stat) && stat.group == group->id &&
           stat.session == group->session && stat.start >= group->since && stat.state != 'Z' &&
           stat.state != 'X';
}

/* Kills one member and waits for its end; false if there is none (or it will not go). */
static bool end_member(const struct group *group, int64_t until_ms)
{
    DIR *proc = opendir("/proc");
    bool ended = false;
    if (!proc)
        return false;
    for (struct dirent *entry; !ended && (entry = readdir(proc));) {
        char *rest;
        long pid = strtol(entry->d_name, &rest, 10);
        if (pid <= 1 || *rest || pid == getpid() || !is_member((pid_t)pid, group))
            continue;
        CLEANUP(close_fd) int fd = open_pid((pid_t)pid);
        ended =
            fd >= 0 && is_member((pid_t)pid, group) && send(fd, SIGKILL) && wait_end(fd, until_ms);
    }
    closedir(proc);
    return ended;
}

static void end_group(const struct group *group)
{
    int64_t until_ms = clock_monotonic_ms() + STUCK_AFTER_MS;
    while (end_member(group, until_ms) && clock_monotonic_ms() < until_ms)
        continue;
}

enum end_stage end_process(const struct process_identity *id, int64_t grace_ms)
{
    CLEANUP(close_fd) int fd = open_pid(id->pid);
    struct process_stat stat;
    if (fd < 0 || !process_stat_read(id->pid, &stat) || process_liveness(id) != PROCESS_ALIVE)
        return END_GONE;
    bool leads = stat.group == id->pid;
    struct group group = {.id = stat.group, .session = stat.session, .since = stat.start};
    enum end_stage stage = END_TERM;
    if (!send(fd, SIGTERM))
        return errno == ESRCH ? END_GONE : END_DENIED;
    send(fd, SIGCONT); /* a stopped process sees SIGTERM only then */
    if (!wait_end(fd, clock_monotonic_ms() + grace_ms)) {
        stage = END_KILL;
        if (leads && send(fd, 0)) /* still there: the number is its own */
            kill(-id->pid, SIGKILL);
        send(fd, SIGKILL);
        if (!wait_end(fd, clock_monotonic_ms() + STUCK_AFTER_MS))
            return END_STUCK;
    }
    if (leads)
        end_group(&group);
    return stage;
}
