/* How a database in WAL mode can be read by who may not write beside it. */
#ifndef LATTICE_COMMON_STORE_WAY_H
#define LATTICE_COMMON_STORE_WAY_H

#include <stdint.h>

#include "common/error.h"

/* A log is read through shared memory beside it, and both must be there or be made. Where nothing
 * can be made, a database without a log can be read as a file that nobody writes (*immutable); one
 * with a log cannot: without it the file may be older, or half of a checkpoint. False then;
 * CAUSE_STORE. */
CHECKED bool store_way_to_read(const char *path, bool *immutable, struct error *e);
/* The size of the log beside the database; 0 if there is none. */
int64_t store_log_bytes(const char *path);

#endif
