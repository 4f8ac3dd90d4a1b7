/* All processes as a tree, and the ending of a part of it; async-signal-safe throughout. */

/* A worker calls this from a signal handler in its last moments, so there is no memory from the
 * heap here, no stdio and no opendir(3). */
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
    ENTRIES_BYTES = 64 * 1024, /* of /proc, read at a time */
    CHILDREN_MAX = 16 * 1024,  /* processes of the system that a worker's last moments look at */
    REAPS_MAX = 1024, /* before the next look: one who forks without end never stops dying */
    DYING_MS = 10,    /* how long one wait for a killed child may take */
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

static pid_t to_number(const char *name)
{
    pid_t pid = 0;
    for (; *name; name++)
        pid = pid * 10 + (*name - '0');
    return pid;
}

/* Numbers alone, which is quick: with each process's file read meanwhile, one that forks as fast as
 * that and exits would keep us reading new ones for ever. */
static size_t list_numbers(int proc, struct process_stat *out, size_t room)
{
    _Alignas(struct entry) char entries[ENTRIES_BYTES];
    size_t count = 0;
    long size;
    while ((size = syscall(SYS_getdents64, proc, entries, sizeof entries)) > 0) {
        for (long at = 0; at < size;) {
            const struct entry *entry = (const void *)(entries + at);
            at += entry->size;
            if (!is_number(entry->name))
                continue;
            if (count < room)
                out[count].pid = to_number(entry->name);
            count++;
        }
    }
    return count;
}

size_t process_read_all(struct process_stat *out, size_t room)
{
    CLEANUP(close_fd) int proc = open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    size_t listed = proc < 0 ? 0 : list_numbers(proc, out, room);
    size_t count = 0;
    for (size_t i = 0; i < listed && i < room; i++)
        count += process_stat_read(out[i].pid, &out[count]);
    return listed > room ? listed : count;
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
    if (is_dead(stat))
        return -1;
    /* The pidfd first, the start second: what it names then cannot be a later process. */
    int fd = (int)syscall(SYS_pidfd_open, stat->pid, 0);
    struct process_stat now;
    bool sent = fd >= 0 && process_stat_read(stat->pid, &now) && now.start == stat->start &&
                !is_dead(&now) && syscall(SYS_pidfd_send_signal, fd, SIGKILL, NULL, 0) == 0;
    if (!sent)
        close_fd(&fd);
    return fd;
}

void process_kill_group(const struct process_stat *stat)
{
    if (stat->group > 1 && stat->group != getpgrp())
        kill(-stat->group, SIGKILL);
}

/* Of our children and theirs. Then waits a moment for one of them to be dead. */
static void kill_tree(struct process_stat *all, bool *chosen)
{
    size_t count = process_read_all(all, CHILDREN_MAX);
    pid_t self = getpid();
    pid_t group = 0;
    CLEANUP(close_fd) int last = -1;
    if (count > CHILDREN_MAX)
        count = CHILDREN_MAX;
    for (size_t i = 0; i < count; i++)
        chosen[i] = all[i].parent == self;
    process_choose_descendants(all, count, chosen);
    for (size_t i = 0; i < count; i++) {
        if (!chosen[i] || all[i].pid == self)
            continue;
        if (all[i].group != group)
            process_kill_group(&all[i]);
        group = all[i].group;
        int fd = process_kill(&all[i]);
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
        pid_t pid = 1;
        for (int i = 0; i < REAPS_MAX && (pid = waitpid(-1, &status, WNOHANG)) > 0; i++)
            *ended += WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL;
        if (pid < 0 && errno == ECHILD)
            return true;
        if (clock_monotonic_ms() >= until_ms)
            return false;
        kill_tree(all, chosen);
    }
}
