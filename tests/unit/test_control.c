/* Clients of supervise.sock that ask and do not read. */
#include "supervisor/control.h"

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/home.h"
#include "supervisor/limits.h"
#include "tests/unit/harness.h"

/* What a socket's two buffers may hold besides, with room for a kernel that gives more. */
enum { SOCKET_BYTES_MAX = 4 * 1024 * 1024 };
/* More than a socket takes, less than what may wait. */
enum { LAST_BYTES = CONTROL_QUEUE_MAX - 64 * 1024 };

struct server {
    uv_loop_t loop;
    struct home home;
    struct control *control;
    struct control_client *client;
    int gone;
};

static void is_gone(void *owner, struct control_client *client)
{
    struct server *server = owner;
    CHECK(client == server->client);
    server->gone++;
}

static void open_server(struct server *server, void (*request)(void *, struct control_client *,
                                                               const struct control_request *))
{
    struct control_handlers handlers = {.request = request, .gone = is_gone, .owner = server};
    struct error e = {0};
    *server = (struct server){0};
    CHECK_INT(chmod(test_dir(), 0700), 0);
    CHECK_OK(home_open(test_dir(), &server->home, &e), &e);
    CHECK_INT(uv_loop_init(&server->loop), 0);
    CHECK_OK(control_open(&server->loop, &server->home, &handlers, &server->control, &e), &e);
}

static void close_server(struct server *server)
{
    control_close(server->control);
    while (uv_run(&server->loop, UV_RUN_DEFAULT) != 0)
        continue;
    CHECK_INT(uv_loop_close(&server->loop), 0);
    home_release(&server->home);
}

/* The socket of a client that has asked; it is never read. */
static int ask(void)
{
    static const char line[] = "{\"v\":1,\"type\":\"request\",\"command\":\"status\"}\n";
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    CHECK_INT(chdir(test_dir()), 0); /* its path may be longer than an address */
    snprintf(address.sun_path, sizeof address.sun_path, "%s", HOME_SUPERVISE_SOCKET);
    CHECK_INT(connect(fd, (const struct sockaddr *)&address, sizeof address), 0);
    CHECK_INT(write(fd, line, sizeof line - 1), (ssize_t)sizeof line - 1);
    return fd;
}

static void reply(struct control_client *client)
{
    struct control_reply text = {.type = REPLY_TEXT};
    memset(text.text, 'x', sizeof text.text - 1);
    control_reply(client, &text);
}

/* As many answers as anybody could want: it must be over long before. */
static void answer_without_end(void *owner, struct control_client *client,
                               const struct control_request *request)
{
    struct server *server = owner;
    (void)request;
    server->client = client;
    size_t bytes = 0;
    for (; server->gone == 0; bytes += ERROR_TEXT_SIZE) {
        if (bytes > CONTROL_QUEUE_MAX + SOCKET_BYTES_MAX)
            FAIL("%zu bytes wait for a client that does not read", bytes);
        reply(client);
    }
    CHECK(bytes >= CONTROL_QUEUE_MAX);
    uv_stop(&server->loop);
}

TEST(a_client_that_reads_no_answer_is_let_go_when_enough_wait)
{
    struct server server;
    open_server(&server, answer_without_end);
    int fd = ask();
    uv_run(&server.loop, UV_RUN_DEFAULT);
    CHECK_INT(server.gone, 1);
    close_server(&server);
    CHECK_INT(server.gone, 1);
    close(fd);
}

static void answer_and_end(void *owner, struct control_client *client,
                           const struct control_request *request)
{
    struct server *server = owner;
    (void)request;
    server->client = client;
    for (size_t bytes = 0; bytes < LAST_BYTES; bytes += ERROR_TEXT_SIZE)
        reply(client);
    control_end(client, CAUSE_NONE, "");
}

/* All was said, but it does not take it: its place is free after a while. */
TEST(a_client_that_does_not_take_its_last_answer_is_let_go)
{
    struct server server;
    int64_t before_ms = clock_monotonic_ms();
    open_server(&server, answer_and_end);
    int fd = ask();
    while (!server.client || control_clients(server.control) > 0)
        uv_run(&server.loop, UV_RUN_ONCE);
    CHECK(clock_monotonic_ms() - before_ms >= CONTROL_REQUEST_MS - 1);
    CHECK_INT(server.gone, 0); /* it was ended */
    close_server(&server);
    close(fd);
}
