/* The kernel lock of the supervisor, and the line in it that names its holder. */
#include "supervisor/holder.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <time.h>

#include "common/cleanup.h"
#include "common/clock.h"
#include "common/duration.h"
#include "common/lock.h"
#include "common/proc.h"

enum { LINE_SIZE = 200 };
/* Behind the line, one for each supervisor that found it locked; no host has it in its name. */
enum { OVERLAP_MARK = '+', OVERLAPS_MAX = 2000 };
/* The alarm of a wait rings on: one that came just before the wait began would be lost. */
enum { ALARM_AGAIN_US = 50 * 1000 };

static int64_t count_overlaps(int fd)
{
    char text[LINE_SIZE + OVERLAPS_MAX];
    ssize_t size = pread(fd, text, sizeof text, 0);
    int64_t count = 0;
    for (ssize_t i = 0; i < size; i++)
        count += text[i] == OVERLAP_MARK;
    return count < OVERLAPS_MAX ? count : OVERLAPS_MAX;
}

/* `pid start host since`, for the next one to read; the lock itself says whether it is true. */
static void write_line(int fd)
{
    struct process_identity self = {0};
    char text[LINE_SIZE + OVERLAPS_MAX];
    process_self(&self);
    int size = snprintf(text, LINE_SIZE, "%d %llu %lld %s\n", (int)self.pid,
                        (unsigned long long)self.pid_start, (long long)clock_unix_s(), self.host);
    /* Those that nobody has counted yet stay. */
    int64_t overlaps = count_overlaps(fd);
    memset(text + size, OVERLAP_MARK, (size_t)overlaps);
    /* A full disk costs the next one only the name. */
    if (ftruncate(fd, 0) == 0 && pwrite(fd, text, (size_t)(size + overlaps), 0) < 0)
        return;
}

int64_t holder_take_overlaps(int fd)
{
    int64_t overlaps = count_overlaps(fd);
    char line[LINE_SIZE];
    ssize_t size = overlaps ? pread(fd, line, sizeof line, 0) : 0;
    const char *end = size > 0 ? memchr(line, '\n', (size_t)size) : NULL;
    return !end || ftruncate(fd, end + 1 - line) == 0 ? overlaps : 0;
}

/* For the one who runs to count: it alone writes the ledger. */
void holder_leave_overlap(const struct home *home)
{
    static const char mark = OVERLAP_MARK;
    struct stat st;
    CLEANUP(free_text) char *path = home_path(home, HOME_SUPERVISE_LOCK);
    CLEANUP(close_fd) int fd = open(path, O_WRONLY | O_APPEND | O_CLOEXEC | O_NOFOLLOW);
    if (fd >= 0 && fstat(fd, &st) == 0 && st.st_size < LINE_SIZE + OVERLAPS_MAX &&
        write(fd, &mark, 1) < 0)
        return;
}

/* What it wrote of itself; false if that cannot be read. */
static bool describe(const char *path, char *out, size_t out_size)
{
    char line[LINE_SIZE] = "";
    int pid = 0;
    unsigned long long start = 0;
    long long since = 0;
    char host[65] = "";
    CLEANUP(close_fd) int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    ssize_t size = fd >= 0 ? pread(fd, line, sizeof line - 1, 0) : -1;
    if (size <= 0 || sscanf(line, "%d %llu %lld %64s", &pid, &start, &since, host) != 4)
        return false;
    char ago[DURATION_TEXT_SIZE];
    char clock[40] = "";
    time_t at = (time_t)since;
    struct tm utc;
    int64_t ago_s = clock_unix_s() - since;
    duration_format(ago_s > 0 ? ago_s * 1000 : 0, ago);
    if (gmtime_r(&at, &utc))
        strftime(clock, sizeof clock, "%Y-%m-%dT%H:%M:%SZ", &utc);
    snprintf(out, out_size, "pid %d on %s since %s (%s ago)", pid, host, clock, ago);
    return true;
}

static bool say_holder(const char *path, struct error *e)
{
    char who[HOLDER_TEXT_SIZE];
    if (!describe(path, who, sizeof who))
        return error_set(e, CAUSE_LOCKED, "another supervisor runs on this home");
    return error_set(e, CAUSE_LOCKED, "another supervisor runs: %s", who);
}

bool holder_find(const struct home *home, char who[HOLDER_TEXT_SIZE])
{
    CLEANUP(free_text) char *path = home_path(home, HOME_SUPERVISE_LOCK);
    if (!lock_kernel_held(path))
        return false;
    if (!describe(path, who, HOLDER_TEXT_SIZE))
        snprintf(who, HOLDER_TEXT_SIZE, "one that did not say who it is");
    return true;
}

bool holder_acquire(const struct home *home, int *fd, struct error *e)
{
    CLEANUP(free_text) char *path = home_path(home, HOME_SUPERVISE_LOCK);
    switch (lock_kernel_acquire(path, fd, e)) {
    case LOCK_TAKEN:
        write_line(*fd);
        return true;
    case LOCK_BUSY:
        return say_holder(path, e);
    case LOCK_FAILED:
        /* Of no store: nothing can be synced into this home. */
        e->cause = CAUSE_CONFIG;
        return error_wrap(e, "this home cannot be written (`lattice-supervise doctor` says more)");
    }
    return false;
}

static void on_alarm(int signal)
{
    (void)signal;
}

static void set_alarm(int64_t after_ms)
{
    struct itimerval timer = {0};
    if (after_ms > 0) {
        timer.it_value.tv_sec = (time_t)(after_ms / 1000);
        timer.it_value.tv_usec = (suseconds_t)(after_ms % 1000 * 1000);
        timer.it_interval.tv_usec = ALARM_AGAIN_US;
    }
    setitimer(ITIMER_REAL, &timer, NULL);
}

/* Until nobody holds it, or the alarm rings. The lock that proves it is given back at once: who
 * really takes it is decided as ever. */
static void wait_for_release(const char *path, int64_t wait_ms)
{
    struct flock whole = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    struct sigaction old;
    struct sigaction action = {.sa_handler = on_alarm}; /* no SA_RESTART: it ends the wait */
    CLEANUP(close_fd) int fd = open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0)
        return;
    sigemptyset(&action.sa_mask);
    sigaction(SIGALRM, &action, &old);
    set_alarm(wait_ms);
    if (fcntl(fd, F_OFD_SETLKW, &whole) == 0) {
        whole.l_type = F_UNLCK;
        fcntl(fd, F_OFD_SETLK, &whole);
    }
    set_alarm(0);
    sigaction(SIGALRM, &old, NULL);
}

bool holder_acquire_wait(const struct home *home, int64_t wait_ms, int *fd, struct error *e)
{
    CLEANUP(free_text) char *path = home_path(home, HOME_SUPERVISE_LOCK);
    int64_t until_ms = clock_monotonic_ms() + wait_ms;
    char waited[DURATION_TEXT_SIZE];
    for (;;) {
        struct error busy = {0};
        if (holder_acquire(home, fd, &busy))
            return true;
        int64_t left_ms = until_ms - clock_monotonic_ms();
        if (busy.cause != CAUSE_LOCKED || left_ms <= 0) {
            *e = busy;
            duration_format_exact(wait_ms, waited);
            return busy.cause != CAUSE_LOCKED || wait_ms == 0
                       ? false
                       : error_wrap(e, "waited for %s", waited);
        }
        wait_for_release(path, left_ms);
    }
}
