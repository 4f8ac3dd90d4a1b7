/* `serve`: the reads as a service on one loop. */
#ifndef LATTICE_WORKER_READS_SERVE_H
#define LATTICE_WORKER_READS_SERVE_H

#include <uv.h>

#include "common/home.h"
#include "worker/reads/events.h"
#include "worker/reads/http.h"
#include "worker/reads/inbox.h"
#include "worker/reads/serve_options.h"
#include "worker/reads/work.h"

struct service {
    uv_loop_t loop;
    struct home home;
    struct serve_options options;
    struct http_options http_options;
    struct http *http;
    struct work_pool *work;
    struct events *events;
    struct gate gate;    /* with an inbox; else all zero */
    struct inbox *inbox; /* NULL: nothing is ever written */
    int64_t started_at;  /* Unix seconds */
    uint64_t late;       /* queries that their deadline ended */
    uv_signal_t signals[2];
    int stop_signal;
};

/* argv[0] is "serve"; the exit code. */
int command_serve(int argc, char **argv);

#endif
