/* Holders of a kernel lock, found through /proc. */
#include "supervisor/lock_owner.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/cleanup.h"

/* proc_pid_fdinfo(5): a line `lock: 1: OFDLCK ADVISORY WRITE -1 ...` for each lock. */
static bool locks_through(pid_t pid, const char *fd)
{
    char path[64];
    char text[4096];
    snprintf(path, sizeof path, "/proc/%d/fdinfo/%.12s", (int)pid, fd);
    CLEANUP(close_fd) int info = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t n = info < 0 ? 0 : read(info, text, sizeof text - 1);
    text[n > 0 ? n : 0] = '\0';
    for (const char *line = strstr(text, "lock:"); line; line = strstr(line + 1, "lock:")) {
        char first[200];
        snprintf(first, sizeof first, "%.*s", (int)strcspn(line, "\n"), line);
        if (strstr(first, "OFDLCK") && strstr(first, "WRITE"))
            return true;
    }
    return false;
}

static bool holds(pid_t pid, const struct stat *file)
{
    char path[40];
    snprintf(path, sizeof path, "/proc/%d/fd", (int)pid);
    DIR *fds = opendir(path);
    bool found = false;
    if (!fds)
        return false;
    for (struct dirent *entry; !found && (entry = readdir(fds));) {
        struct stat st;
        found = entry->d_name[0] != '.' && fstatat(dirfd(fds), entry->d_name, &st, 0) == 0 &&
                st.st_dev == file->st_dev && st.st_ino == file->st_ino &&
                locks_through(pid, entry->d_name);
    }
    closedir(fds);
    return found;
}

/* The start time is read before and after: in between it was one and the same process. */
static bool owner_of(pid_t pid, const struct stat *file, struct lock_owner *owner)
{
    struct process_stat before;
    struct process_stat after;
    if (!process_stat_read(pid, &before) || !holds(pid, file) || !process_stat_read(pid, &after) ||
        before.start != after.start)
        return false;
    process_self(&owner->id);
    owner->id.pid = pid;
    owner->id.pid_start = before.start;
    process_command(pid, owner->command);
    return true;
}

/* Root sees processes of other namespaces too: their numbers here are not those in a lock row. */
static bool same_namespace(pid_t pid)
{
    char path[40];
    struct stat here;
    struct stat there;
    snprintf(path, sizeof path, "/proc/%d/ns/pid", (int)pid);
    return stat("/proc/self/ns/pid", &here) == 0 && stat(path, &there) == 0 &&
           here.st_ino == there.st_ino && here.st_dev == there.st_dev;
}

size_t lock_owners(const char *path, struct lock_owner *owners, size_t room)
{
    struct stat file;
    DIR *proc = stat(path, &file) == 0 ? opendir("/proc") : NULL;
    size_t count = 0;
    if (!proc)
        return 0;
    for (struct dirent *entry; count < room && (entry = readdir(proc));) {
        char *end;
        long pid = strtol(entry->d_name, &end, 10);
        if (pid > 0 && !*end && pid != getpid() && same_namespace((pid_t)pid))
            count += owner_of((pid_t)pid, &file, &owners[count]);
    }
    closedir(proc);
    return count;
}

bool lock_owner_foreign(const char *path, struct lock_owner *owner)
{
    return lock_owners(path, owner, 1) > 0 && strncmp(owner->command, "lattice-", 8) != 0;
}
