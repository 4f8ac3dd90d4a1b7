/* Asking the running supervisor, and waiting for what it says. */
#include "supervisor/control_client.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "common/cleanup.h"
#include "supervisor/limits.h"

/* By way of the folder's descriptor: a socket's path has 107 bytes at most. */
static bool reach(const struct home *home, int *fd, struct error *e)
{
    CLEANUP(close_fd) int folder = open(home->path, O_PATH | O_DIRECTORY | O_CLOEXEC);
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    snprintf(address.sun_path, sizeof address.sun_path, "/proc/self/fd/%d/%s", folder,
             HOME_SUPERVISE_SOCKET);
    *fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (folder >= 0 && *fd >= 0 &&
        connect(*fd, (const struct sockaddr *)&address, sizeof address) == 0)
        return true;
    int problem = errno;
    close_fd(fd);
    return error_set(e, CAUSE_UNREACHABLE, "no supervisor answers on %s/%s: %s", home->path,
                     HOME_SUPERVISE_SOCKET, strerror(problem));
}

static bool send_all(int fd, const char *text, struct error *e)
{
    size_t size = strlen(text);
    struct timeval limit = {.tv_sec = CONTROL_REQUEST_MS / 1000};
    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
    while (size > 0) {
        ssize_t n = send(fd, text, size, MSG_NOSIGNAL);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0 && errno == EPIPE)
            return true; /* it has said why already */
        if (n <= 0)
            return error_set(e, CAUSE_UNREACHABLE, "the supervisor does not listen: %s",
                             strerror(errno));
        text += n;
        size -= (size_t)n;
    }
    return true;
}

bool control_ask(const struct home *home, const struct control_request *request,
                 struct control_line *line, struct error *e)
{
    CLEANUP(free_text) char *text = control_write_request(request);
    *line = (struct control_line){.fd = -1};
    return reach(home, &line->fd, e) && send_all(line->fd, text, e);
}

static bool read_more(struct control_line *line, int wait_ms, struct error *e)
{
    char bytes[4096];
    struct pollfd wait = {.fd = line->fd, .events = POLLIN};
    int ready;
    do
        ready = poll(&wait, 1, wait_ms);
    while (ready < 0 && errno == EINTR);
    ssize_t n = ready > 0 ? read(line->fd, bytes, sizeof bytes) : -1;
    if (n > 0) {
        buf_add(&line->got, bytes, (size_t)n);
        return true;
    }
    return error_set(e, CAUSE_UNREACHABLE,
                     ready == 0 ? "the supervisor does not answer"
                                : "the supervisor went away before it was done");
}

bool control_next(struct control_line *line, int wait_ms, struct control_reply *reply,
                  struct error *e)
{
    const char *end;
    while (!(end = line->got.size ? memchr(line->got.data, '\n', line->got.size) : NULL)) {
        if (line->got.size > CONTROL_REPLY_BYTES_MAX)
            return error_set(e, CAUSE_BUG, "the supervisor says too much");
        if (!read_more(line, wait_ms, e))
            return false;
    }
    size_t size = (size_t)(end - line->got.data);
    bool ok = control_read_reply(line->got.data, size, reply, e);
    line->got.size -= size + 1;
    memmove(line->got.data, end + 1, line->got.size);
    return ok;
}

void control_line_release(struct control_line *line)
{
    close_fd(&line->fd);
    buf_release(&line->got);
}

bool control_command(const struct home *home, const struct control_request *request, int wait_ms,
                     struct error *e)
{
    struct control_line line;
    struct control_reply reply = {0};
    bool ok = control_ask(home, request, &line, e);
    while (ok && reply.type != REPLY_END) {
        ok = control_next(&line, wait_ms, &reply, e);
        if (ok && reply.type == REPLY_TEXT) {
            printf("%s\n", reply.text);
            fflush(stdout); /* the next line may take long */
        }
    }
    control_line_release(&line);
    if (ok && reply.cause != CAUSE_NONE)
        return error_set(e, reply.cause, "%s", reply.text);
    return ok;
}
