/* The token that a client must show when we listen beyond loopback. RFC 6750. */
#ifndef LATTICE_WORKER_READS_AUTH_H
#define LATTICE_WORKER_READS_AUTH_H

#include <stddef.h>

#include "common/error.h"

/* Reads the token from a file that only its owner may read. Caller frees. CAUSE_CONFIG. */
CHECKED bool token_read(const char *path, char **token, struct error *e);
/* Is the Authorization header (NULL: there is none) `Bearer` with this token, or `Basic` with it as
 * the password, which is how a browser shows it (RFC 7617)? Takes as long for a wrong token as for
 * a right one of that length. */
bool token_matches(const char *token, const char *header, size_t size);

#endif
