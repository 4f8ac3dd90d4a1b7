/* libmicrohttpd in external epoll mode on the loop, and the time limits of connections. */
#include "worker/reads/http.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "common/cleanup.h"
#include "common/log.h"
#include "worker/reads/http_internal.h"

/* How often libmicrohttpd is called before others have their turn. */
enum { RUNS_AT_A_TIME = 16 };

static void log_library(void *cls, const char *format, va_list args)
    __attribute__((format(printf, 2, 0)));
static void log_library(void *cls, const char *format, va_list args)
{
    char text[256];
    (void)cls;
    vsnprintf(text, sizeof text, format, args);
    text[strcspn(text, "\n")] = '\0';
    log_line(LOG_DEBUG, NULL, "http", "%s", text);
}

/* --- libmicrohttpd's turn -------------------------------------------------------------------- */

static void again(uv_timer_t *timer)
{
    http_run(timer->data);
}

void http_run(struct http *http)
{
    MHD_UNSIGNED_LONG_LONG wait = 0;
    bool more = true;
    if (http->running || !http->daemon)
        return;
    http->running = true;
    for (int i = 0; more && i < RUNS_AT_A_TIME; i++) {
        http->resumed = false;
        MHD_run(http->daemon);
        more = http->resumed || (MHD_get_timeout(http->daemon, &wait) == MHD_YES && wait == 0);
    }
    http->running = false;
    if (more || MHD_get_timeout(http->daemon, &wait) == MHD_YES)
        uv_timer_start(&http->again, again, more ? 0 : (uint64_t)wait, 0);
    else
        uv_timer_stop(&http->again);
    http_check_stopped(http);
}

void http_answers_begin(struct http *http)
{
    http->running = true;
}

void http_answers_end(struct http *http)
{
    http->running = false;
    http_run(http);
}

/* In this mode libmicrohttpd has no way to say so itself. */
void http_run_soon(struct http *http)
{
    http->resumed = true;
    if (!http->running && http->daemon)
        uv_timer_start(&http->again, again, 0, 0);
}

static void ready(uv_poll_t *poll, int status, int events)
{
    (void)status;
    (void)events;
    http_run(poll->data);
}

/* --- time limits ----------------------------------------------------------------------------- */

/* libmicrohttpd sees the end of the connection, and lets go of all that belongs to it. */
static void swept(uv_timer_t *timer)
{
    struct http *http = timer->data;
    int64_t now = (int64_t)uv_now(http->loop);
    bool more = false;
    for (struct http_peer *peer = http->peers; peer; peer = peer->next) {
        if (!peer->deadline_ms)
            continue;
        if (peer->deadline_ms > now) {
            more = true;
            continue;
        }
        peer->deadline_ms = 0;
        http->counters.timed_out++;
        shutdown(peer->fd, SHUT_RDWR);
    }
    http->sweeping = more;
    if (!more)
        uv_timer_stop(timer);
}

void http_peer_limit(struct http_peer *peer, int64_t after_ms)
{
    struct http *http = peer->http;
    peer->deadline_ms = after_ms ? (int64_t)uv_now(http->loop) + after_ms : 0;
    if (!after_ms || http->sweeping)
        return;
    http->sweeping = true;
    uv_timer_start(&http->sweep, swept, HTTP_SWEEP_MS, HTTP_SWEEP_MS);
}

/* --- connections ----------------------------------------------------------------------------- */

static void peer_came(struct http *http, struct MHD_Connection *connection, void **context)
{
    struct http_peer *peer = xcalloc(1, sizeof *peer);
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
    peer->fd = info->connect_fd;
    info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
    peer->local = info->client_addr->sa_family == AF_UNIX;
    peer->http = http;
    peer->next = http->peers;
    if (peer->next)
        peer->next->previous = peer;
    http->peers = peer;
    http->counters.connections++;
    http->counters.open_connections++;
    http_peer_limit(peer, HTTP_HEAD_MS);
    *context = peer;
}

static void peer_went(struct http *http, struct http_peer *peer)
{
    if (peer->previous)
        peer->previous->next = peer->next;
    else
        http->peers = peer->next;
    if (peer->next)
        peer->next->previous = peer->previous;
    http->counters.open_connections--;
    free(peer);
}

