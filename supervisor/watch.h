/* Wakes up when something in a home has changed that a status would show. */
#ifndef LATTICE_SUPERVISOR_WATCH_H
#define LATTICE_SUPERVISOR_WATCH_H

#include "common/home.h"

struct watch;

/* By inotify(7): notices of commit on ledger.db and every store.db (section 2 of the design: their
 * attributes change), sources.json, a source's lock let go, and folders that come and go. `home` is
 * borrowed. CAUSE_STORE. Open it before the first look, so that nothing is missed. */
CHECKED bool watch_open(const struct home *home, struct watch **watch, struct error *e);
void watch_close(struct watch **watch);

enum watch_answer { WATCH_CHANGED, WATCH_HUNG_UP /* nobody reads `out_fd` any more */ };
/* Waits. What comes in short order is one change. */
enum watch_answer watch_wait(struct watch *watch, int out_fd);

#endif
