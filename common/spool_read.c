/* The reading end of a spool: which files there are, what is new in them, and their end. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/cleanup.h"
#include "common/lock.h"
#include "common/spool.h"
#include "common/text.h"

static bool fail(const char *name, const char *what, struct error *e)
{
    int reason = errno;
    return error_set(e, CAUSE_STORE, "inbox/%s: %s: %s", name, what, strerror(reason));
}

bool spool_open_folder(const char *path, int *folder, struct error *e)
{
    *folder = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (*folder < 0 && errno != ENOENT) {
        int reason = errno;
        return error_set(e, CAUSE_STORE, "%s: open: %s", path, strerror(reason));
    }
    return true;
}

static bool is_spool_name(const char *name)
{
    size_t size = strlen(name);
    return size == SPOOL_NAME_SIZE - 1 && ulid_valid(name, ULID_SIZE - 1) &&
           strcmp(name + ULID_SIZE - 1, SPOOL_SUFFIX) == 0;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(a, b);
}

void spool_files_add(struct spool_files *files, const char *name)
{
    if (!is_spool_name(name))
        return;
    if (files->count == files->room) {
        files->room = files->room ? files->room * 2 : 16;
        files->names = xrealloc(files->names, files->room * sizeof *files->names);
    }
    memcpy(files->names[files->count++], name, SPOOL_NAME_SIZE);
}

bool spool_list(int folder, struct spool_files *files, struct error *e)
{
    int fd = openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *dir = fd < 0 ? NULL : fdopendir(fd);
    const struct dirent *entry;
    files->count = 0;
    if (!dir) {
        fail("", "list", e);
        if (fd >= 0)
            close(fd);
        return false;
    }
    errno = 0;
    while ((entry = readdir(dir)) != NULL)
        spool_files_add(files, entry->d_name);
    bool ok = errno == 0 || fail("", "list", e);
    closedir(dir);
    if (files->count)
        qsort(files->names, files->count, sizeof *files->names, by_name);
    return ok;
}

void spool_files_release(struct spool_files *files)
{
    free(files->names);
    *files = (struct spool_files){0};
}

/* Lines and what is behind them, from `offset` to the end. */
static bool look(int fd, const char *name, int64_t offset, struct spool_rest_of *rest,
                 struct error *e)
{
    char bytes[64 * 1024];
    int64_t start = offset;
    *rest = (struct spool_rest_of){0};
    for (;;) {
        ssize_t n = pread(fd, bytes, sizeof bytes, offset);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return fail(name, "read", e);
        if (n == 0)
            break;
        const char *at = bytes;
        const char *end = bytes + n;
        for (; (at = memchr(at, '\n', (size_t)(end - at))) != NULL; at++) {
            rest->lines++;
            rest->bytes = offset + (at - bytes) + 1 - start;
        }
        offset += n;
    }
    rest->torn = offset - start - rest->bytes;
    return true;
}

/* A spool file is a regular one; anything else of such a name is none of ours. -1: not there, or
 * `e` is filled. */
static int open_file(int folder, const char *name, int flags, struct error *e)
{
    struct stat st;
    int fd = openat(folder, name, flags | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0) {
        if (errno != ENOENT)
            fail(name, "open", e);
        return -1;
    }
    if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode))
        return fd;
    close(fd);
    error_set(e, CAUSE_STORE, "inbox/%s: not a regular file; take it away", name);
    return -1;
}

bool spool_look(int folder, const char *name, int64_t offset, struct spool_rest_of *rest,
                struct error *e)
{
    struct error problem = {0};
    *rest = (struct spool_rest_of){0};
    CLEANUP(close_fd) int fd = open_file(folder, name, O_RDONLY, &problem);
    if (fd < 0 && problem.cause) {
        *e = problem;
        return false;
    }
    return fd < 0 || look(fd, name, offset, rest, e);
}

/* With the lock held nobody appends: nothing comes between the last look and the end. */
static enum spool_taken remove_read(int folder, const char *name, const struct spool_rest_of *rest,
                                    struct error *e)
{
    if (rest->lines)
        return SPOOL_MORE;
    if (unlinkat(folder, name, 0) == 0 || errno == ENOENT)
        return SPOOL_TAKEN;
    fail(name, "remove", e);
    return SPOOL_FAILED;
}

enum spool_taken spool_take(int folder, const char *name, int64_t offset, int64_t *torn,
                            struct error *e)
{
    struct error problem = {0};
    struct spool_rest_of rest = {0};
    enum spool_taken taken = SPOOL_FAILED;
    *torn = 0;
    int fd = open_file(folder, name, O_RDWR, &problem);
    if (fd < 0 && !problem.cause)
        return SPOOL_TAKEN;
    if (fd < 0) {
        *e = problem;
        return SPOOL_FAILED;
    }
    switch (lock_kernel_take(fd)) {
    case LOCK_TAKEN:
        if (look(fd, name, offset, &rest, e))
            taken = remove_read(folder, name, &rest, e);
        *torn = rest.torn;
        break;
    case LOCK_BUSY:
        taken = SPOOL_IN_USE;
        break;
    case LOCK_FAILED:
        fail(name, "lock", e);
        break;
    }
    lock_kernel_release(&fd);
    return taken;
}
