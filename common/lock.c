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

bool lock_kernel_is_at(int fd, const char *path)
{
    struct stat held;
    struct stat named;
    return fstat(fd, &held) == 0 && lstat(path, &named) == 0 && held.st_dev == named.st_dev &&
           held.st_ino == named.st_ino;
}

static enum lock_answer take(int fd, int how)
{
    struct flock whole = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    int code = 0;
    do
        code = fcntl(fd, how, &whole) == 0 ? 0 : errno;
    while (code == EINTR);
    errno = code;
    return !code ? LOCK_TAKEN : code == EAGAIN || code == EACCES ? LOCK_BUSY : LOCK_FAILED;
}

enum lock_answer lock_kernel_take(int fd)
{
    return take(fd, F_OFD_SETLK);
}

/* Says so, and leaves errno as it was. */
static enum lock_answer failed(const char *path, int code, struct error *e)
{
    error_set(e, CAUSE_STORE, "lock %s: %s", path, strerror(code));
    errno = code;
    return LOCK_FAILED;
}

/* `how`: F_OFD_SETLK or F_OFD_SETLKW. What is waited on is in *out, for who is cancelled. */
static enum lock_answer acquire(const char *path, int how, int *out, struct error *e)
{
    for (int i = 0; i < LOCK_TRIES; i++) {
        *out = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
        if (*out < 0)
            return failed(path, errno, e);
        enum lock_answer answer = take(*out, how);
        int code = errno;
        if (answer == LOCK_TAKEN && lock_kernel_is_at(*out, path))
            return LOCK_TAKEN;
        close_fd(out);
        if (answer == LOCK_BUSY)
            return LOCK_BUSY;
        if (answer == LOCK_FAILED)
            return failed(path, code, e);
    }
    error_set(e, CAUSE_STORE, "lock %s: the file is replaced again and again", path);
    return LOCK_FAILED;
}

enum lock_answer lock_kernel_acquire(const char *path, int *fd, struct error *e)
{
    return acquire(path, F_OFD_SETLK, fd, e);
}

enum lock_answer lock_kernel_wait(const char *path, int *fd, struct error *e)
{
    return acquire(path, F_OFD_SETLKW, fd, e);
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
