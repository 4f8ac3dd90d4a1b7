/* Runs that another command handed to this supervisor: each waits for its source's result. */
#ifndef LATTICE_SUPERVISOR_HANDOVER_H
#define LATTICE_SUPERVISOR_HANDOVER_H

#include "supervisor/control.h"
#include "supervisor/task.h"

struct handover;

struct handover_list {
    struct handover *first; /* owned */
};

/* The one whose options the task's next run has; NULL if none waits for it. */
const struct control_request *handover_of(const struct handover_list *list,
                                          const struct task *task);
/* What is left of its budget clips `limits`. False if that is not worth a start. */
bool handover_fit_budget(const struct handover_list *list, const struct task *task, int64_t now_ms,
                         struct run_limits *limits);
void handover_add(struct handover_list *list, struct task *task, struct control_client *client,
                  const struct control_request *request, int64_t now_ms);
/* A run of the task ended. True if somebody waits for one more. */
bool handover_attempt(struct handover_list *list, const struct task *task,
                      const struct attempt *attempt);
/* The task will not run: everybody who waits for it is told why. */
void handover_refuse(struct handover_list *list, const struct task *task, const char *why);
/* The task has another address now. */
void handover_move(struct handover_list *list, const struct task *from, struct task *to);
/* The client has gone; a run that goes on for it goes on. */
void handover_forget(struct handover_list *list, const struct control_client *client);

/* The other side: the sources of `list` that are shown are handed to the running supervisor, and
 * what it says of each is added to its task. CAUSE_UNREACHABLE if none listens. */
CHECKED bool handover_ask(const struct home *home, const struct run_options *options,
                          struct task_list *list, struct error *e);

#endif
