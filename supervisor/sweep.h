/* Before a wave: what each store says, and lock rows that nobody alive holds are cleared. */
#ifndef LATTICE_SUPERVISOR_SWEEP_H
#define LATTICE_SUPERVISOR_SWEEP_H

#include <uv.h>

#include "common/home.h"
#include "common/store_view.h"
#include "supervisor/containment.h"

struct sweep;

/* One source. Filled by the sweep: exactly one of `view_read` and `error`. */
struct sweep_item {
    char id[65];
    bool view_read;
    struct store_view view;
    char *error; /* owned; NULL if the store was read */
    enum cause error_cause;
    const char *cleared; /* static; why a lock row was cleared: dead, fenced, foreign; else NULL */
    bool left_out;
    void *owner; /* the caller's; NULL for a folder that is no longer configured */
};

/* On the loop's thread, once per item, and then once with NULL. */
typedef void (*sweep_handler)(void *owner, const struct sweep_item *item);

struct sweep *sweep_new(uv_loop_t *loop, const struct home *home, struct containment *containment);
void sweep_add(struct sweep *sweep, const char *id, void *owner);
/* One whose worker runs: it is left alone, and not reported. */
void sweep_leave_out(struct sweep *sweep, const char *id);
/* Every other folder in sources/. */
void sweep_add_folders(struct sweep *sweep);
/* Starts it: ends what runs that are over left, then looks at the stores. It frees itself after the
 * last call of `handle`. */
void sweep_start(struct sweep *sweep, sweep_handler handle, void *owner);

#endif
