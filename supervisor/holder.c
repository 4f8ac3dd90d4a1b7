/* The kernel lock of the supervisor, and the line in it that names its holder. */
#include "supervisor/holder.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "common/cleanup.h"
#include "common/clock.h"
#include "common/duration.h"
#include "common/lock.h"
#include "common/proc.h"

enum { LINE_SIZE = 200 };

/* `pid start host since`, for the next one to read; the lock itself says whether it is true. */
static void write_line(int fd)
{
    struct process_identity self = {0};
    char line[LINE_SIZE];
    process_self(&self);
    int size = snprintf(line, sizeof line, "%d %llu %lld %s\n", (int)self.pid,
                        (unsigned long long)self.pid_start, (long long)clock_unix_s(), self.host);
    /* A full disk costs the next one only the name. */
    if (ftruncate(fd, 0) == 0 && pwrite(fd, line, (size_t)size, 0) < 0)
        return;
}

static bool say_holder(const char *path, struct error *e)
{
    char line[LINE_SIZE] = "";
    int pid = 0;
    unsigned long long start = 0;
    long long since = 0;
    char host[65] = "";
    CLEANUP(close_fd) int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    ssize_t size = fd >= 0 ? pread(fd, line, sizeof line - 1, 0) : -1;
    if (size <= 0 || sscanf(line, "%d %llu %lld %64s", &pid, &start, &since, host) != 4)
        return error_set(e, CAUSE_LOCKED, "another supervisor runs on this home");
    char ago[DURATION_TEXT_SIZE];
    char clock[40] = "";
    time_t at = (time_t)since;
    struct tm utc;
    int64_t ago_s = clock_unix_s() - since;
    duration_format(ago_s > 0 ? ago_s * 1000 : 0, ago);
    if (gmtime_r(&at, &utc))
        strftime(clock, sizeof clock, "%Y-%m-%dT%H:%M:%SZ", &utc);
    return error_set(e, CAUSE_LOCKED, "another supervisor runs: pid %d on %s since %s (%s ago)",
                     pid, host, clock, ago);
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
        break;
    }
    return false;
}
