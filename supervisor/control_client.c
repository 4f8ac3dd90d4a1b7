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
    /* Of connect, too, which waits where many wait already. */
    struct timeval limit = {.tv_sec = CONTROL_REQUEST_MS / 1000};
    setsockopt(*fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
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

/* The last word: what is not there now will not come, and the supervisor is told so. */
static bool taken_at_last(struct control_line *line, struct control_reply *reply)
{
    struct error ignored = {0};
    shutdown(line->fd, SHUT_RDWR);
    return control_next(line, 0, reply, &ignored) && reply->type == REPLY_TAKEN;
}

bool control_taken(struct control_line *line, struct error *e)
{
    struct control_reply reply = {0};
    struct error silent = {0};
    if (!control_next(line, CONTROL_ANSWER_MS, &reply, &silent)) {
        if (taken_at_last(line, &reply))
            return true;
        *e = silent;
        return false;
    }
    return reply.type == REPLY_TAKEN ||
           error_set(e, reply.cause ? reply.cause : CAUSE_BUG, "%s",
                     reply.text[0] ? reply.text : "the supervisor gave an answer to nothing");
}

static bool print_answer(struct control_line *line, int wait_ms, struct error *e)
{
    struct control_reply reply = {0};
    while (reply.type != REPLY_END) {
        if (!control_next(line, wait_ms, &reply, e))
            return false;
        if (reply.type == REPLY_TEXT) {
            printf("%s\n", reply.text);
            fflush(stdout); /* the next line may take long */
        }
    }
    return reply.cause == CAUSE_NONE || error_set(e, reply.cause, "%s", reply.text);
}

bool control_command(const struct home *home, const struct control_request *request,
                     struct error *e)
{
    CLEANUP(control_line_release) struct control_line line;
    if (!control_ask(home, request, &line, e))
        return false;
    if (!control_taken(&line, e))
        return e->cause == CAUSE_UNREACHABLE &&
               error_set(e, CAUSE_UNREACHABLE,
                         "the supervisor does not answer: it is stopped, or wedged; nothing was "
                         "done; `lattice-supervise doctor` names it");
    return print_answer(&line, CONTROL_ANSWER_MS, e);
}

bool control_errand(const struct home *home, const struct control_request *request, bool *taken,
                    struct error *e)
{
    CLEANUP(control_line_release) struct control_line line;
    *taken = control_ask(home, request, &line, e) && control_taken(&line, e);
    return *taken && print_answer(&line, -1, e);
}
