/* A hash of everything besides the head that shapes what a store holds. */
#ifndef LATTICE_WORKER_SYNC_SHAPE_H
#define LATTICE_WORKER_SYNC_SHAPE_H

#include "common/config.h"

enum { SHAPE_SIZE = 33 };

/* 32 hexadecimal digits of XXH3-128. */
void shape_of(const struct source_config *source, char shape[SHAPE_SIZE]);

#endif
