/* The command line of `serve`. */
#ifndef LATTICE_WORKER_READS_SERVE_OPTIONS_H
#define LATTICE_WORKER_READS_SERVE_OPTIONS_H

#include <stddef.h>
#include <stdint.h>

#include "common/error.h"
#include "worker/reads/limits.h"

#define SERVE_LISTEN_DEFAULT "127.0.0.1:7778"

/* Texts are borrowed from argv. */
struct serve_options {
    const char *home;       /* NULL: by the environment */
    const char *listen;     /* NULL: only `unix_path` */
    const char *unix_path;  /* NULL: none */
    const char *token_file; /* NULL: none */
    const char *inbox;      /* source to write to; NULL: none */
    const char *allowed_hosts[ALLOWED_HOSTS_MAX];
    size_t allowed_count;
    int64_t query_timeout_ms;
    bool help;
};

/* CAUSE_USAGE; also refuses to listen beyond loopback without a token. */
CHECKED bool serve_options_parse(int argc, char **argv, struct serve_options *options,
                                 struct error *e);

#endif
