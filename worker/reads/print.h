/* Answers as text for people; everything that comes from sources is escaped. */
#ifndef LATTICE_WORKER_READS_PRINT_H
#define LATTICE_WORKER_READS_PRINT_H

#include "worker/reads/shell.h"

bool print_search(struct buf *out, json_t *answer, const struct print_style *style);

#endif
