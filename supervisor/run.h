/* One invocation: everything that the loop's callbacks share. */
#ifndef LATTICE_SUPERVISOR_RUN_H
#define LATTICE_SUPERVISOR_RUN_H

#include <uv.h>

#include "common/config.h"
#include "common/home.h"
#include "supervisor/chores.h"
#include "supervisor/containment.h"
#include "supervisor/control.h"
#include "supervisor/handover.h"
#include "supervisor/journal.h"
#include "supervisor/live.h"
#include "supervisor/loop_lag.h"
#include "supervisor/options.h"
#include "supervisor/output.h"
#include "supervisor/task.h"

enum { RUN_SIGNALS = 3 };

struct run {
    const struct run_options *options; /* borrowed */
    struct home home;
    struct config config;
    struct task_list list;
    char *worker;                    /* owned; path of lattice-worker */
    struct containment *containment; /* owned */
    int lock;                        /* supervise.lock */
    int64_t wait_ms;                 /* for it */
    uv_loop_t loop;
    uv_signal_t signals[RUN_SIGNALS];
    struct loop_lag lag;
    struct output *output;   /* owned */
    struct live *live;       /* owned */
    struct journal *journal; /* owned */
    struct control *control; /* owned; NULL: nobody can reach us */
    struct handover_list handovers;
    struct chore_list chores;
    int64_t started_ms; /* uv_now() */
    int64_t started_at; /* Unix seconds */

    int wave;                /* from 1 */
    bool serve;              /* as a service */
    struct service *service; /* owned; NULL unless `serve` */
    bool sweeping;
    int64_t sweep_started_ms; /* uv_now() */
    struct task **queue;      /* owned; of this wave, in order */
    size_t queue_count;
    size_t queue_next;
    size_t running;
    size_t jobs;
    int stop_signal; /* 0: nobody asked us to stop */
    int stop_count;
};

/* The whole of a run command; returns the exit code. */
int run_command(int argc, char **argv);
/* The same as a service. `argv` holds --all. */
int run_as(int argc, char **argv, bool serve);

/* Waves, on the loop (wave.c). The first one starts with a sweep. */
void wave_start(struct run *run);
/* Somebody asked us to stop: softly at first, then in a hurry. */
void wave_stop(struct run *run, int signal);
/* It takes its place in the queue, unless it runs or waits already. */
void wave_take(struct run *run, struct task *task);
/* The same for several, and then once wave_go(). */
void wave_enqueue(struct run *run, struct task *task);
void wave_go(struct run *run);
bool wave_pending(const struct run *run);
/* The queue from what its tasks say: they have moved, or were left in it. */
void wave_queue_again(struct run *run);
/* It takes its place, and runs once more if it runs. False if it runs no more. */
bool wave_kick(struct run *run, struct task *task);
/* Called by the wave when nothing is left to do (run.c). */
void run_end(struct run *run);

/* What happens to tasks, told to ledger, live lines and stderr (tell.c). */
void tell_started(struct task *task);
void tell_progress(struct task *task, const struct run_progress *progress);
void tell_stderr(struct task *task, const char *line, size_t size);
void tell_finished(struct task *task, const struct attempt *attempt, enum verdict before);
void tell_skipped(struct task *task, const struct attempt *attempt);
size_t tell_live_rows(void *owner, struct live_row *rows, size_t room);

#endif
