/* How far behind others a worker stands. */
#include "worker/sync/priority.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/log.h"

/* A quarter of a processor beside one that wants all of it: a sync gets on, too. */
enum { NICE_DEFAULT = 5, NICE_MAX = 19 };

static int steps(void)
{
    const char *text = getenv(NICE_VARIABLE);
    if (!text || !*text)
        return NICE_DEFAULT;
    char *end;
    long value = strtol(text, &end, 10);
    if (!*end && value >= 0 && value <= NICE_MAX)
        return (int)value;
    log_line(LOG_WARN, NULL, "start", "%s: expected a number from 0 to %d; %d is taken",
             NICE_VARIABLE, NICE_MAX, NICE_DEFAULT);
    return NICE_DEFAULT;
}

/* Where the kernel shares the processors between sessions first, and a worker has one of its own,
 * only its session's number counts. */
static void lower_session(int number)
{
    char text[16];
    int fd = open("/proc/self/autogroup", O_WRONLY | O_CLOEXEC);
    if (fd < 0)
        return;
    snprintf(text, sizeof text, "%d", number);
    if (write(fd, text, strlen(text)) < 0) /* one in a tenth of a second, unless we are root */
        log_line(LOG_DEBUG, NULL, "start", "the session's priority was left as it is");
    close(fd);
}

bool priority_step_back(void)
{
    int number = steps();
    if (number == 0)
        return false;
    errno = 0;
    if (nice(number) == -1 && errno != 0)
        log_line(LOG_DEBUG, NULL, "start", "the process's priority was left as it is");
    lower_session(number);
    return true;
}
