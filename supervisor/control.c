/* The socket and its clients on the loop. */
#include "supervisor/control.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/cleanup.h"
#include "common/text.h"
#include "supervisor/limits.h"
#include "supervisor/lines.h"

#define TOO_MANY "too many commands ask the running supervisor at the same time; try again"

struct control_client {
    uv_pipe_t pipe;
    uv_timer_t timer; /* for the request to come, and for the last answer to be taken */
    struct control *control;
    struct line_reader lines;
    int open_handles;
    bool asked;
    bool ended; /* its owner knows that it is over */
    bool closing;
    struct control_client *next;
};

struct control {
    uv_loop_t *loop;
    struct control_handlers handlers;
    uv_pipe_t pipe;
    int home;     /* the folder; the socket's name is short whatever the folder's is */
    size_t count; /* of those that are not closing */
    struct control_client *clients;
    bool closing;
    bool closed;
};

static void free_if_done(struct control *control)
{
    if (control->closed && !control->clients)
        free(control);
}

static void client_closed(uv_handle_t *handle)
{
    struct control_client *client = handle->data;
    struct control *control = client->control;
    if (--client->open_handles > 0)
        return;
    for (struct control_client **at = &control->clients; *at; at = &(*at)->next)
        if (*at == client) {
            *at = client->next;
            break;
        }
    line_reader_release(&client->lines);
    free(client);
    free_if_done(control);
}

static void close_client(struct control_client *client)
{
    if (client->closing)
        return;
    client->closing = true;
    client->control->count--;
    uv_close((uv_handle_t *)&client->pipe, client_closed);
    uv_close((uv_handle_t *)&client->timer, client_closed);
}

/* It went by itself, or is made to. */
static void drop(struct control_client *client)
{
    bool tell = client->asked && !client->ended;
    client->ended = true;
    if (tell)
        client->control->handlers.gone(client->control->handlers.owner, client);
    close_client(client);
}

static void too_slow(uv_timer_t *timer)
{
    drop(timer->data);
}

struct sending {
    uv_write_t request;
    struct control_client *client;
    bool last;
    char *line; /* owned */
};

static void sent(uv_write_t *request, int status)
{
    struct sending *sending = request->data;
    if (sending->last || status < 0)
        close_client(sending->client);
    free(sending->line);
    free(sending);
}

static void send_reply(struct control_client *client, const struct control_reply *reply)
{
    struct sending *sending = xcalloc(1, sizeof *sending);
    sending->request.data = sending;
    sending->client = client;
    sending->last = reply->type == REPLY_END;
    sending->line = control_write_reply(reply);
    uv_buf_t bytes = uv_buf_init(sending->line, (unsigned)strlen(sending->line));
    if (uv_write(&sending->request, (uv_stream_t *)&client->pipe, &bytes, 1, sent) == 0)
        return;
    free(sending->line);
    free(sending);
    close_client(client);
}

/* Written at once or not at all: what has arrived is what both sides go by. */
bool control_take(struct control_client *client)
{
    static const struct control_reply taken = {.type = REPLY_TAKEN};
    CLEANUP(free_text) char *line = control_write_reply(&taken);
    uv_buf_t bytes = uv_buf_init(line, (unsigned)strlen(line));
    if (!client->closing && uv_try_write((uv_stream_t *)&client->pipe, &bytes, 1) == (int)bytes.len)
        return true;
    client->ended = true;
    close_client(client);
    return false;
}

void control_reply(struct control_client *client, const struct control_reply *reply)
{
    if (client->closing)
        return;
    send_reply(client, reply);
    /* Who does not read what he asked for is let go. */
    if (uv_stream_get_write_queue_size((uv_stream_t *)&client->pipe) > CONTROL_QUEUE_MAX)
        drop(client);
}

void control_end(struct control_client *client, enum cause cause, const char *text)
{
    struct control_reply reply = {.type = REPLY_END, .cause = cause};
    snprintf(reply.text, sizeof reply.text, "%s", text);
    client->ended = true;
    if (client->closing)
        return;
    /* Who does not take it in time is let go: else its place would be taken for good. */
    uv_timer_start(&client->timer, too_slow, CONTROL_REQUEST_MS, 0);
    send_reply(client, &reply);
}

static void take_line(void *owner, const char *line, size_t size)
{
    struct control_client *client = owner;
    struct control *control = client->control;
    struct control_request request;
    struct error e = {0};
    if (client->asked || client->ended)
        return;
    uv_timer_stop(&client->timer);
    if (!control_read_request(line, size, &request, &e)) {
        control_end(client, e.cause, e.text);
        return;
    }
    client->asked = true;
    control->handlers.request(control->handlers.owner, client, &request);
    control_request_release(&request);
}

