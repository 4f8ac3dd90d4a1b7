/* How a database in WAL mode can be read by who may not write beside it. */
#include "common/store_way.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/cleanup.h"
#include "common/text.h"

static bool has_file(const char *path, const char *suffix)
{
    struct stat st;
    CLEANUP(free_text) char *name = xasprintf("%s%s", path, suffix);
    return stat(name, &st) == 0;
}

static bool folder_is_writable(const char *path)
{
    const char *slash = strrchr(path, '/');
    CLEANUP(free_text)
    char *folder = slash ? xstrndup(path, (size_t)(slash - path) + 1) : xstrdup(".");
    return faccessat(AT_FDCWD, folder, W_OK, AT_EACCESS) == 0;
}

int64_t store_log_bytes(const char *path)
{
    struct stat st;
    CLEANUP(free_text) char *name = xasprintf("%s-wal", path);
    return stat(name, &st) == 0 ? (int64_t)st.st_size : 0;
}

bool store_way_to_read(const char *path, bool *immutable, struct error *e)
{
    bool there = has_file(path, "-wal") && has_file(path, "-shm");
    *immutable = false;
    if (there || folder_is_writable(path))
        return true;
    *immutable = store_log_bytes(path) == 0;
    return *immutable ||
           error_set(e, CAUSE_STORE,
                     "%s: its log cannot be read: %s-shm is missing and cannot be made in a "
                     "read-only folder; read or sync it once where its folder is writable",
                     path, path);
}
