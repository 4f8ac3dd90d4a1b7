/* supervise.sock: the running supervisor's side. */
/* No client can hold up the loop: what comes in and what waits to go out is bounded, and nobody is
 * waited for. */
#ifndef LATTICE_SUPERVISOR_CONTROL_H
#define LATTICE_SUPERVISOR_CONTROL_H

#include <uv.h>

#include "common/home.h"
#include "supervisor/control_message.h"

struct control;
struct control_client;

struct control_handlers {
    /* One request per client. Ends with control_end, now or later. `request` is borrowed. */
    void (*request)(void *owner, struct control_client *client,
                    const struct control_request *request);
    /* A client that was not ended yet has gone; the last word about it. */
    void (*gone)(void *owner, struct control_client *client);
    void *owner;
};

/* Only while holding supervise.lock: a socket that is there belongs to nobody. CAUSE_STORE. */
CHECKED bool control_open(uv_loop_t *loop, const struct home *home,
                          const struct control_handlers *handlers, struct control **control,
                          struct error *e);
/* Ends every client that still waits. Frees itself when the loop has closed all. NULL-safe. */
void control_close(struct control *control);

/* How many there are. */
size_t control_clients(const struct control *control);

/* Before what takes long: the client stays as long as that may take. False if it waits no more;
 * then it was told that nothing was done, and nothing must be. */
CHECKED bool control_take(struct control_client *client);
void control_reply(struct control_client *client, const struct control_reply *reply);
/* The last line; the client is gone after that. CAUSE_NONE: it went well. */
void control_end(struct control_client *client, enum cause cause, const char *text);

#endif
