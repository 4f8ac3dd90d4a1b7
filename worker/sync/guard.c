/* What keeps a worker from outliving its welcome, and its children from outliving it. */
#include "worker/sync/guard.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/close_range.h>
#include <signal.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/cgroup.h"
#include "common/log.h"
#include "common/marker.h"
#include "common/message.h"
#include "common/proc.h"
#include "common/text.h"

/* A worker that loses its supervisor has this long for what left its group; then it ends itself. */
enum { LAST_MS = 700 };

/* Sent by the kernel when the supervisor's thread is gone. */
#define PARENT_DEATH_SIGNAL SIGUSR2

static const int crash_signals[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT};

static struct {
    const char *volatile line;
    volatile int result_fd;
} item = {.result_fd = -1};

void guard_set_item(const char *line, int result_fd)
{
    item.result_fd = result_fd;
    item.line = line;
}

void guard_name_item(void)
{
    const char *line = item.line;
    if (!line || item.result_fd < 0)
        return;
    item.line = NULL;
    ssize_t ignored = write(item.result_fd, line, strlen(line));
    (void)ignored;
}

/* What reaches further than the process group. */
static struct {
    int cgroup; /* what we start is born in it; -1: no control group of our own */
    int cgroup_kill;
    char *cgroup_folder;
    bool subreaper;
} reach = {.cgroup = -1, .cgroup_kill = -1};

void guard_end_group(void)
{
    size_t ignored;
    bool killed = reach.cgroup_kill >= 0 && write(reach.cgroup_kill, "1", 1) == 1;
    if (!killed && reach.subreaper)
        process_end_children(LAST_MS, &ignored);
    if (getpgrp() == getpid())
        kill(0, SIGKILL);
    kill(getpid(), SIGKILL);
    _exit(cause_exit(CAUSE_BUG));
}

bool guard_sees_children(void)
{
    return reach.subreaper;
}

size_t guard_end_children(int64_t wait_ms)
{
    size_t ended = 0;
    if (reach.subreaper)
        process_end_children(wait_ms, &ended);
    return ended;
}

bool guard_has_left_none(void)
{
    return reach.cgroup_folder && cgroup_wait_empty(reach.cgroup_folder, 0);
}

static void on_end(int signal)
{
    (void)signal;
    guard_name_item();
    guard_end_group();
}

static void on_crash(int signal)
{
    guard_name_item();
    raise(signal); /* SA_RESETHAND: the default action now */
}

/* A sanitizer brings its own crash handlers, which say more. */
static bool taken(int signal)
{
    struct sigaction old;
    return sigaction(signal, NULL, &old) == 0 && old.sa_handler != SIG_DFL;
}

static void repair_descriptors(void)
{
    for (int fd = 0; fd <= LIFELINE_FD; fd++)
        while (fcntl(fd, F_GETFD) < 0 && errno == EBADF)
            if (open("/dev/null", O_RDWR) < 0)
                _exit(cause_exit(CAUSE_CONFIG));
    if (syscall(SYS_close_range, 3U, ~0U, (unsigned)CLOSE_RANGE_CLOEXEC) == 0)
        return;
    for (int fd = 3; fd < 1024; fd++) /* a kernel before 5.11 */
        fcntl(fd, F_SETFD, FD_CLOEXEC);
}

void guard_init(void)
{
    repair_descriptors();
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    signal(SIGPIPE, SIG_IGN);
    signal(SIGXFSZ, SIG_IGN); /* a file at its limit (ulimit -f) is an error to report: EFBIG */
    signal(SIGCHLD, SIG_DFL); /* inherited SIG_IGN would make waitpid fail */
    umask(077);
    setrlimit(RLIMIT_CORE, &(struct rlimit){0, 0});
    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    struct sigaction crash = {.sa_handler = on_crash, .sa_flags = (int)SA_RESETHAND};
    sigemptyset(&crash.sa_mask);
    for (size_t i = 0; i < sizeof crash_signals / sizeof *crash_signals; i++)
        if (!taken(crash_signals[i]))
            sigaction(crash_signals[i], &crash, NULL);
    struct sigaction end = {.sa_handler = on_end};
    sigfillset(&end.sa_mask);
    sigaction(PARENT_DEATH_SIGNAL, &end, NULL);
    sigaction(SIGALRM, &end, NULL);
}

static void become_subreaper(void)
{
    const char *forced = getenv(CONTAINMENT_VARIABLE);
    /* Children that are there now are not ours: who was exec'd by a shell may have some. */
    bool childless = waitpid(-1, NULL, WNOHANG) < 0 && errno == ECHILD;
    bool wanted = !forced || strcmp(forced, CONTAINMENT_MARKER_NAME) != 0;
    reach.subreaper =
        childless && wanted && getpid() != 1 && prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) == 0;
}

static void make_cgroup(void)
{
    const char *folder = getenv(CGROUP_VARIABLE);
    struct error e = {0};
    if (!folder)
        return;
    if (cgroup_make(folder, &reach.cgroup, &e)) {
        reach.cgroup_kill = cgroup_open_kill(folder);
        reach.cgroup_folder = xstrdup(folder);
    } else
        log_line(LOG_WARN, NULL, "start", "%s", e.text);
    unsetenv(CGROUP_VARIABLE);
}

void guard_supervised(pid_t parent)
{
    become_subreaper();
    prctl(PR_SET_PDEATHSIG, PARENT_DEATH_SIGNAL, 0, 0, 0);
    if (getppid() != parent) /* it died before the signal was armed */
        guard_end_group();
    make_cgroup();
}

void guard_by_hand(void)
{
    unsetenv(CGROUP_VARIABLE);
    become_subreaper();
}

void guard_alarm(int64_t after_ms)
{
    struct itimerval timer = {
        .it_value = {.tv_sec = (time_t)(after_ms / 1000),
                     .tv_usec = (suseconds_t)(after_ms % 1000 * 1000)},
    };
    setitimer(ITIMER_REAL, &timer, NULL);
}

/* False if something lives in it: then it is not to be left. */
static bool leave_cgroup(int reason)
{
    int ends[] = {reach.cgroup, reach.cgroup_kill};
    if (rmdir(reach.cgroup_folder) != 0 && errno != ENOENT)
        return false;
    log_line(LOG_WARN, NULL, "start", "no process can be started in %s (%s): going on without it",
             reach.cgroup_folder, strerror(reason));
    reach.cgroup = -1;
    reach.cgroup_kill = -1;
    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++)
        if (ends[i] >= 0)
            close(ends[i]);
    free(reach.cgroup_folder);
    reach.cgroup_folder = NULL;
    return true;
}

pid_t guard_fork(void)
{
    if (reach.cgroup < 0)
        return fork();
    pid_t pid = cgroup_fork(reach.cgroup);
    int reason = errno;
    if (pid >= 0 || reason == EAGAIN || reason == ENOMEM) /* fork(2) would fail the same */
        return pid;
    if (leave_cgroup(reason))
        return fork();
    errno = reason;
    return -1;
}

bool guard_child(pid_t parent)
{
    static const int reset[] = {
        SIGTERM, SIGINT, SIGHUP, SIGPIPE, SIGCHLD, SIGALRM, PARENT_DEATH_SIGNAL};
    prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
    if (getppid() != parent)
        return false;
    for (size_t i = 0; i < sizeof reset / sizeof *reset; i++)
        signal(reset[i], SIG_DFL);
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    return true;
}