static void peer_changed(void *cls, struct MHD_Connection *connection, void **context,
                         enum MHD_ConnectionNotificationCode code)
{
    if (code == MHD_CONNECTION_NOTIFY_STARTED)
        peer_came(cls, connection, context);
    else
        peer_went(cls, *context);
}

void http_count_status(struct http *http, int status)
{
    int class = status / 100;
    http->counters.by_status[class >= 1 && class <= 5 ? class : 0]++;
}

const struct http_counters *http_counters(const struct http *http)
{
    return &http->counters;
}

/* --- from start to end ----------------------------------------------------------------------- */

bool http_new(uv_loop_t *loop, struct service *service, const struct http_options *options,
              struct http **out, struct error *e)
{
    struct http *http = xcalloc(1, sizeof *http);
    http->loop = loop;
    http->service = service;
    http->options = options;
    http->daemon = MHD_start_daemon(
        MHD_USE_EPOLL | MHD_USE_NO_LISTEN_SOCKET | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ERROR_LOG, 0,
        NULL, NULL, http_request_go_on, http, MHD_OPTION_EXTERNAL_LOGGER, log_library, http,
        MHD_OPTION_URI_LOG_CALLBACK, http_request_begin, http, MHD_OPTION_NOTIFY_COMPLETED,
        http_request_end, http, MHD_OPTION_NOTIFY_CONNECTION, peer_changed, http,
        MHD_OPTION_CONNECTION_LIMIT, (unsigned)HTTP_CONNECTIONS_MAX,
        MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)HTTP_CONNECTION_BYTES,
        MHD_OPTION_CONNECTION_TIMEOUT, 0U, MHD_OPTION_SIGPIPE_HANDLED_BY_APP, 1, MHD_OPTION_END);
    const union MHD_DaemonInfo *info =
        http->daemon ? MHD_get_daemon_info(http->daemon, MHD_DAEMON_INFO_EPOLL_FD) : NULL;
    if (!info || info->epoll_fd < 0) {
        if (http->daemon)
            MHD_stop_daemon(http->daemon);
        free(http);
        return error_set(e, CAUSE_CONFIG, "libmicrohttpd does not start: no epoll here?");
    }
    http->spare = open("/dev/null", O_RDONLY | O_CLOEXEC);
    http->poll.data = http->again.data = http->sweep.data = http->stop.data = http;
    uv_poll_init(loop, &http->poll, info->epoll_fd);
    uv_timer_init(loop, &http->again);
    uv_timer_init(loop, &http->sweep);
    uv_timer_init(loop, &http->stop);
    uv_poll_start(&http->poll, UV_READABLE, ready);
    *out = http;
    return true;
}

static void tell_stopped(struct http *http)
{
    void (*stopped)(void *owner) = http->stopped;
    http->stopped = NULL;
    uv_timer_stop(&http->stop);
    if (stopped)
        stopped(http->owner);
}

void http_check_stopped(struct http *http)
{
    if (http->stopping && !http->requests)
        tell_stopped(http);
}

static void too_long(uv_timer_t *timer)
{
    tell_stopped(timer->data);
}

void http_stop(struct http *http, void (*stopped)(void *owner), void *owner)
{
    http->stopping = true;
    http->stopped = stopped;
    http->owner = owner;
    http_close_listeners(http);
    for (struct http_request *request = http->requests, *next; request; request = next) {
        next = request->next;
        if (request->stream)
            http_stream_wake(request->stream);
    }
    uv_timer_start(&http->stop, too_long, SERVE_STOP_MS, 0);
    http_run(http);
}

static void closed(uv_handle_t *handle)
{
    struct http *http = handle->data;
    if (--http->open_handles > 0)
        return;
    close_fd(&http->spare);
    free(http);
}

void http_free(struct http *http)
{
    for (struct http_request *request = http->requests; request; request = request->next)
        http_request_resume(request); /* libmicrohttpd insists */
    uv_close((uv_handle_t *)&http->poll, closed);
    uv_close((uv_handle_t *)&http->again, closed);
    uv_close((uv_handle_t *)&http->sweep, closed);
    uv_close((uv_handle_t *)&http->stop, closed);
    http->open_handles = 4;
    struct MHD_Daemon *daemon = http->daemon;
    http->running = true;
    MHD_run(daemon);
    MHD_stop_daemon(daemon);
    http->daemon = NULL;
}
