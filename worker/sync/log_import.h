/* The import of a folder of logs: what was appended, what is new, what is another, what went. */
#ifndef LATTICE_WORKER_SYNC_LOG_IMPORT_H
#define LATTICE_WORKER_SYNC_LOG_IMPORT_H

#include "worker/sync/log_tree.h"

enum step log_import(struct sync *sync, const struct log_tree *tree, struct error *e);

#endif
