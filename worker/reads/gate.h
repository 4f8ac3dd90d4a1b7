/* May this service write, and if not, why: the one place that knows, for every route. */
#ifndef LATTICE_WORKER_READS_GATE_H
#define LATTICE_WORKER_READS_GATE_H

#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

enum gate_reason {
    GATE_OPEN,
    GATE_STARTING,  /* nobody has looked yet */
    GATE_NO_SOURCE, /* sources.json has no inbox of this name */
    GATE_LOCKED,    /* another process has the inbox */
    GATE_FULL,      /* the disk */
    GATE_READ_ONLY, /* the filesystem */
    GATE_NO_RIGHTS,
    GATE_FAILED, /* anything else: the text says what */
};
/* As it stands in answers: "locked", "disk-full"; "" for GATE_OPEN. */
const char *gate_reason_name(enum gate_reason reason);
/* Of what is refused: who comes again then finds that it was looked at meanwhile. */
#define GATE_RETRY_AFTER "2"
/* What an errno of writing means. */
enum gate_reason gate_reason_of(int code);

enum { GATE_TEXT_SIZE = 1024 };
struct gate_state {
    enum gate_reason reason;
    char text[GATE_TEXT_SIZE]; /* a sentence for people; "" if it is open */
};

struct gate {
    uv_mutex_t lock; /* of the next */
    struct gate_state state;
    /* The loop's. */
    int64_t asked_ms;          /* monotonic; when it was last looked at for a request */
    void (*look)(void *owner); /* set by who opens it: begins to find out whether it can be */
    void *owner;
};

/* Closed: GATE_STARTING. */
void gate_init(struct gate *gate);
void gate_release(struct gate *gate);

/* From any thread. True: `reason` or `text` is another than before. */
bool gate_set(struct gate *gate, enum gate_reason reason, const char *text);
/* From any thread; a copy. */
struct gate_state gate_now(struct gate *gate);
/* The same for who was refused; where it was opened since, the text says to ask again. */
struct gate_state gate_why(struct gate *gate);
/* For a request that needs it open; on the loop. False: *state says why it is closed, and it is
 * looked at again for the next one, at most once a second. */
bool gate_admits(struct gate *gate, struct gate_state *state);

#endif
