/* Which names we answer to: against DNS rebinding; pure. */
#ifndef LATTICE_WORKER_READS_HTTP_HOSTS_H
#define LATTICE_WORKER_READS_HTTP_HOSTS_H

#include <stdbool.h>
#include <stddef.h>

#include "worker/reads/limits.h"

struct http_hosts {
    const char *allowed[ALLOWED_HOSTS_MAX]; /* borrowed; names without a port */
    size_t count;
    bool any_address; /* we listen on all addresses: each may be ours */
};

/* A Host header: loopback names and addresses, those allowed, and, with any_address, each IP
 * literal: a name can be made to point here by a stranger, an address cannot. The port does not
 * count. */
bool http_host_allowed(const struct http_hosts *hosts, const char *value, size_t size);
/* An Origin header: http or https at such a host. "null" is none. */
bool http_origin_allowed(const struct http_hosts *hosts, const char *value, size_t size);
/* Can it be the host of a Host header? Without port and brackets. */
bool http_host_name_valid(const char *name);
/* Is it a loopback address or name (`host` without port and brackets)? */
bool host_is_loopback(const char *host);

#endif
