/* Reading and replacing sources.json; edits lock the folder, so that no lock file is needed. */
#include "common/config_file.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/cleanup.h"
#include "common/config.h"
#include "common/fd.h"

bool config_file_read(int fd, struct buf *text, struct error *e)
{
    struct stat st;
    if (fstat(fd, &st) != 0)
        return error_set(e, CAUSE_CONFIG, "%s", strerror(errno));
    if (!S_ISREG(st.st_mode))
        return error_set(e, CAUSE_CONFIG, "is not a regular file");
    for (;;) {
        buf_reserve(text, 16 * 1024);
        ssize_t n = read(fd, text->data + text->size, 16 * 1024);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return error_set(e, CAUSE_CONFIG, "%s", strerror(errno));
        text->size += (size_t)n;
        if (text->size > CONFIG_MAX_BYTES)
            return error_set(e, CAUSE_CONFIG, "is larger than %d bytes", CONFIG_MAX_BYTES);
        if (n == 0)
            return true;
    }
}

/* The file behind a symbolic link; a missing file stays where it is named. Caller frees. */
static char *resolve(const char *path, struct error *e)
{
    struct stat st;
    char *real = realpath(path, NULL);
    int reason = real ? 0 : errno;
    if (!real && reason == ENOENT && lstat(path, &st) != 0 && errno == ENOENT)
        return xstrdup(path);
    /* Not there, and then there, and no link: somebody else's edit has just made it. */
    if (!real && reason == ENOENT && !S_ISLNK(st.st_mode))
        real = realpath(path, NULL);
    if (real)
        return real;
    error_set(e, CAUSE_CONFIG, "%s: %s", path,
              reason == ENOENT ? "is a symbolic link to a file that is not there"
                               : strerror(reason));
    return NULL;
}

static int open_folder(const char *path)
{
    CLEANUP(free_text) char *copy = xstrdup(path);
    return open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

static int lock_folder(int folder)
{
    int answer = 0;
    do
        answer = flock(folder, LOCK_EX);
    while (answer != 0 && errno == EINTR);
    return answer;
}

bool config_file_open(const char *path, struct config_file *file, struct error *e)
{
    *file = (struct config_file){.folder = -1};
    file->path = resolve(path, e);
    if (!file->path)
        return false;
    file->folder = open_folder(file->path);
    if (file->folder < 0 || lock_folder(file->folder) != 0)
        return error_set(e, CAUSE_STORE, "%s: open its folder: %s", path, strerror(errno));
    CLEANUP(close_fd) int fd = open(file->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (fd < 0 && errno == ENOENT)
        return true;
    file->existed = true;
    if (fd < 0)
        return error_set(e, CAUSE_CONFIG, "%s: %s", path, strerror(errno));
    return config_file_read(fd, &file->text, e) || error_wrap(e, "%s", path);
}

void config_file_close(struct config_file *file)
{
    close_fd(&file->folder);
    free(file->path);
    buf_release(&file->text);
    *file = (struct config_file){.folder = -1};
}

/* Those of the old file; a new one belongs to the folder's owner, whoever runs the edit. Owner
 * before mode, since chown clears bits. Only root may give files away: others keep theirs. */
static bool keep_owner_and_mode(int fd, const struct config_file *file)
{
    struct stat st;
    if (file->existed ? stat(file->path, &st) : fstat(file->folder, &st))
        return false;
    if ((st.st_uid != geteuid() || st.st_gid != getegid()) &&
        fchown(fd, st.st_uid, st.st_gid) != 0 && errno != EPERM)
        return false;
    return fchmod(fd, file->existed ? st.st_mode & 0777 : 0600) == 0;
}

/* False with errno. */
static bool fill_new(const struct config_file *file, const char *name, const char *text)
{
    CLEANUP(close_fd)
    int fd = openat(file->folder, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    return fd >= 0 && fd_write_all(fd, text, strlen(text)) && keep_owner_and_mode(fd, file) &&
           fsync(fd) == 0;
}

bool config_file_write(const struct config_file *file, const char *text, struct error *e)
{
    char name[NAME_MAX + 1];
    const char *slash = strrchr(file->path, '/');
    const char *base = slash ? slash + 1 : file->path;
    /* One name is enough under the lock; what a killed edit left goes. */
    snprintf(name, sizeof name, ".%.200s.new", base);
    unlinkat(file->folder, name, 0);
    if (!fill_new(file, name, text) || renameat(file->folder, name, file->folder, base) != 0) {
        error_set(e, CAUSE_STORE, "%s: write: %s; the old one is kept", file->path,
                  strerror(errno));
        unlinkat(file->folder, name, 0);
        return false;
    }
    if (fsync(file->folder) != 0)
        return error_set(e, CAUSE_STORE, "%s: written, but may be lost with the power: %s",
                         file->path, strerror(errno));
    return true;
}
