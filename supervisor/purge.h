/* Deleting what is kept of a source: its folder, under its lock, never out of it. */
#ifndef LATTICE_SUPERVISOR_PURGE_H
#define LATTICE_SUPERVISOR_PURGE_H

#include "common/home.h"

struct purge {
    int sources; /* owned; the folder sources/, or -1 */
    int lock;    /* owned; writer.lock, or -1 */
    bool found;  /* there is something to delete */
    char *name;  /* owned; the source's id */
};

/* Takes the source's lock, if it has a folder; `found` says so. CAUSE_LOCKED while a worker lives,
 * CAUSE_STORE. Caller releases, also on failure. */
CHECKED bool purge_begin(const struct home *home, const char *id, struct purge *purge,
                         struct error *e);
/* Takes the folder out of sight by a rename, then deletes it. CAUSE_STORE. */
CHECKED bool purge_delete(const struct purge *purge, struct error *e);
void purge_release(struct purge *purge);

#endif
