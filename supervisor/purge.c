/* Deleting a source's folder by descriptors: no symbolic link is followed, no mount entered. */
#include "supervisor/purge.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/cleanup.h"
#include "common/lock.h"
#include "common/marker.h"
#include "common/text.h"
#include "supervisor/limits.h"

/* A mirror is some ten folders deep; this keeps a strange one from using up the descriptors. */
enum { DEPTH_MAX = 200 };

/* What is being deleted now, for the message. */
struct sweep {
    dev_t device;
    int depth;
    struct error *e;
};

static int open_folder_at(int parent, const char *name)
{
    return openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

static bool fail_at(const struct sweep *sweep, const char *name)
{
    return error_set(sweep->e, CAUSE_STORE, "delete %s: %s", name, strerror(errno));
}

static bool delete_entry(struct sweep *sweep, int parent, const char *name);

static bool delete_content(struct sweep *sweep, DIR *dir)
{
    for (;;) {
        errno = 0;
        const struct dirent *entry = readdir(dir);
        if (!entry)
            return errno == 0 || fail_at(sweep, "a folder's content");
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0 &&
            !delete_entry(sweep, dirfd(dir), entry->d_name))
            return false;
    }
}

static bool delete_folder(struct sweep *sweep, int parent, const char *name)
{
    struct stat st;
    int fd = open_folder_at(parent, name);
    if (fd < 0)
        return fail_at(sweep, name);
    DIR *dir = fdopendir(fd);
    if (!dir) {
        close(fd);
        return fail_at(sweep, name);
    }
    bool ok = false;
    if (fstat(fd, &st) != 0)
        fail_at(sweep, name);
    else if (st.st_dev != sweep->device)
        error_set(sweep->e, CAUSE_STORE, "delete %s: another filesystem is mounted there", name);
    else if (sweep->depth >= DEPTH_MAX)
        error_set(sweep->e, CAUSE_STORE, "delete %s: too many folders in one another", name);
    else {
        sweep->depth++;
        ok = delete_content(sweep, dir);
        sweep->depth--;
    }
    closedir(dir);
    return ok && (unlinkat(parent, name, AT_REMOVEDIR) == 0 || fail_at(sweep, name));
}

static bool delete_entry(struct sweep *sweep, int parent, const char *name)
{
    if (unlinkat(parent, name, 0) == 0 || errno == ENOENT)
        return true;
    return errno == EISDIR ? delete_folder(sweep, parent, name) : fail_at(sweep, name);
}

/* Ids never start with a dot, so this is nobody's folder. Caller frees. */
static char *aside_name(const char *id)
{
    return xasprintf(".purge-%s", id);
}

static bool take_lock(const struct home *home, struct purge *purge, struct error *e)
{
    CLEANUP(free_text) char *path = home_source_path(home, purge->name, SOURCE_LOCK);
    switch (lock_kernel_acquire(path, &purge->lock, e)) {
    case LOCK_TAKEN:
        /* A killed worker's git would go on writing into what is being deleted. */
        marker_end(home, purge->name, NULL, SWEEP_WAIT_MS);
        return true;
    case LOCK_BUSY:
        return error_set(e, CAUSE_LOCKED,
                         "%s: a worker is at it; nothing was removed, try again when it has ended",
                         purge->name);
    case LOCK_FAILED:
        break;
    }
    return false;
}

bool purge_begin(const struct home *home, const char *id, struct purge *purge, struct error *e)
{
    *purge = (struct purge){.sources = -1, .lock = -1, .name = xstrdup(id)};
    CLEANUP(free_text) char *sources = home_path(home, "sources");
    CLEANUP(free_text) char *aside = aside_name(id);
    struct stat st;
    purge->sources = open(sources, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (purge->sources < 0)
        return errno == ENOENT || error_set(e, CAUSE_STORE, "%s: %s", sources, strerror(errno));
    purge->found = fstatat(purge->sources, aside, &st, AT_SYMLINK_NOFOLLOW) == 0;
    if (fstatat(purge->sources, id, &st, AT_SYMLINK_NOFOLLOW) != 0)
        return errno == ENOENT || error_set(e, CAUSE_STORE, "%s: %s", id, strerror(errno));
    purge->found = true;
    if (!S_ISDIR(st.st_mode))
        return error_set(e, CAUSE_STORE, "%s/%s: is not a folder; remove it by hand", sources, id);
    return take_lock(home, purge, e);
}

bool purge_delete(const struct purge *purge, struct error *e)
{
    CLEANUP(free_text) char *aside = aside_name(purge->name);
    struct stat st;
    if (!purge->found)
        return true;
    if (fstat(purge->sources, &st) != 0)
        return error_set(e, CAUSE_STORE, "sources: %s", strerror(errno));
    struct sweep sweep = {.device = st.st_dev, .e = e};
    /* What an interrupted purge left goes first, else the rename would fail. */
    if (!delete_entry(&sweep, purge->sources, aside))
        return error_wrap(e, "%s", purge->name);
    if (renameat(purge->sources, purge->name, purge->sources, aside) != 0 && errno != ENOENT)
        return error_set(e, CAUSE_STORE, "%s: take aside: %s", purge->name, strerror(errno));
    return delete_entry(&sweep, purge->sources, aside) || error_wrap(e, "%s", purge->name);
}

void purge_release(struct purge *purge)
{
    lock_kernel_release(&purge->lock);
    close_fd(&purge->sources);
    free(purge->name);
    *purge = (struct purge){.sources = -1, .lock = -1};
}
