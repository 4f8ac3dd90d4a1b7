/* Kernel locks on files of the home: the kernel decides who may write. */
#ifndef LATTICE_COMMON_LOCK_H
#define LATTICE_COMMON_LOCK_H

#include "common/error.h"

enum lock_answer { LOCK_TAKEN, LOCK_BUSY, LOCK_FAILED };

/* fcntl(2) open-file-description write lock on the whole file, which is made with mode 0600.
 * After locking, the descriptor's inode equals the path's, or it tries again. Never waits.
 * LOCK_TAKEN: *fd is owned, close-on-exec; else it is -1. LOCK_FAILED: `e` is filled (CAUSE_STORE),
 * errno says why. */
enum lock_answer lock_kernel_acquire(const char *path, int *fd, struct error *e);
/* The same, but waits until nobody else holds it; never LOCK_BUSY. A cancellation point for
 * threads: *fd is -1, or open and the thread's to close. */
enum lock_answer lock_kernel_wait(const char *path, int *fd, struct error *e);
/* The same lock on a file that is open for writing. LOCK_FAILED: errno says why. */
enum lock_answer lock_kernel_take(int fd);
/* Is the file that is open still the one of that name? */
bool lock_kernel_is_at(int fd, const char *path);
/* Does somebody hold it? Takes nothing, and makes no file. */
bool lock_kernel_held(const char *path);
/* Unlocks explicitly, since a fork may hold a copy of the descriptor, closes, sets -1. */
void lock_kernel_release(int *fd);

#endif
