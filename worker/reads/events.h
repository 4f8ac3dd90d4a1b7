/* What happens, as server-sent events: the ledger's events, read when its writer gives notice. */
#ifndef LATTICE_WORKER_READS_EVENTS_H
#define LATTICE_WORKER_READS_EVENTS_H

#include <uv.h>

#include "common/home.h"

struct events;
struct http_request;

/* `home` is borrowed. CAUSE_STORE: the home cannot be watched. */
CHECKED bool events_open(uv_loop_t *loop, const struct home *home, struct events **events,
                         struct error *e);
/* Its clients must be gone by the time that the loop has run out. Sets it to NULL. */
void events_close(struct events **events);

/* A stream: from now on, or from behind Last-Event-ID. */
void events_serve(struct http_request *request);

#endif
