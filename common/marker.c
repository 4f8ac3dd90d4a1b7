/* Finding by its environment what a worker of this home and source ever started. */
#include "common/marker.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "common/cleanup.h"
#include "common/clock.h"

/* Ancestors looked at; a deeper tree of processes than this does not occur. */
enum { ANCESTORS_MAX = 64 };
/* Bytes of an environment read; Linux allows more, ours is put in front. */
enum { ENVIRON_MAX_BYTES = 256 * 1024 };
#define WORKER_PROGRAM "lattice-worker"

/* Up to the source, with the ':' behind it: whatever the run. */
static char *prefix(const struct home *home, const char *source)
{
    return xasprintf("%llx:%llx:%s:", (unsigned long long)home->device,
                     (unsigned long long)home->inode, source);
}

char *marker_value(const struct home *home, const char *source, const char *run_id)
{
    CLEANUP(free_text) char *start = prefix(home, source);
    return xasprintf("%s%s", start, run_id);
}

/* What follows MARKER_VARIABLE=<mark> in a NUL-separated environment; NULL if there is none. */
static const char *find_mark(const char *text, size_t size, const char *mark)
{
    static const char name[] = MARKER_VARIABLE "=";
    size_t mark_size = strlen(mark);
    for (size_t i = 0; i < size;) {
        size_t length = strnlen(text + i, size - i);
        if (length >= sizeof name - 1 + mark_size && memcmp(text + i, name, sizeof name - 1) == 0 &&
            memcmp(text + i + sizeof name - 1, mark, mark_size) == 0)
            return text + i + sizeof name - 1 + mark_size;
        i += length + 1;
    }
    return NULL;
}

static bool read_environment(pid_t pid, struct buf *memory)
{
    char path[40];
    snprintf(path, sizeof path, "/proc/%d/environ", (int)pid);
    CLEANUP(close_fd) int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return false;
    buf_reset(memory);
    buf_reserve(memory, ENVIRON_MAX_BYTES);
    /* Whole in one read, unless it is longer than that. */
    ssize_t n = read(fd, memory->data, ENVIRON_MAX_BYTES);
    memory->size = n > 0 ? (size_t)n : 0;
    memory->data[memory->size] = '\0';
    return memory->size > 0;
}

static bool marked(pid_t pid, const char *mark, struct buf *memory)
{
    return read_environment(pid, memory) && find_mark(memory->data, memory->size, mark);
}

bool marker_read(const struct home *home, pid_t pid, struct buf *memory, struct mark *mark)
{
    char ours[48];
    snprintf(ours, sizeof ours, "%llx:%llx:", (unsigned long long)home->device,
             (unsigned long long)home->inode);
    const char *rest =
        read_environment(pid, memory) ? find_mark(memory->data, memory->size, ours) : NULL;
    size_t source = rest ? strcspn(rest, ":") : 0;
    if (!rest || rest[source] != ':' || source >= sizeof mark->source ||
        strlen(rest + source + 1) >= sizeof mark->run_id)
        return false;
    snprintf(mark->source, sizeof mark->source, "%.*s", (int)source, rest);
    snprintf(mark->run_id, sizeof mark->run_id, "%s", rest + source + 1);
    return true;
}

static size_t ancestors(pid_t out[ANCESTORS_MAX])
{
    size_t count = 0;
    struct process_stat stat;
    for (pid_t pid = getpid(); pid > 0 && count < ANCESTORS_MAX; pid = stat.parent) {
        out[count++] = pid;
        if (!process_stat_read(pid, &stat))
            break;
    }
    return count;
}

static bool among(pid_t pid, const pid_t *list, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (list[i] == pid)
            return true;
    return false;
}

/* Descriptors of processes that were signalled. */
struct found {
    int *fds; /* owned */
    size_t count;
    size_t room;
};

/* Takes `fd`. */
static void keep(struct found *found, int fd)
{
    if (found->count == found->room) {
        found->room = found->room ? 2 * found->room : 16;
        found->fds = xrealloc(found->fds, found->room * sizeof *found->fds);
    }
    found->fds[found->count++] = fd;
}

/* The worker's program, which stands beside whoever asks. */
struct program {
    dev_t device;
    ino_t inode; /* 0: none */
};

