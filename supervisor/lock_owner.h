/* Who holds a kernel lock: the processes, not what somebody wrote down. */
#ifndef LATTICE_SUPERVISOR_LOCK_OWNER_H
#define LATTICE_SUPERVISOR_LOCK_OWNER_H

#include <stddef.h>

#include "common/proc.h"

struct lock_owner {
    struct process_identity id;
    char command[PROCESS_COMMAND_SIZE];
};

/* Processes of this pid namespace that hold an open-file-description write lock on `path`, by
 * /proc/PID/fdinfo; the caller is not among them. At most `room`. Those of other users are seen by
 * root alone. A fork between its fork and its exec holds the lock together with its parent. */
size_t lock_owners(const char *path, struct lock_owner *owners, size_t room);
/* Does a process hold it that is no program of ours, and so will never write a row? */
bool lock_owner_foreign(const char *path, struct lock_owner *owner);

#endif
