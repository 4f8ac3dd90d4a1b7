/* A new sources.json takes the place of the old one, also while workers run. */
#ifndef LATTICE_SUPERVISOR_SERVICE_RELOAD_H
#define LATTICE_SUPERVISOR_SERVICE_RELOAD_H

struct run;
struct task;

/* Not while a sweep goes on. What runs goes on as it was started, and follows its new entry from
 * its end on; one that is no longer there is not started again. A file with mistakes is said, and
 * the old one stays in force. */
void service_reload(struct run *run);

/* When a source runs that the service did not know before (service.c). */
void service_make_due(const struct run *run, struct task *task);

#endif
