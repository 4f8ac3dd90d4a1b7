/* Sockets that are listened on; libmicrohttpd gets the connections. */
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "common/cleanup.h"
#include "common/log.h"
#include "worker/reads/http_internal.h"

static void refuse(struct http *http, int fd)
{
    static const char text[] =
        "HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\nConnection: close\r\n"
        "Retry-After: 5\r\n\r\n";
    http->counters.refused++;
    if (send(fd, text, sizeof text - 1, MSG_NOSIGNAL | MSG_DONTWAIT) < 0)
        log_line(LOG_DEBUG, NULL, "http", "send: %s", strerror(errno));
    close(fd);
}

/* Out of descriptors a connection cannot be taken, and so would wake us for ever: one that is kept
 * for this takes it, to refuse it. */
static void refuse_next(struct http *http, int listener)
{
    close_fd(&http->spare);
    int fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd >= 0)
        refuse(http, fd);
    http->spare = open("/dev/null", O_RDONLY | O_CLOEXEC);
}

static void come(uv_poll_t *poll, int status, int events)
{
    struct http_listener *listener = poll->data;
    struct http *http = listener->http;
    (void)status;
    (void)events;
    for (int i = 0; i < HTTP_ACCEPT_AT_A_TIME; i++) {
        union {
            struct sockaddr any;
            struct sockaddr_storage room;
        } address = {0};
        socklen_t size = sizeof address;
        int fd = accept4(listener->fd, &address.any, &size, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd < 0 && (errno == EINTR || errno == ECONNABORTED))
            continue;
        if (fd < 0 && (errno == EMFILE || errno == ENFILE))
            refuse_next(http, listener->fd);
        if (fd < 0)
            break;
        if (http->counters.open_connections >= HTTP_CONNECTIONS_MAX) {
            refuse(http, fd);
            continue;
        }
        int on = 1;
        int send_bytes = HTTP_SEND_BYTES;
        setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &send_bytes, sizeof send_bytes);
        if (address.any.sa_family != AF_UNIX)
            setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        address.any.sa_family = listener->path ? AF_UNIX : address.any.sa_family;
        MHD_add_connection(http->daemon, fd, &address.any, size < 2 ? 2 : size);
    }
    http_run(http);
}

static void add_listener(struct http *http, int fd, const char *path)
{
    struct http_listener *listener = xcalloc(1, sizeof *listener);
    listener->http = http;
    listener->fd = fd;
    listener->path = path ? xstrdup(path) : NULL;
    listener->poll.data = listener;
    uv_poll_init(http->loop, &listener->poll, fd);
    uv_poll_start(&listener->poll, UV_READABLE, come);
    listener->next = http->listeners;
    http->listeners = listener;
}

static void listener_closed(uv_handle_t *handle)
{
    struct http_listener *listener = handle->data;
    close(listener->fd);
    free(listener->path);
    free(listener);
}

void http_close_listeners(struct http *http)
{
    for (struct http_listener *listener = http->listeners, *next; listener; listener = next) {
        next = listener->next;
        if (listener->path)
            unlink(listener->path);
        uv_close((uv_handle_t *)&listener->poll, listener_closed);
    }
    http->listeners = NULL;
}

/* --- addresses ------------------------------------------------------------------------------- */

bool http_split_address(const char *text, char *host, char *port, struct error *e)
{
    const char *colon = strrchr(text, ':');
    bool brackets = text[0] == '[' && colon > text && colon[-1] == ']';
    size_t length = colon ? (size_t)(colon - text) : 0;
    if (!colon || length == 0 || length >= 256 || strlen(colon + 1) > 5 || colon[1] == '\0' ||
        strspn(colon + 1, "0123456789") != strlen(colon + 1) ||
        strtol(colon + 1, NULL, 10) > UINT16_MAX || (!brackets && memchr(text, ':', length)))
        return error_set(e, CAUSE_USAGE,
                         "--listen: \"%s\": expected ADDRESS:PORT, such as 127.0.0.1:7778 or "
                         "[::1]:7778",
                         text);
    snprintf(host, 256, "%.*s", (int)(length - 2 * brackets), text + brackets);
    snprintf(port, 8, "%s", colon + 1);
    return true;
}

/* What it really is, port 0 resolved. Caller frees. */
static char *name_of(int fd)
{
    struct sockaddr_storage address = {0};
    socklen_t size = sizeof address;
    char host[NI_MAXHOST] = "?";
    char port[NI_MAXSERV] = "?";
    if (getsockname(fd, (struct sockaddr *)&address, &size) == 0)
        getnameinfo((struct sockaddr *)&address, size, host, sizeof host, port, sizeof port,
                    NI_NUMERICHOST | NI_NUMERICSERV);
    return xasprintf(strchr(host, ':') ? "[%s]:%s" : "%s:%s", host, port);
}

static int open_tcp(const struct addrinfo *at)
{
    int on = 1;
    int fd = socket(at->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -1;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (bind(fd, at->ai_addr, at->ai_addrlen) == 0 && listen(fd, HTTP_BACKLOG) == 0)
        return fd;
    int code = errno;
    close(fd);
    errno = code;
    return -1;
}

bool http_listen_tcp(struct http *http, const char *text, char **address, struct error *e)
{
    char host[256];
    char port[8];
    struct addrinfo hints = {.ai_family = AF_UNSPEC,
                             .ai_socktype = SOCK_STREAM,
                             .ai_flags = AI_NUMERICSERV | AI_PASSIVE};
    struct addrinfo *list = NULL;
    if (!http_split_address(text, host, port, e))
        return false;
    int code = getaddrinfo(host, port, &hints, &list);
    if (code != 0)
        return error_set(e, CAUSE_CONFIG, "--listen %s: %s", text, gai_strerror(code));
    int fd = open_tcp(list);
    code = errno;
    freeaddrinfo(list);
    if (fd < 0)
        return error_set(e, CAUSE_CONFIG, "--listen %s: %s%s", text, strerror(code),
                         code == EADDRINUSE ? "; is it running already? --listen names another"
                                            : "");
    add_listener(http, fd, NULL);
    *address = name_of(fd);
    return true;
}

static bool somebody_listens(const struct sockaddr_un *address)
{
    CLEANUP(close_fd) int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    return fd >= 0 && connect(fd, (const struct sockaddr *)address, sizeof *address) == 0;
}

bool http_listen_unix(struct http *http, const char *path, struct error *e)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    struct stat st;
    if (strlen(path) >= sizeof address.sun_path)
        return error_set(e, CAUSE_CONFIG, "--unix %s: longer than %zu bytes", path,
                         sizeof address.sun_path - 1);
    memcpy(address.sun_path, path, strlen(path));
    if (lstat(path, &st) == 0 && !S_ISSOCK(st.st_mode))
        return error_set(e, CAUSE_CONFIG, "--unix %s: there is a file of that name", path);
    if (somebody_listens(&address))
        return error_set(e, CAUSE_CONFIG, "--unix %s: somebody listens there already", path);
    unlink(path);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    mode_t mask = umask(0177);
    bool ok = fd >= 0 && bind(fd, (struct sockaddr *)&address, sizeof address) == 0 &&
              listen(fd, HTTP_BACKLOG) == 0;
    int code = errno;
    umask(mask);
    if (!ok) {
        close_fd(&fd);
        return error_set(e, CAUSE_CONFIG, "--unix %s: %s", path, strerror(code));
    }
    add_listener(http, fd, path);
    return true;
}
