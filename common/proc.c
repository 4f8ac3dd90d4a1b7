/* Who a process is, from /proc. */
#include "common/proc.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "common/cleanup.h"

/* Reads a small file whole; "" if it cannot. */
static void slurp(const char *path, char *out, size_t size)
{
    CLEANUP(close_fd) int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t n = fd < 0 ? 0 : read(fd, out, size - 1);
    out[n > 0 ? n : 0] = '\0';
}

/* The next field as a number. */
static bool next_number(const char **at, uint64_t *number)
{
    const char *p = *at;
    *number = 0;
    while (*p == ' ')
        p++;
    bool negative = *p == '-';
    p += negative;
    if (*p < '0' || *p > '9')
        return false;
    for (; *p >= '0' && *p <= '9'; p++)
        *number = *number * 10 + (uint64_t)(*p - '0');
    if (negative)
        *number = 0 - *number;
    *at = p;
    return true;
}

/* Fields are counted as in proc_pid_stat(5): 4 is the parent, 22 the start. */
enum { FIELD_PARENT = 4, FIELD_GROUP = 5, FIELD_SESSION = 6, FIELD_FLAGS = 9, FIELD_START = 22 };
/* PF_KTHREAD of the kernel's include/linux/sched.h */
enum { FLAG_KERNEL_THREAD = 0x00200000 };

bool process_stat_parse(const char *text, struct process_stat *stat)
{
    /* The name in brackets may hold anything, brackets and newlines too: the last ')' ends it. */
    const char *at = strrchr(text, ')');
    uint64_t number[FIELD_START + 1] = {0};
    if (!at || !next_number(&text, &number[1]) || at[1] != ' ' || !at[2])
        return false;
    char state = at[2];
    at += 3;
    for (int i = FIELD_PARENT; i <= FIELD_START; i++)
        if (!next_number(&at, &number[i]))
            return false;
    *stat = (struct process_stat){.pid = (pid_t)number[1],
                                  .state = state,
                                  .parent = (pid_t)number[FIELD_PARENT],
                                  .group = (pid_t)number[FIELD_GROUP],
                                  .session = (pid_t)number[FIELD_SESSION],
                                  .kernel = (number[FIELD_FLAGS] & FLAG_KERNEL_THREAD) != 0,
                                  .start = number[FIELD_START]};
    return true;
}

bool process_stat_read(pid_t pid, struct process_stat *stat)
{
    char path[40];
    char text[1024];
    snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
    slurp(path, text, sizeof text);
    return process_stat_parse(text, stat);
}

void process_command(pid_t pid, char command[PROCESS_COMMAND_SIZE])
{
    char path[40];
    snprintf(path, sizeof path, "/proc/%d/comm", (int)pid);
    slurp(path, command, PROCESS_COMMAND_SIZE);
    command[strcspn(command, "\n")] = '\0';
}

static void read_boot(struct process_identity *id)
{
    slurp("/proc/sys/kernel/random/boot_id", id->boot_id, sizeof id->boot_id);
    id->boot_id[strcspn(id->boot_id, "\n")] = '\0';
    struct stat st;
    id->pid_namespace = stat("/proc/self/ns/pid", &st) == 0 ? (uint64_t)st.st_ino : 0;
    if (gethostname(id->host, sizeof id->host) != 0)
        id->host[0] = '\0';
    id->host[sizeof id->host - 1] = '\0';
}

void process_self(struct process_identity *id)
{
    *id = (struct process_identity){.pid = getpid()};
    read_boot(id);
    struct process_stat stat;
    if (process_stat_read(id->pid, &stat))
        id->pid_start = stat.start;
}

enum liveness process_liveness(const struct process_identity *id)
{
    struct process_identity here = {0};
    struct process_stat stat;
    read_boot(&here);
    /* Another boot id on the same host means that it was restarted since; elsewhere we cannot see.
     */
    if (strcmp(id->boot_id, here.boot_id) != 0)
        return strcmp(id->host, here.host) == 0 ? PROCESS_DEAD : PROCESS_UNKNOWN;
    if (id->pid_namespace != here.pid_namespace)
        return PROCESS_UNKNOWN;
    if (!process_stat_read(id->pid, &stat) || stat.start != id->pid_start)
        return PROCESS_DEAD;
    return stat.state == 'Z' || stat.state == 'X' ? PROCESS_DEAD : PROCESS_ALIVE;
}

bool process_signal(const struct process_identity *id, int signal)
{
    /* The pidfd first, the identity second: what it names then cannot be another process. */
    CLEANUP(close_fd) int fd = (int)syscall(SYS_pidfd_open, id->pid, 0);
    if (fd < 0 && errno != ENOSYS)
        return false;
    if (process_liveness(id) != PROCESS_ALIVE)
        return false;
    if (fd < 0)
        return kill(id->pid, signal) == 0;
    return syscall(SYS_pidfd_send_signal, fd, signal, NULL, 0) == 0;
}
