/* Who a process is: a pid is a process only with its start time, boot and pid namespace. */
#ifndef LATTICE_COMMON_PROC_H
#define LATTICE_COMMON_PROC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct process_identity {
    char host[65];
    char boot_id[40];       /* /proc/sys/kernel/random/boot_id */
    uint64_t pid_namespace; /* inode of /proc/self/ns/pid */
    pid_t pid;
    uint64_t pid_start; /* clock ticks since boot: field 22 of /proc/PID/stat */
};

/* What /proc/PID/stat says; see proc_pid_stat(5). */
struct process_stat {
    pid_t pid;
    char state; /* 'R' 'S' 'D' 'T' 'Z' 'X' ... */
    pid_t parent;
    pid_t group;
    pid_t session;
    bool kernel; /* a thread of the kernel: it has no environment and is nobody's */
    uint64_t start;
};

void process_self(struct process_identity *id);
/* False if there is no such process. */
bool process_stat_read(pid_t pid, struct process_stat *stat);
enum { PROCESS_COMMAND_SIZE = 16 };
/* Its name, as the kernel cuts it; "" if there is no such process. */
void process_command(pid_t pid, char command[PROCESS_COMMAND_SIZE]);
/* Text of /proc/PID/stat to struct; pure. Async-signal-safe. */
bool process_stat_parse(const char *text, struct process_stat *stat);

/* All processes that /proc shows, in the order of their numbers, zombies too. Returns how many
 * there are; those beyond `room`, and then some of the others, are not in `out`. Async-signal-safe.
 */
size_t process_read_all(struct process_stat *out, size_t room);
/* Adds to the chosen ones of such a list all that descend from one of them. Async-signal-safe. */
void process_choose_descendants(const struct process_stat *all, size_t count, bool *chosen);
/* SIGKILLs what a line of such a list names if it still is that process. Returns a pidfd (owned),
 * -1 if it is gone or must not be killed. Async-signal-safe. */
int process_kill(const struct process_stat *stat);

/* SIGKILLs the process group of one of such a list, dead or not, unless it is the caller's own. Who
 * forks without end and exits is never alive by the time its number is signalled, but its group is:
 * the kernel signals a group as one, also whom it is just forking. Only for what has left the
 * session of whoever must live, and right after the list was read: a number is not given out again
 * before all others were. Async-signal-safe. */
void process_kill_group(const struct process_stat *stat);

/* Ends by SIGKILL every child of the caller and what descends from them, and reaps them, until
 * there is none (ECHILD) or for `wait_ms`. Exact if the caller is a subreaper (prctl(2)): then
 * whoever loses its parent becomes a child of the caller. For a program of one thread that waits
 * for no other child meanwhile. *ended counts those that were killed. Async-signal-safe. */
bool process_end_children(int64_t wait_ms, size_t *ended);

enum liveness { PROCESS_DEAD, PROCESS_ALIVE, PROCESS_UNKNOWN /* other host or pid namespace */ };
/* A zombie is dead: it holds nothing. */
enum liveness process_liveness(const struct process_identity *id);
/* Sends `signal` only if the identity still holds, by pidfd; false if it is gone. */
bool process_signal(const struct process_identity *id, int signal);

#endif
