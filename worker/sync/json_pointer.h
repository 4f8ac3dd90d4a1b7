/* JSON pointers (RFC 6901); pure. */
#ifndef LATTICE_WORKER_SYNC_JSON_POINTER_H
#define LATTICE_WORKER_SYNC_JSON_POINTER_H

#include <jansson.h>

/* The value that `pointer` names in `root`, borrowed; NULL if there is none or if it is no pointer.
 * "" names the root itself. */
json_t *json_pointer(json_t *root, const char *pointer);

#endif
