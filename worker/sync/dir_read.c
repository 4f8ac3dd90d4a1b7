/* The content of a file in a tree, whole and at rest. */
#include "worker/sync/dir_read.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <xxhash.h>

/* A file that is being written is read so often before it is left to another run. */
enum { TRIES = 3 };

static void close_if_open(int *fd)
{
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
}

void dir_reader_release(struct dir_reader *r)
{
    close_if_open(&r->root_fd);
    close_if_open(&r->folder_fd);
    free(r->folder);
    r->folder = NULL;
    buf_release(&r->bytes);
}

/* The folder of the file at `path`, name by name. -1 with errno. */
static int open_folder(const struct dir_reader *r, const char *path, size_t size)
{
    int fd = fcntl(r->root_fd, F_DUPFD_CLOEXEC, 3);
    for (size_t at = 0; fd >= 0 && at < size;) {
        size_t length = strcspn(path + at, "/");
        char *name = xstrndup(path + at, length);
        int next = openat(fd, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        int error = errno;
        free(name);
        close(fd);
        errno = error;
        fd = next;
        at += length + 1;
    }
    return fd;
}

/* The paths come in order, so that most are in the folder of the one before. */
static bool enter(struct dir_reader *r, const char *path, size_t size)
{
    if (r->root_fd < 0)
        r->root_fd = open(r->root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (r->folder && strlen(r->folder) == size && memcmp(r->folder, path, size) == 0)
        return true;
    close_if_open(&r->folder_fd);
    free(r->folder);
    r->folder = NULL;
    r->folder_fd = r->root_fd >= 0 ? open_folder(r, path, size) : -1;
    if (r->folder_fd < 0)
        return false;
    r->folder = xstrndup(path, size);
    return true;
}

static struct file_look look_of(const struct stat *st)
{
    return (struct file_look){
        .size_bytes = st->st_size,
        .mtime_ns = (int64_t)st->st_mtim.tv_sec * 1000000000 + st->st_mtim.tv_nsec,
        .ctime_ns = (int64_t)st->st_ctim.tv_sec * 1000000000 + st->st_ctim.tv_nsec,
        .inode = (int64_t)st->st_ino,
    };
}

static enum dir_answer refuse(struct dir_reader *r, int error)
{
    if (error == ENOENT || error == ENOTDIR || error == ELOOP || error == ENXIO)
        return DIR_GONE;
    buf_reset(&r->bytes);
    buf_add_text(&r->bytes, strerror(error));
    return DIR_CLOSED;
}

/* Reads all of it; an end before its size is a change. */
static enum dir_answer read_once(struct dir_reader *r, int fd, const struct stat *before)
{
    struct stat after;
    size_t size = (size_t)before->st_size;
    buf_reset(&r->bytes);
    buf_reserve(&r->bytes, size + 1);
    while (r->bytes.size < size) {
        ssize_t n = read(fd, r->bytes.data + r->bytes.size, size - r->bytes.size);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return refuse(r, errno);
        if (n == 0)
            return DIR_MOVING;
        r->bytes.size += (size_t)n;
    }
    r->bytes.data[r->bytes.size] = '\0';
    if (fstat(fd, &after) != 0)
        return refuse(r, errno);
    r->look = look_of(&after);
    struct file_look was = look_of(before);
    return r->look.size_bytes == was.size_bytes && r->look.mtime_ns == was.mtime_ns &&
                   r->look.ctime_ns == was.ctime_ns
               ? DIR_READ
               : DIR_MOVING;
}

static enum dir_answer try_read(struct dir_reader *r, const char *name, int64_t max_bytes)
{
    struct stat st;
    int fd = openat(r->folder_fd, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    if (fd < 0)
        return refuse(r, errno);
    enum dir_answer answer;
    if (fstat(fd, &st) != 0)
        answer = refuse(r, errno);
    else if (!S_ISREG(st.st_mode))
        answer = DIR_GONE;
    else if (st.st_size > max_bytes) {
        r->look = look_of(&st);
        answer = DIR_LARGE;
    } else
        answer = read_once(r, fd, &st);
    close(fd);
    return answer;
}

bool dir_blob_large(const char *blob)
{
    return strncmp(blob, "large-", 6) == 0;
}

enum dir_answer dir_read(struct dir_reader *r, const char *path, int64_t max_bytes)
{
    const char *slash = strrchr(path, '/');
    enum dir_answer answer = DIR_MOVING;
    if (!enter(r, path, slash ? (size_t)(slash - path) : 0))
        return refuse(r, errno);
    for (int i = 0; i < TRIES && answer == DIR_MOVING; i++)
        answer = try_read(r, slash ? slash + 1 : path, max_bytes);
    if (answer == DIR_READ) {
        XXH128_hash_t h = XXH3_128bits(r->bytes.data, r->bytes.size);
        snprintf(r->blob, sizeof r->blob, "%016" PRIx64 "%016" PRIx64, (uint64_t)h.high64,
                 (uint64_t)h.low64);
    } else if (answer == DIR_LARGE)
        snprintf(r->blob, sizeof r->blob, "large-%" PRId64 "-%" PRId64, r->look.size_bytes,
                 r->look.mtime_ns);
    return answer;
}
