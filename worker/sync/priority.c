/* How far behind others a worker stands. */
#include "worker/sync/priority.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "common/log.h"

/* A quarter of a processor beside one that wants all of it: a sync gets on, too. */
#define NICE "5"
enum { NICE_STEPS = 5 };

/* Where the kernel shares the processors between sessions first, and a worker has one of its own,
 * only its session's number counts. */
static void lower_session(void)
{
    int fd = open("/proc/self/autogroup", O_WRONLY | O_CLOEXEC);
    if (fd < 0)
        return;
    if (write(fd, NICE, sizeof NICE - 1) < 0) /* one in a tenth of a second, unless we are root */
        log_line(LOG_DEBUG, NULL, "priority", "the session's was left as it is");
    close(fd);
}

void priority_step_back(void)
{
    errno = 0;
    if (nice(NICE_STEPS) == -1 && errno != 0)
        log_line(LOG_DEBUG, NULL, "priority", "the process's was left as it is");
    lower_session();
}
