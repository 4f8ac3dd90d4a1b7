/* The files of a bare mirror, by nftw(3): physical walk, no symlink followed. */
#include "worker/sync/mirror_files.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common/cleanup.h"
#include "common/text.h"

/* Folders open at once in a walk. */
enum { WALK_FDS = 16 };

static bool ends_with(const char *text, const char *end)
{
    size_t size = strlen(text);
    size_t end_size = strlen(end);
    return size >= end_size && strcmp(text + size - end_size, end) == 0;
}

static int sweep_one(const char *path, const struct stat *st, int type, struct FTW *where)
{
    const char *name = path + where->base;
    (void)st;
    if (type == FTW_F && (ends_with(name, ".lock") || strncmp(name, "tmp_", 4) == 0))
        return unlink(path) == 0 || errno == ENOENT ? 0 : -1;
    return 0;
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *where)
{
    (void)st;
    (void)type;
    (void)where;
    return remove(path) == 0 || errno == ENOENT ? 0 : -1;
}

bool mirror_sweep(const char *path, struct error *e)
{
    if (nftw(path, sweep_one, WALK_FDS, FTW_PHYS) == 0 || errno == ENOENT)
        return true;
    return error_set(e, CAUSE_STORE, "clean %s: %s", path, strerror(errno));
}

static size_t count_packs(const char *path, const char *suffix)
{
    struct buf folder = {0};
    size_t count = 0;
    buf_printf(&folder, "%s/objects/pack", path);
    DIR *dir = opendir(folder.data);
    for (struct dirent *entry; dir && (entry = readdir(dir));)
        count += ends_with(entry->d_name, suffix);
    if (dir)
        closedir(dir);
    buf_release(&folder);
    return count;
}

size_t mirror_packs(const char *path)
{
    return count_packs(path, ".pack");
}

bool mirror_is_partial(const char *path)
{
    return count_packs(path, ".promisor") > 0;
}

static char *whole_mark(const char *path)
{
    return xasprintf("%s/lattice-whole", path);
}

bool mirror_is_whole(const char *path)
{
    CLEANUP(free_text) char *mark = whole_mark(path);
    return access(mark, F_OK) == 0;
}

bool mirror_set_whole(const char *path, struct error *e)
{
    CLEANUP(free_text) char *mark = whole_mark(path);
    CLEANUP(close_fd) int fd = open(mark, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    return fd >= 0 || error_set(e, CAUSE_STORE, "create %s: %s", mark, strerror(errno));
}

bool mirror_remove(const char *path, struct error *e)
{
    if (nftw(path, remove_one, WALK_FDS, FTW_PHYS | FTW_DEPTH) == 0 || errno == ENOENT)
        return true;
    return error_set(e, CAUSE_STORE, "remove %s: %s", path, strerror(errno));
}
