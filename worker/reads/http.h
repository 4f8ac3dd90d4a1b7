/* The HTTP side: libmicrohttpd on the libuv loop, requests and answers. */
#ifndef LATTICE_WORKER_READS_HTTP_H
#define LATTICE_WORKER_READS_HTTP_H

#include <jansson.h>
#include <uv.h>

#include "common/error.h"
#include "common/text.h"
#include "worker/reads/gate.h"
#include "worker/reads/http_hosts.h"

struct http;         /* the server */
struct http_request; /* from the end of its head to the last byte of its answer */
struct service;

/* --- the server ------------------------------------------------------------------------------ */

struct http_options {
    struct http_hosts hosts;
    const char *token; /* borrowed; NULL: none is asked for */
    struct gate *gate; /* borrowed; NULL: nothing is ever written */
};

/* Counters only rise; the others are of now. */
struct http_counters {
    uint64_t connections;
    uint64_t refused; /* connections: too many */
    uint64_t requests;
    uint64_t by_status[6]; /* 1xx to 5xx; [0]: heads that libmicrohttpd refused itself */
    uint64_t timed_out;    /* connections ended by a limit of time */
    uint64_t streams_dropped;
    uint64_t unsent_dropped; /* answers that their clients did not take, or that found no room */
    uint64_t bodies_refused; /* requests whose body found no room */
    size_t unsent_bytes;     /* of large answers under way to their clients */
    size_t body_bytes;       /* room for bodies of requests that have no answer yet */
    size_t open_connections;
    size_t open_requests;
    size_t open_streams;
};

/* `service` and `options` are borrowed. CAUSE_CONFIG. */
CHECKED bool http_new(uv_loop_t *loop, struct service *service, const struct http_options *options,
                      struct http **http, struct error *e);
/* Listens on `host:port` or `[v6]:port`; port 0: the kernel chooses. *address gets what it became,
 * caller frees. CAUSE_CONFIG. */
CHECKED bool http_listen_tcp(struct http *http, const char *text, char **address, struct error *e);
/* A socket in the file system, mode 0600; one that nobody listens on is replaced. */
CHECKED bool http_listen_unix(struct http *http, const char *path, struct error *e);
/* The host in `text` as above; `out` of 256. False: not an address. */
CHECKED bool http_split_address(const char *text, char *host, char *port, struct error *e);

/* No new connections; what is under way is answered, streams end. `stopped` is called once all
 * is over, or SERVE_STOP_MS later. */
void http_stop(struct http *http, void (*stopped)(void *owner), void *owner);
/* After `stopped`. The loop must run once more for its handles. */
void http_free(struct http *http);
const struct http_counters *http_counters(const struct http *http);

/* --- a request ------------------------------------------------------------------------------- */

struct service *http_service(const struct http_request *request);
/* NULL: nothing is ever written. */
struct gate *http_gate(const struct http_request *request);
const char *http_method(const struct http_request *request);
/* Decoded; what is behind the route's path. */
const char *http_path(const struct http_request *request);
const char *http_rest(const struct http_request *request);
/* Borrowed: an object of texts and lists of texts. */
json_t *http_args(const struct http_request *request);
/* Borrowed, good until the answer; without blanks around it. NULL if there is none. */
const char *http_header(struct http_request *request, const char *name);
/* Does its Content-Type say so? */
bool http_is_json(struct http_request *request);
/* Until the answer. */
const struct buf *http_body(const struct http_request *request);

/* --- an answer ------------------------------------------------------------------------------- */

struct http_answer {
    int status;
    const char *type;        /* static; NULL: no body */
    struct buf body;         /* taken */
    char etag[48];           /* with quotes; "" : none */
    const char *allow;       /* borrowed; NULL: no such header */
    const char *retry_after; /* static; seconds */
    const char *cache;       /* static; NULL: no-cache, of problems no-store */
    const char *policy;      /* Content-Security-Policy; NULL: nothing may be loaded */
    bool close;
};

/* Ends the request; from the loop, at once or later, exactly once. What is answered between
 * http_answers_begin and http_answers_end is sent in one go. With an `etag` that the client
 * named in If-None-Match it becomes a 304; a 503 where too many bytes wait for their clients. */
void http_answer(struct http_request *request, struct http_answer *answer);
/* application/problem+json, RFC 9457. `more` (taken, may be NULL): further members. */
void http_problem(struct http_request *request, int status, json_t *more, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
void http_answers_begin(struct http *http);
void http_answers_end(struct http *http);
/* 503: the gate is closed, and why. */
void http_gate_closed(struct http_request *request);
void problem_format(struct buf *out, int status, json_t *more, const char *detail);
/* JSON is compact, its keys in the order in which they were set. */
void json_format(struct buf *out, const json_t *value);

/* A stream of events. `read` fills at most `size` bytes: 0: nothing now, it is asked again after
 * http_stream_wake; -1: the end. `gone` is called once, when the client went or was dropped. */
struct http_stream {
    int64_t (*read)(struct http_stream *stream, char *out, size_t size);
    void (*gone)(struct http_stream *stream);
    struct http_request *request; /* set by http_answer_stream */
    bool waiting;                 /* nothing is to be sent: its socket took everything */
};
/* False if there are too many streams: nothing was taken. */
bool http_answer_stream(struct http_request *request, struct http_stream *stream);
void http_stream_wake(struct http_stream *stream);
/* Ends its connection at once. `gone` comes later. */
void http_stream_drop(struct http_stream *stream);

#endif
