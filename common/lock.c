/* Kernel locks on files of the home. */
#include "common/lock.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/cleanup.h"

/* A file replaced between open and lock is rare; replaced this often it is an attack or a bug. */
enum { LOCK_TRIES = 16 };

static bool same_file(int fd, const char *path)
{
    struct stat held;
    struct stat named;
    return fstat(fd, &held) == 0 && lstat(path, &named) == 0 && held.st_dev == named.st_dev &&
           held.st_ino == named.st_ino;
}

enum lock_answer lock_kernel_acquire(const char *path, int *out, struct error *e)
{
    for (int i = 0; i < LOCK_TRIES; i++) {
        int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
        if (fd < 0) {
            error_set(e, CAUSE_STORE, "lock %s: %s", path, strerror(errno));
            return LOCK_FAILED;
        }
        struct flock whole = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
        if (fcntl(fd, F_OFD_SETLK, &whole) != 0) {
            int reason = errno;
            close(fd);
            if (reason == EAGAIN || reason == EACCES)
                return LOCK_BUSY;
            error_set(e, CAUSE_STORE, "lock %s: %s", path, strerror(reason));
            return LOCK_FAILED;
        }
        if (same_file(fd, path)) {
            *out = fd;
            return LOCK_TAKEN;
        }
        close(fd);
    }
    error_set(e, CAUSE_STORE, "lock %s: the file is replaced again and again", path);
    return LOCK_FAILED;
}

bool lock_kernel_held(const char *path)
{
    CLEANUP(close_fd) int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    struct flock whole = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    return fd >= 0 && fcntl(fd, F_OFD_GETLK, &whole) == 0 && whole.l_type != F_UNLCK;
}

void lock_kernel_release(int *fd)
{
    if (*fd < 0)
        return;
    struct flock whole = {.l_type = F_UNLCK, .l_whence = SEEK_SET};
    fcntl(*fd, F_OFD_SETLK, &whole);
    close(*fd);
    *fd = -1;
}
