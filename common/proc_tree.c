/* All processes as a tree, and the ending of a part of it; async-signal-safe throughout. */

/* A worker calls this from a signal handler in its last moments, so there is no memory from the
 * heap here, no stdio and no opendir(3). */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/cleanup.h"
#include "common/clock.h"
#include "common/proc.h"

enum {
    ENTRIES_BYTES = 16 * 1024, /* of /proc, read at a time */
    CHILDREN_MAX = 16 * 1024,  /* processes of the system that a worker's last moments look at */
    DYING_MS = 10,             /* how long one wait for a killed child may take */
    STAT_BYTES = 1024,
};

/* As getdents64(2) gives it. */
struct entry {
    uint64_t inode;
    int64_t offset;
    unsigned short size;
    unsigned char type;
    char name[];
};

static bool is_number(const char *name)
{
    size_t digits = strspn(name, "0123456789");
    return digits > 0 && digits < 12 && !name[digits];
}

static bool read_stat(int proc, const char *name, struct process_stat *stat)
{
    char path[24];
    char text[STAT_BYTES];
    size_t length = strlen(name);
    memcpy(path, name, length);
    memcpy(path + length, "/stat", sizeof "/stat");
    CLEANUP(close_fd) int fd = openat(proc, path, O_RDONLY | O_CLOEXEC);
    ssize_t n = fd < 0 ? 0 : read(fd, text, sizeof text - 1);
    text[n > 0 ? n : 0] = '\0';
    return process_stat_parse(text, stat);
}

size_t process_read_all(struct process_stat *out, size_t room)
{
    _Alignas(struct entry) char entries[ENTRIES_BYTES];
    CLEANUP(close_fd) int proc = open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    size_t count = 0;
    long size;
    while (proc >= 0 && (size = syscall(SYS_getdents64, proc, entries, sizeof entries)) > 0) {
        for (long at = 0; at < size;) {
            const struct entry *entry = (const void *)(entries + at);
            struct process_stat stat;
            at += entry->size;
            if (!is_number(entry->name) || !read_stat(proc, entry->name, &stat))
                continue;
            if (count < room)
                out[count] = stat;
            count++;
        }
    }
    return count;
}

/* By halving: /proc is in the order of the numbers. */
static bool is_chosen(const struct process_stat *all, size_t count, const bool *chosen, pid_t pid)
{
    size_t low = 0;
    size_t high = count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (all[middle].pid == pid)
            return chosen[middle];
        if (all[middle].pid < pid)
            low = middle + 1;
        else
            high = middle;
    }
    return false;
}

void process_choose_descendants(const struct process_stat *all, size_t count, bool *chosen)
{
    bool more = true;
    while (more) {
        more = false;
        for (size_t i = 0; i < count; i++)
            if (!chosen[i] && is_chosen(all, count, chosen, all[i].parent))
                more = chosen[i] = true;
    }
}

static bool is_dead(const struct process_stat *stat)
{
    return stat->state == 'Z' || stat->state == 'X';
}

int process_kill(const struct process_stat *stat)
{
    /* The pidfd first, the start second: what it names then cannot be a later process. */
    CLEANUP(close_fd) int fd = (int)syscall(SYS_pidfd_open, stat->pid, 0);
    struct process_stat now;
    if (fd < 0 || !process_stat_read(stat->pid, &now) || now.start != stat->start ||
        is_dead(&now) || syscall(SYS_pidfd_send_signal, fd, SIGKILL, NULL, 0) != 0)
        return -1;
    int kept = fd;
    fd = -1;
    return kept;
}

/* Of our children and theirs. Then waits a moment for one of them to be dead. */
static void kill_tree(struct process_stat *all, bool *chosen)
{
    size_t count = process_read_all(all, CHILDREN_MAX);
    pid_t self = getpid();
    CLEANUP(close_fd) int last = -1;
    if (count > CHILDREN_MAX)
        count = CHILDREN_MAX;
    for (size_t i = 0; i < count; i++)
        chosen[i] = all[i].parent == self;
    process_choose_descendants(all, count, chosen);
    for (size_t i = 0; i < count; i++) {
        int fd = chosen[i] && all[i].pid != self ? process_kill(&all[i]) : -1;
        if (fd < 0)
            continue;
        close_fd(&last);
        last = fd;
    }
    struct pollfd end = {.fd = last, .events = POLLIN};
    if (last >= 0)
        poll(&end, 1, DYING_MS);
}

bool process_end_children(int64_t wait_ms, size_t *ended)
{
    /* The caller has one thread, and a signal handler that interrupts it here does not return. */
    static struct process_stat all[CHILDREN_MAX];
    static bool chosen[CHILDREN_MAX];
    int64_t until_ms = clock_monotonic_ms() + wait_ms;
    *ended = 0;
    for (;;) {
        int status;
        pid_t pid;
        while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
            *ended += WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL;
        if (pid < 0 && errno == ECHILD)
            return true;
        if (clock_monotonic_ms() >= until_ms)
            return false;
        kill_tree(all, chosen);
    }
}
