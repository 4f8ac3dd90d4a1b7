/* What other commands ask of the running supervisor and takes long: breaking a lock, purging. */

/* One after the other, in the pool, since each may wait for a worker to end; the ledger and the
 * stores keep their one writer. */
#ifndef LATTICE_SUPERVISOR_CHORES_H
#define LATTICE_SUPERVISOR_CHORES_H

#include <uv.h>

#include "supervisor/control.h"

struct chore;
struct run;
struct task;

struct chore_list {
    struct chore *first; /* owned */
    bool working;        /* the pool has the first */
};

/* `request` is of `break-lock` or `purge`; the client is ended when it is done. */
void chores_add(struct run *run, struct control_client *client,
                const struct control_request *request, bool purge);
/* A worker has ended, or a sweep: perhaps that was waited for. */
void chores_go(struct run *run);
/* The client has gone; what it asked for is done all the same. */
void chores_forget(struct run *run, const struct control_client *client);
/* The source is to be purged: it is not started any more. */
bool chores_purge(const struct run *run, const char *id);
/* Its lock is being broken now: it is started when that is done. */
bool chores_break(const struct run *run, const char *id);

#endif
