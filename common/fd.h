/* File descriptors. */
#ifndef LATTICE_COMMON_FD_H
#define LATTICE_COMMON_FD_H

#include <stdbool.h>
#include <stddef.h>

/* All of it, over short writes and signals; false with errno. Blocks. */
bool fd_write_all(int fd, const void *bytes, size_t size) __attribute__((warn_unused_result));

#endif
