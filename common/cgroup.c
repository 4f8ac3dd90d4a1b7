/* cgroup v2: found, tried, filled, killed. See cgroups(7) and the kernel's cgroup-v2.rst. */
#include "common/cgroup.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/cleanup.h"
#include "common/clock.h"
#include "common/text.h"

enum { MOUNTINFO_ROOT = 3, MOUNTINFO_POINT = 4 };

/* The n-th word of a line, from 0; "" if there is none. Caller frees. */
static char *word(const char *line, int n)
{
    while (n-- > 0) {
        line += strcspn(line, " \n");
        line += *line == ' ';
    }
    return xstrndup(line, strcspn(line, " \n"));
}

/* mountinfo writes blanks and the like as \ooo; in place. */
static void unescape(char *text)
{
    char *to = text;
    for (const char *from = text; *from; to++) {
        bool octal = from[0] == '\\' && strspn(from + 1, "01234567") >= 3;
        *to = octal ? (char)((from[1] - '0') * 64 + (from[2] - '0') * 8 + (from[3] - '0')) : *from;
        from += octal ? 4 : 1;
    }
    *to = '\0';
}

/* The path of our group within the hierarchy: the line `0::/path`. Caller frees. */
static char *own_path(const char *cgroup)
{
    for (const char *line = cgroup; line && *line; line = strchr(line, '\n')) {
        line += *line == '\n';
        if (strncmp(line, "0::/", 4) == 0)
            return xstrndup(line + 3, strcspn(line + 3, "\n"));
    }
    return NULL;
}

/* `path` below the mount's root, or NULL. */
static const char *below(const char *path, const char *root)
{
    size_t length = strcmp(root, "/") == 0 ? 0 : strlen(root);
    if (strncmp(path, root, length) != 0 || (path[length] != '/' && path[length]))
        return NULL;
    return strcmp(path + length, "/") == 0 ? "" : path + length;
}

static char *folder_of_line(const char *line, const char *path)
{
    const char *type = strstr(line, " - ");
    if (!type || type > line + strcspn(line, "\n") || strncmp(type + 3, "cgroup2 ", 8) != 0)
        return NULL;
    CLEANUP(free_text) char *root = word(line, MOUNTINFO_ROOT);
    CLEANUP(free_text) char *point = word(line, MOUNTINFO_POINT);
    unescape(root);
    unescape(point);
    const char *rest = below(path, root);
    return rest ? xasprintf("%s%s", point, rest) : NULL;
}

char *cgroup_folder_parse(const char *mountinfo, const char *cgroup)
{
    CLEANUP(free_text) char *path = own_path(cgroup);
    char *found = NULL;
    /* A namespace may show a group outside of what it can reach as /../... */
    if (!path || strncmp(path, "/..", 3) == 0)
        return NULL;
    for (const char *line = mountinfo; !found && line && *line; line = strchr(line, '\n')) {
        line += *line == '\n';
        found = folder_of_line(line, path);
    }
    return found;
}

static char *read_whole(const char *path)
{
    struct buf text = {0};
    char part[4096];
    ssize_t n;
    CLEANUP(close_fd) int fd = open(path, O_RDONLY | O_CLOEXEC);
    while (fd >= 0 && (n = read(fd, part, sizeof part)) > 0)
        buf_add(&text, part, (size_t)n);
    return buf_take(&text);
}

static bool write_file(const char *folder, const char *file, const char *text)
{
    CLEANUP(free_text) char *path = xasprintf("%s/%s", folder, file);
    CLEANUP(close_fd) int fd = open(path, O_WRONLY | O_CLOEXEC);
    return fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text);
}

/* A child in the group that waits to be killed. */
static pid_t start_victim(int folder)
{
    pid_t parent = getpid();
    pid_t pid = cgroup_fork(folder);
    if (pid != 0)
        return pid;
    prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
    if (getppid() != parent)
        _exit(0);
    for (;;)
        pause();
}

