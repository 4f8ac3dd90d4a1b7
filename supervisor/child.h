/* One worker as a process of the loop: started, listened to, stopped, collected. */
#ifndef LATTICE_SUPERVISOR_CHILD_H
#define LATTICE_SUPERVISOR_CHILD_H

#include <uv.h>

#include "common/home.h"
#include "common/ledger.h"
#include "common/store_view.h"
#include "supervisor/child_state.h"
#include "supervisor/containment.h"
#include "supervisor/schedule.h"

struct child;

/* How it ended; borrowed for the call. */
struct child_end {
    struct attempt attempt; /* all but the wave */
    bool asked;             /* it ended early, at its deadline's or a stall's behest not at all */
    bool view_read;
    struct store_view view;  /* of the store afterwards */
    struct error view_error; /* if it could not be read */
};

/* Called on the loop's thread. `done` is the last call: the slot is free. */
struct child_observer {
    void (*progress)(void *owner, const struct run_progress *progress);
    void (*watch)(void *owner, const struct watch_list *list);
    void (*stderr_line)(void *owner, const char *line, size_t size);
    void (*done)(void *owner, const struct child_end *end);
};

struct child_spec {
    uv_loop_t *loop; /* borrowed, as all below */
    const struct home *home;
    struct containment *containment;
    const char *worker; /* path of lattice-worker */
    const char *source; /* id; only until child_start returns */
    struct run_limits limits;
    bool full;
    bool allow_shrink;
    bool swept;                         /* see struct job */
    const char *config;                 /* see struct job; as the next */
    const struct page_name *quarantine; /* only until child_start returns */
    size_t quarantine_count;
    int64_t version_before; /* the store's; a killed worker that moved it has committed */
    const struct child_observer *observer;
    void *owner;
};

/* Never fails: what goes wrong comes as `done`. Frees itself after that. */
struct child *child_start(const struct child_spec *spec);
/* The observer is told of it as of `owner` from now on. */
void child_move(struct child *child, void *owner);
/* EVENT_STOP or EVENT_HURRY. */
void child_tell(struct child *child, enum child_event event);
const char *child_run_id(const struct child *child);
/* It was asked to stop. */
bool child_is_stopping(const struct child *child);
/* When its hard deadline is, on uv_now()'s clock. */
int64_t child_deadline_ms(const struct child *child);

#endif
