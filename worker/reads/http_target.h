/* A request's target: path and parameters; pure. RFC 9112, RFC 3986, WHATWG's form encoding. */
#ifndef LATTICE_WORKER_READS_HTTP_TARGET_H
#define LATTICE_WORKER_READS_HTTP_TARGET_H

#include <jansson.h>
#include <stddef.h>

#include "common/error.h"

struct http_target {
    char *host;   /* owned; of a whole address, http://host:port/path, where it stands for the Host
                     header; NULL: the target is a path */
    char *path;   /* owned; decoded UTF-8 without NUL; begins with '/', or is "*" */
    json_t *args; /* owned; an object: each name has a text, or a list of texts where it repeats */
};

/* CAUSE_USAGE names the mistake. Caller releases, also on failure. */
CHECKED bool http_target_parse(const char *raw, size_t size, struct http_target *target,
                               struct error *e);
void http_target_release(struct http_target *target);

#endif
