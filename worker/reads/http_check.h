/* What is asked of a request's head before anybody looks at it; pure. RFC 9112. */
#ifndef LATTICE_WORKER_READS_HTTP_CHECK_H
#define LATTICE_WORKER_READS_HTTP_CHECK_H

#include <stdbool.h>
#include <stddef.h>

#include "worker/reads/limits.h"

struct http_field {
    const char *name; /* borrowed, as the others */
    size_t name_size;
    const char *value; /* without the blanks before it */
    size_t value_size;
};

struct http_head {
    const char *method; /* NUL-terminated */
    const char *target; /* as it was sent */
    size_t target_size;
    const char *version; /* NUL-terminated: "HTTP/1.1" */
    struct http_field fields[HTTP_FIELDS_MAX];
    size_t count;
    bool too_many; /* more than fit */
};

/* What is wrong; status 0: nothing. */
struct http_verdict {
    int status;
    const char *why; /* a sentence; static */
};

/* Line by line: names are tokens, values have no control bytes, no two lengths, no length beside an
 * encoding, no unknown encoding, one Host, nothing twice that may come once. */
struct http_verdict http_check_head(const struct http_head *head);

/* libmicrohttpd 0.9.75 reads a head in its own memory: it writes a NUL over each separator and
 * hands out C strings. What stands behind a NUL that the client sent is not seen by anybody then;
 * and it takes bare line feeds for line ends and joins folded lines. So all bytes of the head, from
 * the method to the empty line, must be accounted for by what was handed out: false if they are
 * not. `start` is the method's first byte. */
bool http_head_is_whole(const struct http_head *head, const char *start, size_t size);

/* The only field of this name; NULL if there is none. */
const struct http_field *http_find(const struct http_head *head, const char *name);

#endif