static bool kill_one_in(const char *folder, struct error *e)
{
    int status = 0;
    CLEANUP(close_fd) int fd = -1;
    if (!cgroup_make(folder, &fd, e))
        return false;
    pid_t pid = start_victim(fd);
    if (pid < 0)
        return error_set(e, CAUSE_CONFIG, "cannot start a process in %s: %s", folder,
                         strerror(errno));
    bool killed = write_file(folder, "cgroup.kill", "1");
    int reason = errno;
    if (!killed)
        kill(pid, SIGKILL);
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
        ;
    return killed || error_set(e, CAUSE_CONFIG, "no cgroup.kill in %s: %s (Linux 5.14 has it)",
                               folder, strerror(reason));
}

bool cgroup_try(char **own, struct error *e)
{
    CLEANUP(free_text) char *mounts = read_whole("/proc/self/mountinfo");
    CLEANUP(free_text) char *groups = read_whole("/proc/self/cgroup");
    CLEANUP(free_text) char *found = cgroup_folder_parse(mounts, groups);
    if (!found)
        return error_set(e, CAUSE_CONFIG, "no cgroup v2 is mounted that shows our own group");
    CLEANUP(free_text) char *probe = xasprintf("%s/lattice-probe-%d", found, (int)getpid());
    bool works = kill_one_in(probe, e);
    cgroup_wait_empty(probe, 1000);
    rmdir(probe);
    if (!works)
        return false;
    *own = found;
    found = NULL;
    return true;
}

bool cgroup_make(const char *folder, int *fd, struct error *e)
{
    if (mkdir(folder, 0700) != 0 && errno != EEXIST)
        return error_set(e, CAUSE_CONFIG, "make %s: %s", folder, strerror(errno));
    *fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (*fd >= 0)
        return true;
    error_set(e, CAUSE_CONFIG, "open %s: %s", folder, strerror(errno));
    rmdir(folder);
    return false;
}

pid_t cgroup_fork(int fd)
{
    struct clone_args args = {
        .flags = CLONE_INTO_CGROUP, .exit_signal = SIGCHLD, .cgroup = (uint64_t)fd};
    return (pid_t)syscall(SYS_clone3, &args, sizeof args);
}

int cgroup_open_kill(const char *folder)
{
    CLEANUP(free_text) char *path = xasprintf("%s/cgroup.kill", folder);
    return open(path, O_WRONLY | O_CLOEXEC);
}

void cgroup_kill(const char *folder)
{
    if (!write_file(folder, "cgroup.kill", "1"))
        return; /* it is gone, and so is all that was in it */
}

bool cgroup_wait_empty(const char *folder, int64_t wait_ms)
{
    CLEANUP(free_text) char *path = xasprintf("%s/cgroup.events", folder);
    CLEANUP(close_fd) int fd = open(path, O_RDONLY | O_CLOEXEC);
    int64_t until_ms = clock_monotonic_ms() + wait_ms;
    while (fd >= 0) {
        char text[256];
        ssize_t n = pread(fd, text, sizeof text - 1, 0);
        text[n > 0 ? n : 0] = '\0';
        if (n <= 0 || strstr(text, "populated 0"))
            return true;
        /* The kernel reports each change of the file as an exceptional condition. */
        struct pollfd change = {.fd = fd, .events = POLLPRI};
        int64_t left_ms = until_ms - clock_monotonic_ms();
        if (left_ms <= 0 || poll(&change, 1, (int)left_ms) == 0)
            return false;
    }
    return true;
}

bool cgroup_remove(const char *folder)
{
    if (rmdir(folder) == 0 || errno == ENOENT)
        return true;
    DIR *dir = opendir(folder);
    if (!dir)
        return false;
    for (struct dirent *entry; (entry = readdir(dir));) {
        if (entry->d_type != DT_DIR || entry->d_name[0] == '.')
            continue;
        CLEANUP(free_text) char *path = xasprintf("%s/%s", folder, entry->d_name);
        cgroup_remove(path);
    }
    closedir(dir);
    return rmdir(folder) == 0 || errno == ENOENT;
}