static struct program find_worker(void)
{
    char path[PATH_MAX];
    struct stat st;
    ssize_t size = readlink("/proc/self/exe", path, sizeof path - sizeof "/" WORKER_PROGRAM);
    path[size > 0 ? size : 0] = '\0';
    char *slash = strrchr(path, '/');
    if (!slash)
        return (struct program){0};
    memcpy(slash, "/" WORKER_PROGRAM, sizeof "/" WORKER_PROGRAM);
    return stat(path, &st) == 0 ? (struct program){st.st_dev, st.st_ino} : (struct program){0};
}

/* A worker that leads its group was started by a supervisor. It is none that was left: without the
 * kernel lock it touches nothing, and it ends by itself when its supervisor is gone, unless it is
 * stopped. */
static bool is_live_worker(const struct process_stat *process, const struct program *worker)
{
    char path[40];
    struct stat st;
    snprintf(path, sizeof path, "/proc/%d/exe", (int)process->pid);
    return process->group == process->pid && process->state != 'T' && process->state != 't' &&
           stat(path, &st) == 0 && st.st_ino == worker->inode && st.st_dev == worker->device;
}

/* Other users' processes are not ours to signal. */
static bool is_own(pid_t pid)
{
    char path[40];
    struct stat st;
    snprintf(path, sizeof path, "/proc/%d", (int)pid);
    return stat(path, &st) == 0 && (geteuid() == 0 || st.st_uid == geteuid());
}

struct hunt {
    const char *mark;
    int signal;
    struct program worker;
    pid_t spared[ANCESTORS_MAX];
    size_t spared_count;
    struct buf memory;
};

/* Nearly all are not marked: they cost one reading. For the others the pidfd is opened before the
 * environment is read again, so the signal cannot hit a later process that got the same number. */
static void signal_if_marked(struct hunt *hunt, pid_t pid, struct found *found)
{
    struct process_stat stat;
    if (!marked(pid, hunt->mark, &hunt->memory) || among(pid, hunt->spared, hunt->spared_count) ||
        !is_own(pid))
        return;
    int fd = (int)syscall(SYS_pidfd_open, pid, 0);
    if (fd < 0)
        return;
    if (marked(pid, hunt->mark, &hunt->memory) && process_stat_read(pid, &stat) &&
        stat.state != 'Z' && stat.state != 'X' && !is_live_worker(&stat, &hunt->worker) &&
        syscall(SYS_pidfd_send_signal, fd, hunt->signal, NULL, 0) == 0)
        keep(found, fd);
    else
        close(fd);
}

/* To every one whose mark begins with `mark`. */
static void signal_all(const char *mark, int signal, struct found *found)
{
    struct hunt hunt = {.mark = mark, .signal = signal, .worker = find_worker()};
    DIR *proc = opendir("/proc");
    if (!proc)
        return;
    hunt.spared_count = ancestors(hunt.spared);
    for (struct dirent *entry; (entry = readdir(proc));) {
        char *end;
        long pid = strtol(entry->d_name, &end, 10);
        if (pid > 1 && !*end)
            signal_if_marked(&hunt, (pid_t)pid, found);
    }
    closedir(proc);
    buf_release(&hunt.memory);
}

static void found_release(struct found *found)
{
    for (size_t i = 0; i < found->count; i++)
        close(found->fds[i]);
    free(found->fds);
    *found = (struct found){0};
}

size_t marker_signal(const struct home *home, const char *source, int signal)
{
    CLEANUP(free_text) char *mark = prefix(home, source);
    struct found found = {0};
    signal_all(mark, signal, &found);
    size_t count = found.count;
    found_release(&found);
    return count;
}

/* True once all have ended; false at `until_ms`. */
static bool wait_all(const struct found *found, int64_t until_ms)
{
    for (size_t i = 0; i < found->count; i++) {
        struct pollfd end = {.fd = found->fds[i], .events = POLLIN};
        int64_t left;
        int n = 0;
        while ((left = until_ms - clock_monotonic_ms()) > 0 && (n = poll(&end, 1, (int)left)) < 0 &&
               errno == EINTR)
            continue;
        if (n <= 0)
            return false;
    }
    return true;
}

size_t marker_end(const struct home *home, const char *source, const char *run_id, int64_t wait_ms)
{
    CLEANUP(free_text)
    char *mark = run_id ? marker_value(home, source, run_id) : prefix(home, source);
    int64_t until_ms = clock_monotonic_ms() + wait_ms;
    size_t count = 0;
    bool more = true;
    while (more) {
        struct found found = {0};
        signal_all(mark, SIGKILL, &found);
        count += found.count;
        more = found.count > 0 && wait_all(&found, until_ms);
        found_release(&found);
    }
    return count;
}