/* libuv hands it back at once, and there is one loop on one thread. */
static char read_buffer[READ_BUFFER_BYTES];

static void give_buffer(uv_handle_t *handle, size_t suggested, uv_buf_t *out)
{
    (void)handle;
    (void)suggested;
    *out = uv_buf_init(read_buffer, sizeof read_buffer);
}

static void read_some(uv_stream_t *stream, ssize_t size, const uv_buf_t *data)
{
    struct control_client *client = stream->data;
    if (size < 0 || (size > 0 && client->asked))
        drop(client); /* gone, or it talks on after its one request */
    else if (size > 0)
        line_reader_feed(&client->lines, data->base, (size_t)size, take_line, client);
}

static bool is_ours(const uv_pipe_t *pipe)
{
    struct ucred peer;
    socklen_t size = sizeof peer;
    uv_os_fd_t fd;
    return uv_fileno((const uv_handle_t *)pipe, &fd) == 0 &&
           getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0 &&
           (peer.uid == geteuid() || peer.uid == 0);
}

static void connected(uv_stream_t *server, int status)
{
    struct control *control = server->data;
    if (status < 0)
        return;
    struct control_client *client = xcalloc(1, sizeof *client);
    client->control = control;
    client->lines.max_bytes = CONTROL_REQUEST_BYTES_MAX + 1;
    uv_pipe_init(control->loop, &client->pipe, 0);
    uv_timer_init(control->loop, &client->timer);
    client->pipe.data = client->timer.data = client;
    client->open_handles = 2;
    client->next = control->clients;
    control->clients = client;
    control->count++;
    if (uv_accept(server, (uv_stream_t *)&client->pipe) != 0 || !is_ours(&client->pipe)) {
        close_client(client);
        return;
    }
    if (control->count > CONTROL_CLIENTS_MAX) {
        control_end(client, CAUSE_LOCKED, TOO_MANY);
        return;
    }
    uv_timer_start(&client->timer, too_slow, CONTROL_REQUEST_MS, 0);
    uv_read_start((uv_stream_t *)&client->pipe, give_buffer, read_some);
}

static void server_closed(uv_handle_t *handle)
{
    struct control *control = handle->data;
    close_fd(&control->home);
    control->closed = true;
    free_if_done(control);
}

size_t control_clients(const struct control *control)
{
    return control->count;
}

void control_close(struct control *control)
{
    struct control_client *next;
    if (!control || control->closing)
        return;
    control->closing = true;
    unlinkat(control->home, HOME_SUPERVISE_SOCKET, 0);
    uv_close((uv_handle_t *)&control->pipe, server_closed);
    for (struct control_client *client = control->clients; client; client = next) {
        next = client->next;
        bool waits = client->asked && !client->ended;
        if (waits)
            control->handlers.gone(control->handlers.owner, client);
        if (!client->asked)
            close_client(client);
        else if (waits)
            control_end(client, CAUSE_LOCKED, "the supervisor ended before it was done");
        /* Who was ended has its last line still to be written; who does not take it is let go. */
        if (uv_stream_get_write_queue_size((uv_stream_t *)&client->pipe) > 0)
            close_client(client);
    }
}

static bool listen_there(struct control *control, struct error *e)
{
    char path[64];
    unlinkat(control->home, HOME_SUPERVISE_SOCKET, 0);
    snprintf(path, sizeof path, "/proc/self/fd/%d/%s", control->home, HOME_SUPERVISE_SOCKET);
    int code = uv_pipe_bind(&control->pipe, path);
    if (code == 0 && fchmodat(control->home, HOME_SUPERVISE_SOCKET, 0600, 0) != 0)
        code = -errno;
    if (code == 0)
        code = uv_listen((uv_stream_t *)&control->pipe, CONTROL_BACKLOG, connected);
    return code == 0 ||
           error_set(e, CAUSE_STORE, "%s: %s", HOME_SUPERVISE_SOCKET, uv_strerror(code));
}

bool control_open(uv_loop_t *loop, const struct home *home, const struct control_handlers *handlers,
                  struct control **out, struct error *e)
{
    int folder = open(home->path, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (folder < 0)
        return error_set(e, CAUSE_STORE, "%s: %s", home->path, strerror(errno));
    struct control *control = xcalloc(1, sizeof *control);
    control->loop = loop;
    control->handlers = *handlers;
    control->home = folder;
    uv_pipe_init(loop, &control->pipe, 0);
    control->pipe.data = control;
    if (!listen_there(control, e)) {
        control_close(control);
        return false;
    }
    *out = control;
    return true;
}
