/* The files of a bare mirror, by nftw(3): physical walk, no symlink followed. */
#include "worker/sync/mirror_files.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <xxhash.h>

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

/* What the mark holds: the address it was made for. */
enum { WHOLE_SIZE = 17 };

static void whole_text(const char *url, char out[WHOLE_SIZE])
{
    snprintf(out, WHOLE_SIZE, "%016" PRIx64, (uint64_t)XXH3_64bits(url, strlen(url)));
}

bool mirror_is_whole(const char *path, const char *url)
{
    char want[WHOLE_SIZE];
    char got[WHOLE_SIZE];
    CLEANUP(free_text) char *mark = whole_mark(path);
    CLEANUP(close_fd) int fd = open(mark, O_RDONLY | O_CLOEXEC);
    whole_text(url, want);
    return fd >= 0 && read(fd, got, sizeof got) == WHOLE_SIZE - 1 &&
           memcmp(got, want, WHOLE_SIZE - 1) == 0;
}

bool mirror_set_whole(const char *path, const char *url, struct error *e)
{
    char text[WHOLE_SIZE];
    CLEANUP(free_text) char *mark = whole_mark(path);
    CLEANUP(close_fd) int fd = open(mark, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    whole_text(url, text);
    return (fd >= 0 && write(fd, text, WHOLE_SIZE - 1) == WHOLE_SIZE - 1) ||
           error_set(e, CAUSE_STORE, "write %s: %s", mark, strerror(errno));
}

bool mirror_unset_whole(const char *path, struct error *e)
{
    CLEANUP(free_text) char *mark = whole_mark(path);
    return unlink(mark) == 0 || errno == ENOENT || errno == ENOTDIR ||
           error_set(e, CAUSE_STORE, "remove %s: %s", mark, strerror(errno));
}

bool mirror_remove(const char *path, struct error *e)
{
    if (nftw(path, remove_one, WALK_FDS, FTW_PHYS | FTW_DEPTH) == 0 || errno == ENOENT)
        return true;
    return error_set(e, CAUSE_STORE, "remove %s: %s", path, strerror(errno));
}
