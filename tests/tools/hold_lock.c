/* hold_lock FILE: takes its kernel lock, says `held`, ignores all signals that it can, stays. */

/* Copied under another name it stands in for a wedged worker. */
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#include "common/lock.h"

int main(int argc, char **argv)
{
    struct error e = {0};
    int fd = -1;
    if (argc != 2) {
        fputs("usage: hold_lock FILE\n", stderr);
        return 2;
    }
    signal(SIGTERM, SIG_IGN);
    signal(SIGINT, SIG_IGN);
    signal(SIGHUP, SIG_IGN);
    if (lock_kernel_acquire(argv[1], &fd, &e) != LOCK_TAKEN) {
        puts("busy");
        return 1;
    }
    puts("held");
    fflush(stdout);
    for (;;)
        pause();
}
