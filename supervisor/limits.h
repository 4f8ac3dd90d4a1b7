/* The supervisor's limits in one place, each with its reason. */
#ifndef LATTICE_SUPERVISOR_LIMITS_H
#define LATTICE_SUPERVISOR_LIMITS_H

/* A service sweeps (three threads of the pool), writes ledger, metrics and stderr and breaks locks
 * (one each) beside runs that end: on a disk that hangs these would hold all of the usual four, and
 * the ends would wait for them. */
#define SERVE_POOL_THREADS "12"

enum {
    /* SIGKILL works at once unless the kernel itself holds the process; then nothing helps. */
    STUCK_AFTER_MS = 5000,
    /* One look for what a run left waits this long for what it killed: SIGKILL takes milliseconds,
     * and a thread of the pool is not held longer by what is stuck. */
    CONTAINED_WAIT_MS = 50,
    /* To the next look if nothing was there to wait for. */
    CONTAINED_AGAIN_MS = 2,
    /* The sweep may take longer: nothing runs meanwhile. */
    SWEEP_WAIT_MS = 2000,
    /* After a second Ctrl-C: from the group's SIGTERM to its SIGKILL. */
    HURRY_MS = 1000,
    /* break-lock, from SIGTERM to SIGKILL: time for a commit; who can stop does so sooner. */
    BREAK_GRACE_MS = 5000,

    /* A pipe's default capacity: one read takes all that is there. */
    READ_BUFFER_BYTES = 64 * 1024,
    /* The largest pipe an unprivileged process can make: what a dead worker wrote fits in this,
     * and an orphan that goes on writing cannot hold us up. */
    DRAIN_MAX_BYTES = 1024 * 1024,

    /* A worker's stderr: cut lines and a count instead of a flooded terminal or mail. */
    STDERR_LINE_MAX = 4096,
    STDERR_LINES_MAX = 200,
    /* Lines that wait for a reader of our own stderr that does not read; later ones are dropped. */
    OUTPUT_QUEUE_MAX = 256 * 1024,

    /* Ledger writes of this long go into one transaction. Who follows the events waits for it: a
     * commit shall be told within 100 ms. */
    JOURNAL_DELAY_MS = 20,
    /* At most one run_progress event per source and this long. */
    PROGRESS_EVENT_MS = 1000,
    /* The service writes its metrics this long after the last time within a round, and at its end:
     * a scrape comes every 15 s or so, and a thousand sources are some milliseconds. */
    METRICS_EVERY_MS = 10 * 1000,
    METRICS_ROUND_MS = 1000,
    /* A service that always has something to do sweeps this often all the same, but only for one in
     * SWEEP_SHARE of its time: no worker is started meanwhile. */
    SWEEP_EVERY_MS = 5 * 1000,
    SWEEP_SHARE = 50,
    /* A terminal is redrawn at most this often, and this often while nothing happens. */
    FRAME_MS = 100,
    TICK_MS = 1000,

    /* After a failure a source is left alone for a minute at first, and an hour at most: long
     * enough to spare a host that is down, short enough that nobody has to reset it. */
    BACKOFF_MIN_S = 60,
    BACKOFF_MAX_S = 3600,
    /* Of a source's quarantine in one job: far below what a message may hold. */
    QUARANTINE_BYTES_MAX = 128 * 1024,

    /* File-system notices come in bursts: git writes a ref in several steps. */
    NEWS_DELAY_MS = 100,
    /* Clients of supervise.sock: more than a person and some scripts have at a time. */
    CONTROL_CLIENTS_MAX = 64,
    CONTROL_BACKLOG = 32,
    /* A command writes its request at once, and takes its last answer; who does not is none. */
    CONTROL_REQUEST_MS = 5000,
    /* Answers that need no run come at once, unless the loop is stuck. */
    CONTROL_ANSWER_MS = 10 * 1000,
    /* `status` has the stores to go by; it does not wait for a supervisor that is busy. */
    STATUS_ANSWER_MS = 1000,
    /* Answers that wait for a client that does not read. */
    CONTROL_QUEUE_MAX = 1024 * 1024,
    /* For a supervisor that holds the lock and does not listen: it begins or ends just now. */
    HANDOVER_WAIT_MS = 5000,
    /* Sources that one command hands over at a time. */
    HANDOVER_AT_A_TIME = 16,

    /* Under a budget no worker starts with less left: it could not get anything done. */
    BUDGET_START_MS = 10 * 1000,
    WAVES_DEFAULT = 3,
    /* Typing errors, not plans. */
    WAVES_MAX = 1000,
    JOBS_MAX = 1024,
};

#endif
