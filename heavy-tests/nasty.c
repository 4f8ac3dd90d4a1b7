/* Stands in for a git that does not want to die: nasty KIND LOCK COUNT [hold]. */

/* With `hold` the first process keeps the worker stopped, so that it cannot end anything itself.
 * Every process of it holds a shared flock(2) on LOCK, so one who gets that file exclusively knows
 * that none is alive; and adds a byte to COUNT once it has done its worst. */
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

/* Ends what a test that failed left behind. */
enum { LIFE_S = 60 };

static const char *self;
static const char *lock_path;
static const char *count_path;

static void ignore_all(void)
{
    sigset_t all;
    sigfillset(&all);
    sigprocmask(SIG_BLOCK, &all, NULL);
    for (int s = 1; s < NSIG; s++)
        signal(s, SIG_IGN);
}

/* The number of the process that does it, for whoever wants to look. */
static void count_me(void)
{
    int fd = open(count_path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0 || write(fd, ".", 1) != 1)
        _exit(1);
    close(fd);
}

/* With everything ignored and blocked. poll(2) and not alarm(2), which is blocked too. */
static void stay(void)
{
    poll(NULL, 0, LIFE_S * 1000);
    _exit(0);
}

/* The parent returns, the child goes on in a session of its own with init as its parent, or whoever
 * takes orphans. */
static bool leave(void)
{
    pid_t pid = fork();
    if (pid != 0)
        return false;
    setsid();
    if (fork() != 0)
        _exit(0);
    return true;
}

static void be_deaf(void)
{
    count_me();
}

static void be_in_a_session(void)
{
    if (fork() != 0)
        return;
    setsid();
    count_me();
    stay();
}

static void be_a_daemon(void)
{
    if (!leave())
        return;
    count_me();
    stay();
}

static void stop_itself(void)
{
    if (fork() != 0)
        return;
    setsid();
    count_me();
    for (;;)
        raise(SIGSTOP);
}

/* Two that watch each other: who sees the other die starts a new one. */
static void watch(pid_t other)
{
    for (;;) {
        int fd = (int)syscall(SYS_pidfd_open, other, 0);
        struct pollfd end = {.fd = fd, .events = POLLIN};
        pid_t me = getpid();
        if (fd >= 0 && poll(&end, 1, LIFE_S * 1000) == 0)
            _exit(0);
        close(fd);
        other = fork();
        if (other == 0) {
            setsid();
            other = me;
        }
    }
}

static void respawn(void)
{
    if (!leave())
        return;
    pid_t first = getpid();
    pid_t second = fork();
    count_me();
    if (second == 0)
        setsid();
    watch(second == 0 ? first : second);
}

/* Executed anew with no environment at all: the mark is gone. */
static void clear_environment(void)
{
    if (!leave())
        return;
    const char *args[] = {"nasty", "bare", lock_path, count_path, NULL};
    char *const none[] = {NULL};
    execve(self, (char *const *)args, none);
    _exit(1);
}

static void be_bare(void)
{
    count_me();
    stay();
}

/* What the worker reports on, and its stderr, held open by one that is not of its group. */
static void hold_pipes(void)
{
    char path[40];
    pid_t worker = getppid();
    for (int fd = 2; fd <= 3; fd++) {
        snprintf(path, sizeof path, "/proc/%d/fd/%d", (int)worker, fd);
        if (open(path, O_WRONLY) < 0) /* not close-on-exec */
            _exit(1);
    }
    if (!leave())
        return;
    count_me();
    stay();
}

/* A new number every moment: never there any more when its number is signalled. Not as fast as it
 * could, which would be a test of how fast dead ones are reaped. */
static void hop(void)
{
    const struct timespec moment = {.tv_nsec = 2 * 1000 * 1000};
    if (!leave())
        return;
    count_me();
    for (long left = LIFE_S * 400L; left > 0; left--) {
        nanosleep(&moment, NULL);
        if (fork() != 0)
            _exit(0);
    }
    stay();
}

/* SIGCONT does not help it: it is stopped again at once. */
static void hold_down(pid_t worker)
{
    for (int left = LIFE_S * 1000; left > 0; left--) {
        kill(worker, SIGSTOP);
        poll(NULL, 0, 1);
    }
}

static const struct {
    const char *name;
    void (*act)(void);
} kinds[] = {
    {"deaf", be_deaf},       {"session", be_in_a_session},
    {"daemon", be_a_daemon}, {"stop", stop_itself},
    {"respawn", respawn},    {"clear", clear_environment},
    {"pipe", hold_pipes},    {"hop", hop},
    {"bare", be_bare},
};

int main(int argc, char **argv)
{
    static char path[4096];
    pid_t worker = getppid();
    if (argc < 4)
        return 64;
    ssize_t size = readlink("/proc/self/exe", path, sizeof path - 1);
    self = size > 0 ? path : argv[0];
    lock_path = argv[2];
    count_path = argv[3];
    int lock = open(lock_path, O_RDWR | O_CREAT, 0600); /* also across exec */
    if (lock < 0 || flock(lock, LOCK_SH) != 0)
        return 1;
    ignore_all();
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (strcmp(argv[1], kinds[i].name) == 0)
            kinds[i].act();
    /* What was forked above has gone its own way, so this is git itself. */
    if (argc > 4)
        hold_down(worker);
    stay();
}
