/* Processes that a worker of this home started and that outlived it. */
#ifndef LATTICE_SUPERVISOR_LEFTOVERS_H
#define LATTICE_SUPERVISOR_LEFTOVERS_H

#include <sys/types.h>

#include "common/config.h"
#include "common/home.h"
#include "common/proc.h"

struct leftover {
    pid_t pid;
    char command[PROCESS_COMMAND_SIZE];
    char source[SOURCE_ID_MAX + 1];
};

/* Every process whose environment carries a mark of this home while no worker holds the lock of the
 * source that it names. */
typedef void (*leftover_handler)(void *owner, const struct leftover *leftover);
void leftovers_find(const struct home *home, leftover_handler handle, void *owner);

#endif
