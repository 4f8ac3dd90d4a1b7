/* `serve`: the supervisor as a service. */

/* The machinery of waves, with due times instead of waves; an idle service sleeps in the kernel
 * until something happens. */
#ifndef LATTICE_SUPERVISOR_SERVICE_H
#define LATTICE_SUPERVISOR_SERVICE_H

#include "supervisor/task.h"

struct run;
struct service;

/* Returns the exit code: 0 if it was asked to stop. */
int command_serve(int argc, char **argv);

/* Called by the run (run.c) and its waves (wave.c). */
void service_open(struct run *run);
void service_close(struct run *run);
/* No worker runs and none can be started. */
void service_idle(struct run *run);
void service_stopping(struct run *run);
/* A worker was started; a sweep has ended. */
void service_started(struct run *run);
void service_swept(struct run *run, int64_t took_ms);
/* It never was idle for so long that a sweep must come between. */
bool service_sweep_is_due(const struct run *run);
/* A run of the task has ended. */
void service_ended(struct run *run, struct task *task);
/* A worker says where news would be seen. */
void service_watch(struct run *run, struct task *task, const struct watch_list *list);
/* sources.json has changed, or somebody says so. */
void service_reload_soon(struct run *run);

#endif
