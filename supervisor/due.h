/* When a source of the service runs next; pure. */
#ifndef LATTICE_SUPERVISOR_DUE_H
#define LATTICE_SUPERVISOR_DUE_H

#include <stdbool.h>
#include <stdint.h>

struct due {
    int64_t every_ms;
    int64_t now_ms;     /* monotonic, as what comes out */
    int64_t started_ms; /* of the run that has ended; monotonic */
    int64_t wait_s;     /* that backoff asks for; 0: none */
    bool again;         /* there is more to do and it got somewhere */
    uint32_t random;    /* up to a tenth of `every` is taken off, so that sources drift apart */
};

/* After a run. */
int64_t due_after(const struct due *due);
/* At the start of the service: a source goes on where it stood. `since_s`: since its last attempt;
 * negative: never, or the clock jumped. */
int64_t due_at_start(const struct due *due, int64_t since_s);

#endif
