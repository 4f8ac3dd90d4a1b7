/* One look at /proc for marks of this home. */
#include "supervisor/leftovers.h"

#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/marker.h"
#include "common/status.h"
#include "common/text.h"

static bool is_alive(pid_t pid)
{
    struct process_stat stat;
    return process_stat_read(pid, &stat) && stat.state != 'Z' && stat.state != 'X';
}

void leftovers_find(const struct home *home, leftover_handler handle, void *owner)
{
    DIR *proc = opendir("/proc");
    if (!proc)
        return;
    struct buf memory = {0};
    for (struct dirent *entry; (entry = readdir(proc));) {
        char *end;
        struct mark mark;
        pid_t pid = (pid_t)strtol(entry->d_name, &end, 10);
        if (pid <= 1 || *end || pid == getpid() || !marker_read(home, pid, &memory, &mark) ||
            !is_alive(pid) || !source_id_valid(mark.source) || source_is_locked(home, mark.source))
            continue;
        struct leftover leftover = {.pid = pid};
        memcpy(leftover.source, mark.source, sizeof leftover.source);
        process_command(pid, leftover.command);
        handle(owner, &leftover);
    }
    closedir(proc);
    buf_release(&memory);
}
