/* The writing end of a spool: write, make durable, or take back. */
#include "common/spool.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/cleanup.h"
#include "common/fd.h"
#include "common/lock.h"
#include "common/text.h"

/* A worker may take away a file between its making and its lock; so often in a row it is a bug. */
enum { BEGIN_TRIES = 16 };
/* inbox, the source's folder, sources, the home: each may be new, and its name not durable. */
enum { FOLDERS_ABOVE = 3 };

static bool fail(struct spool *s, const char *name, const char *what, struct error *e)
{
    s->code = errno;
    bool full = s->code == ENOSPC || s->code == EDQUOT;
    return error_set(e, CAUSE_STORE, "%s%s%s: %s: %s%s", s->path, *name ? "/" : "", name, what,
                     strerror(s->code), full ? "; free space there, then send it again" : "");
}

/* The names of the folder and of those around it, once it was made. */
static bool settle_names(struct spool *s, struct error *e)
{
    char up[3 * FOLDERS_ABOVE + 1] = "";
    for (int i = 0; i < FOLDERS_ABOVE; i++) {
        memcpy(up + strlen(up), i ? "/.." : "..", i ? 4 : 3);
        CLEANUP(close_fd) int fd = openat(s->folder, up, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (fd < 0 || fsync(fd) != 0)
            return fail(s, up, "fsync", e);
    }
    return true;
}

bool spool_open(struct spool *s, const char *path, struct error *e)
{
    *s = (struct spool){.path = xstrdup(path), .folder = -1, .fd = -1};
    bool made = mkdir(path, 0700) == 0;
    bool ok = made || errno == EEXIST || fail(s, "", "make", e);
    if (ok) {
        s->folder = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        ok = s->folder >= 0 || fail(s, "", "open", e);
    }
    if (ok && made)
        ok = settle_names(s, e);
    if (!ok)
        spool_close(s);
    return ok;
}

static void let_go(struct spool *s)
{
    lock_kernel_release(&s->fd);
    s->name[0] = '\0';
    s->size = 0;
    s->lines = 0;
}

/* Has somebody removed the open file, or taken it away before it was locked? */
static bool is_gone(const struct spool *s)
{
    struct stat st;
    return fstat(s->fd, &st) != 0 || st.st_nlink == 0;
}

static bool begin_file(struct spool *s, struct error *e)
{
    for (int i = 0; i < BEGIN_TRIES; i++) {
        char ulid[ULID_SIZE];
        ulid_make(ulid);
        snprintf(s->name, sizeof s->name, "%s" SPOOL_SUFFIX, ulid);
        s->fd = openat(s->folder, s->name,
                       O_WRONLY | O_CREAT | O_EXCL | O_APPEND | O_NOFOLLOW | O_CLOEXEC, 0600);
        if (s->fd < 0 && errno == EEXIST)
            continue;
        if (s->fd < 0)
            return fail(s, s->name, "make", e);
        switch (lock_kernel_take(s->fd)) {
        case LOCK_TAKEN:
            if (!is_gone(s))
                return true;
            break;
        case LOCK_BUSY:
            break;
        case LOCK_FAILED:
            fail(s, s->name, "lock", e);
            let_go(s);
            return false;
        }
        let_go(s);
    }
    return error_set(e, CAUSE_STORE, "%s: each new file is taken away at once", s->path);
}

/* What got in of a group that was cut goes, and with it the file: the worker may have taken whole
 * lines of it already, and would stand in the midst of what came in their place. */
static void take_back(struct spool *s)
{
    struct stat st;
    if (s->size == 0 && fstat(s->fd, &st) == 0 && st.st_size == 0)
        return; /* a full disk leaves one empty file, not one for each try */
    while (ftruncate(s->fd, s->size) != 0 && errno == EINTR)
        continue;
    let_go(s);
}

/* What fdatasync could not write may be lost though a later one succeeds: the file is left. */
static bool settle(struct spool *s, struct error *e)
{
    bool ok = fdatasync(s->fd) == 0 || fail(s, s->name, "fdatasync", e);
    if (ok && s->size == 0)
        ok = fsync(s->folder) == 0 || fail(s, "", "fsync", e);
    if (!ok)
        let_go(s);
    return ok;
}

static int64_t count_lines(const char *text, size_t size)
{
    int64_t lines = 0;
    for (const char *end = text + size; (text = memchr(text, '\n', (size_t)(end - text))) != NULL;
         text++)
        lines++;
    return lines;
}

bool spool_append(struct spool *s, const char *lines, size_t size, struct error *e)
{
    if (s->fd >= 0 && (s->size >= SPOOL_FILE_MAX_BYTES || is_gone(s)))
        let_go(s);
    if (s->fd < 0 && !begin_file(s, e))
        return false;
    if (!fd_write_all(s->fd, lines, size)) {
        fail(s, s->name, "write", e);
        take_back(s);
        return false;
    }
    if (!settle(s, e))
        return false;
    s->size += (int64_t)size;
    s->lines += count_lines(lines, size);
    return true;
}

void spool_rest(struct spool *s)
{
    if (s->size > 0)
        let_go(s);
}

void spool_close(struct spool *s)
{
    if (!s->path)
        return;
    let_go(s);
    if (s->folder >= 0)
        close(s->folder);
    free(s->path);
    *s = (struct spool){.folder = -1, .fd = -1, .code = s->code};
}
