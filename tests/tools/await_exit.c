/* await_exit PID SECONDS: 0 as soon as the process has ended, 1 if it has not by then. */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

int main(int argc, char **argv)
{
    if (argc != 3) {
        fputs("usage: await_exit PID SECONDS\n", stderr);
        return 2;
    }
    long fd = syscall(SYS_pidfd_open, strtol(argv[1], NULL, 10), 0);
    if (fd < 0)
        return errno == ESRCH ? 0 : 2;
    struct pollfd end = {(int)fd, POLLIN, 0};
    return poll(&end, 1, (int)(strtod(argv[2], NULL) * 1000)) == 1 ? 0 : 1;
}
