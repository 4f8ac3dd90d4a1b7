/* One look at /proc for marks of this home. */
#include "supervisor/leftovers.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/cleanup.h"
#include "common/marker.h"
#include "common/proc.h"
#include "common/status.h"
#include "common/text.h"

/* As in marker.c: ours is put in front. */
enum { ENVIRON_MAX_BYTES = 256 * 1024 };

static void slurp(const char *path, struct buf *out)
{
    CLEANUP(close_fd) int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t n;
    buf_reset(out);
    buf_reserve(out, ENVIRON_MAX_BYTES);
    while (fd >= 0 && out->size < ENVIRON_MAX_BYTES - 1 &&
           (n = read(fd, out->data + out->size, ENVIRON_MAX_BYTES - 1 - out->size)) > 0)
        out->size += (size_t)n;
    out->data[out->size] = '\0';
}

/* The value of MARKER_VARIABLE, NULL if there is none. */
static const char *mark_in(const struct buf *environment)
{
    static const char name[] = MARKER_VARIABLE "=";
    for (size_t i = 0; i < environment->size; i += strlen(environment->data + i) + 1)
        if (strncmp(environment->data + i, name, sizeof name - 1) == 0)
            return environment->data + i + sizeof name - 1;
    return NULL;
}

static bool is_alive(pid_t pid)
{
    struct process_stat stat;
    return process_stat_read(pid, &stat) && stat.state != 'Z' && stat.state != 'X';
}

static bool look_at(pid_t pid, const char *start, struct buf *memory, struct leftover *leftover)
{
    char path[40];
    snprintf(path, sizeof path, "/proc/%d/environ", (int)pid);
    slurp(path, memory);
    const char *mark = mark_in(memory);
    if (!mark || strncmp(mark, start, strlen(start)) != 0 || !is_alive(pid))
        return false;
    mark += strlen(start);
    *leftover = (struct leftover){.pid = pid};
    snprintf(leftover->source, sizeof leftover->source, "%.*s", (int)strcspn(mark, ":"), mark);
    snprintf(path, sizeof path, "/proc/%d/comm", (int)pid);
    slurp(path, memory);
    snprintf(leftover->command, sizeof leftover->command, "%.*s", (int)strcspn(memory->data, "\n"),
             memory->data);
    return true;
}

void leftovers_find(const struct home *home, leftover_handler handle, void *owner)
{
    DIR *proc = opendir("/proc");
    if (!proc)
        return;
    CLEANUP(free_text) char *prefix = marker_value(home, "", "");
    prefix[strlen(prefix) - 1] = '\0'; /* `device:inode::`: the source comes before the last one */
    struct buf memory = {0};
    for (struct dirent *entry; (entry = readdir(proc));) {
        char *end;
        struct leftover leftover;
        long pid = strtol(entry->d_name, &end, 10);
        if (pid > 1 && !*end && pid != getpid() &&
            look_at((pid_t)pid, prefix, &memory, &leftover) && source_id_valid(leftover.source) &&
            !source_is_locked(home, leftover.source))
            handle(owner, &leftover);
    }
    closedir(proc);
    buf_release(&memory);
}
