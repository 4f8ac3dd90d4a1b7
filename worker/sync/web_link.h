/* Links between documents of the web: relative references and the Link header; pure. */
#ifndef LATTICE_WORKER_SYNC_WEB_LINK_H
#define LATTICE_WORKER_SYNC_WEB_LINK_H

#include <stdbool.h>

/* Longest address taken, and written. */
enum { WEB_LINK_MAX = 4096 };

/* What `reference` means in the document at `base` (RFC 3986, 5.2), an absolute address with a
 * host; blanks around it and a fragment of the base go. NULL if it is too long. A reference with
 * another scheme (`mailto:`) is what it is. Caller frees. */
char *web_link_resolve(const char *base, const char *reference);
/* Do both have the same scheme, host and port (RFC 6454)? Only http and https have an origin. */
bool web_link_same_origin(const char *a, const char *b);
/* The first target of a Link header's value (RFC 8288) whose relation types include `next`, as
 * written; NULL if there is none. Caller frees. */
char *web_link_next(const char *header);

#endif
