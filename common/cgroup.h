/* Control groups (cgroup v2) as a fence around processes: nobody leaves one by forking. */
#ifndef LATTICE_COMMON_CGROUP_H
#define LATTICE_COMMON_CGROUP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "common/error.h"

/* For a worker: the folder of the group that it is to make and to start everything in. */
#define CGROUP_VARIABLE "LATTICE_CGROUP"

/* Where the caller's own group is in the file system, from the texts of /proc/self/mountinfo and
 * /proc/self/cgroup; pure. NULL if there is no cgroup v2 or it cannot be seen. Caller frees. */
char *cgroup_folder_parse(const char *mountinfo, const char *cgroup);

/* The same for this process, and then really makes a group in it, starts a process in that and ends
 * it there by cgroup.kill (Linux 5.14). Nothing stays behind. For a program of one thread. Caller
 * frees *own; on failure `e` says what was missing. */
CHECKED bool cgroup_try(char **own, struct error *e);

/* Makes the group if it is not there and opens its folder for cgroup_fork. Close-on-exec. A group
 * that cannot be opened is removed: one that is there says that all was started in it. */
CHECKED bool cgroup_make(const char *folder, int *fd, struct error *e);
/* As fork(2), and the child is in the group from its birth; errno as clone3(2) has it. Nobody is
 * moved: the kernel stops every fork, exec and exit of the machine while it moves a process. For a
 * program of one thread whose child does little before it executes another. */
pid_t cgroup_fork(int fd);
/* Opens its cgroup.kill for writing `1`; -1 if it cannot. Close-on-exec. */
int cgroup_open_kill(const char *folder);
/* SIGKILL for all that is in the group and below, also for what is being forked at that moment. */
void cgroup_kill(const char *folder);
/* Waits until it is empty, or gone. False if it is not after `wait_ms`. */
bool cgroup_wait_empty(const char *folder, int64_t wait_ms);
/* Removes it with the groups below it. False if something lives in it. */
bool cgroup_remove(const char *folder);

#endif
