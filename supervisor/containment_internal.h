/* What the two files of containment share. */
#ifndef LATTICE_SUPERVISOR_CONTAINMENT_INTERNAL_H
#define LATTICE_SUPERVISOR_CONTAINMENT_INTERNAL_H

#include <pthread.h>

#include "common/proc.h"
#include "supervisor/containment.h"

/* Who was there before us, or is stuck. */
struct known {
    pid_t pid;
    uint64_t start;
};

/* What was killed and is waited for. */
struct dying {
    int pidfd;
    pid_t pid;
};

struct dying_list {
    struct dying *all; /* owned */
    size_t count;
};

struct contained {
    struct containment *containment; /* borrowed */
    char source[65];
    char run_id[33];
    char *cgroup;   /* owned; NULL below the cgroup tier */
    pid_t group;    /* the worker's number; also once it is gone */
    pid_t pid;      /* the same until it is reaped, else 0 */
    uint64_t since; /* the worker's start; 0: not known */
    bool ending;    /* what it left is being looked for */
    bool fenced;    /* all that it started is, or was, in its control group */
    size_t looks;
    size_t swept;
    pid_t left;
    uint64_t counted; /* newest start that was counted; see count_swept */
    struct contained *next;
    /* Its last look: asked for by its own thread, done by whoever looks. */
    bool asks;
    bool found_nothing;
    bool found_empty; /* its control group; also if it has none */
    size_t orphans;   /* of some run: see reap_adopted */
    struct dying_list dying;
    struct contained *next_asked;
};

struct containment {
    const struct home *home; /* borrowed */
    enum containment_tier tier;
    char *cgroup; /* owned; folder of all our runs' groups; NULL below the cgroup tier */
    bool had_children;
    struct known *before; /* owned; children that were there at start */
    size_t before_count;
    pthread_mutex_t mutex;  /* over `runs`, their `pid`, `ending` and `asks`, `is_looking`, and the
                               moment of a spawn */
    pthread_cond_t looked;  /* `is_looking` is false again */
    bool is_looking;        /* a thread reads /proc and acts upon it */
    struct contained *runs; /* all that are not freed */
    uv_signal_t child_signal;
};

/* All processes at a moment. */
struct scan {
    struct process_stat *all; /* owned */
    bool *chosen;             /* owned; as many */
    size_t count;
};

void scan_read(struct scan *scan);
void scan_release(struct scan *scan);

/* Reaps our dead children that libuv does not know; nothing while a run is ending, which counts
 * them. */
void containment_reap(struct containment *containment);

#endif
