/* lock_free FILE: 0 if the kernel lock on FILE can be taken, 1 if somebody holds it. */
#include <stdio.h>

#include "common/lock.h"

int main(int argc, char **argv)
{
    struct error e = {0};
    int fd = -1;
    if (argc != 2) {
        fputs("usage: lock_free FILE\n", stderr);
        return 2;
    }
    switch (lock_kernel_acquire(argv[1], &fd, &e)) {
    case LOCK_TAKEN:
        lock_kernel_release(&fd);
        return 0;
    case LOCK_BUSY:
        return 1;
    case LOCK_FAILED:
        break;
    }
    fprintf(stderr, "error: %s\n", e.text);
    return 2;
}
