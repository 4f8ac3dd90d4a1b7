/* Who a process is: a pid is a process only with its start time, boot and pid namespace. */
#ifndef LATTICE_COMMON_PROC_H
#define LATTICE_COMMON_PROC_H

#include <stdbool.h>
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
    uint64_t start;
};

void process_self(struct process_identity *id);
/* False if there is no such process. */
bool process_stat_read(pid_t pid, struct process_stat *stat);
/* Text of /proc/PID/stat to struct; pure. */
bool process_stat_parse(const char *text, struct process_stat *stat);

enum liveness { PROCESS_DEAD, PROCESS_ALIVE, PROCESS_UNKNOWN /* other host or pid namespace */ };
/* A zombie is dead: it holds nothing. */
enum liveness process_liveness(const struct process_identity *id);
/* Sends `signal` only if the identity still holds, by pidfd; false if it is gone. */
bool process_signal(const struct process_identity *id, int signal);

#endif
