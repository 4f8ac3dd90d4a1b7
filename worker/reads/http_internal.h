/* Inside the HTTP side: what its files share. */
#ifndef LATTICE_WORKER_READS_HTTP_INTERNAL_H
#define LATTICE_WORKER_READS_HTTP_INTERNAL_H

#include <microhttpd.h>
#include <stdint.h>

#include "worker/reads/http.h"
#include "worker/reads/http_routes.h"
#include "worker/reads/http_target.h"

/* A connection. */
struct http_peer {
    struct http *http;
    int fd;
    bool local;          /* by the socket in the file system: its mode decides who may */
    int64_t deadline_ms; /* on the loop's clock; 0: none */
    struct http_peer *next;
    struct http_peer *previous;
};

enum http_state {
    HTTP_HEAD,     /* only its first line is known */
    HTTP_BODY,     /* the rest of it comes */
    HTTP_WAITS,    /* for its answer */
    HTTP_ANSWERED, /* there is one, libmicrohttpd does not have it yet */
    HTTP_SENDING,  /* it has */
};

struct http_text {
    struct http_text *next;
    char text[];
};

struct http_request {
    struct http *http;
    struct MHD_Connection *connection;
    struct http_peer *peer;
    enum http_state state;
    const char *raw; /* the target in libmicrohttpd's memory, */
    char *target;    /* and as it was before that memory was written to; owned */
    const char *method;
    struct http_target parts;
    const struct http_route *route;
    char allow[HTTP_ALLOW_SIZE];   /* the methods that are answered at this address */
    struct http_text *texts;       /* owned; what http_header gave */
    struct buf body;               /* until there is an answer */
    size_t held;                   /* room for it, in body_bytes */
    bool crowded;                  /* it found no room */
    size_t discarded;              /* bytes of a body that is too long, or that found no room */
    struct MHD_Response *response; /* owned, until it is queued */
    int status;
    size_t unsent;       /* bytes of a large answer, until it is over */
    int64_t answered_ms; /* on the loop's clock */
    struct http_stream *stream;
    bool read; /* to its end, and libmicrohttpd knows it */
    bool suspended;
    struct http_request *next;
    struct http_request *previous;
};

struct http_listener {
    uv_poll_t poll;
    struct http *http;
    int fd;
    char *path; /* owned; of a socket in the file system, removed at the end */
    struct http_listener *next;
};

struct http {
    uv_loop_t *loop;                    /* borrowed */
    struct service *service;            /* borrowed */
    const struct http_options *options; /* borrowed */
    struct MHD_Daemon *daemon;
    uv_poll_t poll;   /* of libmicrohttpd's epoll */
    uv_timer_t again; /* when it wants to be called */
    uv_timer_t sweep; /* for the deadlines of connections */
    uv_timer_t stop;
    struct http_peer *peers;
    struct http_request *requests;
    struct http_listener *listeners;
    struct http_counters counters;
    int spare;        /* a descriptor for when there are no more */
    int open_handles; /* once it is closing */
    bool sweeping;
    bool running; /* inside libmicrohttpd */
    bool resumed; /* a connection, since it was last called */
    bool stopping;
    void (*stopped)(void *owner);
    void *owner;
};

/* Lets libmicrohttpd do what there is to do; nothing from inside it. */
void http_run(struct http *http);
/* The same, on the loop's next turn, once for all that ask. */
void http_run_soon(struct http *http);
/* From now on `after_ms` long; 0: for ever. */
void http_peer_limit(struct http_peer *peer, int64_t after_ms);
/* Calls `stopped` if all is over. */
void http_check_stopped(struct http *http);
void http_count_status(struct http *http, int status);

/* libmicrohttpd's callbacks: at the first line, on the way, at the end. */
void *http_request_begin(void *http, const char *target, struct MHD_Connection *connection);
enum MHD_Result http_request_go_on(void *http, struct MHD_Connection *connection, const char *url,
                                   const char *method, const char *version, const char *upload,
                                   size_t *upload_size, void **context);
void http_request_end(void *http, struct MHD_Connection *connection, void **context,
                      enum MHD_RequestTerminationCode code);
void http_request_drop_body(struct http_request *request);
/* Makes libmicrohttpd come back to it. */
void http_request_resume(struct http_request *request);

void http_close_listeners(struct http *http);

#endif
