/* libcurl, loaded when it is first needed; and one transfer at a time over it. */
/* Linked, it would cost every worker 12 ms of CPU time to start (it brings thirty libraries), more
 * than all of a run that finds a git source unchanged. */
#ifndef LATTICE_WORKER_SYNC_HTTP_CURL_H
#define LATTICE_WORKER_SYNC_HTTP_CURL_H

#include <curl/curl.h>
#include <poll.h>

#include "worker/sync/kind.h"

#define CURL_FUNCTIONS(X)                                                                          \
    X(global_init)                                                                                 \
    X(easy_init)                                                                                   \
    X(easy_reset)                                                                                  \
    X(easy_setopt)                                                                                 \
    X(easy_getinfo)                                                                                \
    X(easy_strerror)                                                                               \
    X(easy_cleanup)                                                                                \
    X(multi_init)                                                                                  \
    X(multi_setopt)                                                                                \
    X(multi_add_handle)                                                                            \
    X(multi_remove_handle)                                                                         \
    X(multi_socket_action)                                                                         \
    X(multi_info_read)                                                                             \
    X(multi_cleanup)                                                                               \
    X(slist_append)                                                                                \
    X(slist_free_all)                                                                              \
    X(url)                                                                                         \
    X(url_dup)                                                                                     \
    X(url_set)                                                                                     \
    X(url_get)                                                                                     \
    X(url_cleanup)                                                                                 \
    X(free)

struct curl_api {
#define X(name) __typeof__(curl_##name) *(name);
    CURL_FUNCTIONS(X)
#undef X
};

/* The functions of the library; NULL with CAUSE_CONFIG if there is none. Once is enough. */
const struct curl_api *curl_api(struct error *e);

/* One transfer has at most two connections under way and a socket of its resolver. */
enum { CURL_SOCKETS_MAX = 6 };

struct curl_loop {
    const struct curl_api *api;
    CURLM *multi;
    struct pollfd *sockets; /* owned; those that curl waits for */
    nfds_t count;
    int64_t timer_at_ms; /* monotonic; -1: none */
};

CHECKED bool curl_loop_init(struct curl_loop *loop, const struct curl_api *api, struct error *e);
void curl_loop_release(struct curl_loop *loop);
/* Runs it to its end, *code; STEP_STOPPED if a stop came first. */
enum step curl_loop_run(struct curl_loop *loop, CURL *easy, CURLcode *code, struct error *e);

/* Options by type: a variable argument of another type would be misread. */
void curl_set_number(const struct curl_api *api, CURL *easy, CURLoption option, long value);
void curl_set_text(const struct curl_api *api, CURL *easy, CURLoption option, const char *value);
void curl_set_pointer(const struct curl_api *api, CURL *easy, CURLoption option, void *value);

#endif
