/* A new sources.json takes the place of the old one, between runs. */
#ifndef LATTICE_SUPERVISOR_SERVICE_RELOAD_H
#define LATTICE_SUPERVISOR_SERVICE_RELOAD_H

struct run;
struct task;

/* Only while no worker runs. One with mistakes is said, and the old one stays in force. */
void service_reload(struct run *run);

/* When a source runs that the service did not know before (service.c). */
void service_make_due(const struct run *run, struct task *task);

#endif
