/* Pipes of a worker. Real pipes, not libuv's socket pairs: /dev/stderr can be opened on a pipe. */
#include "supervisor/child_io.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/cgroup.h"
#include "common/marker.h"
#include "common/message.h"
#include "supervisor/limits.h"

enum { STDERR_AT, RESULTS_AT, LIFELINE_AT };

int child_io_init(struct child_io *io, uv_loop_t *loop, const struct child_io_handlers *handlers)
{
    uv_pipe_t *const pipes[] = {&io->errors, &io->results, &io->lifeline};
    enum { COUNT = sizeof pipes / sizeof *pipes };
    io->handlers = *handlers;
    io->error_lines.max_bytes = STDERR_LINE_MAX;
    io->result_lines.max_bytes = MESSAGE_MAX_BYTES;
    for (int i = 0; i < COUNT; i++) {
        uv_pipe_init(loop, pipes[i], 0);
        pipes[i]->data = handlers->owner;
        io->theirs[i] = -1;
    }
    return COUNT;
}

/* One pipe; `we_read` says which end is ours. */
static int open_one(uv_pipe_t *ours, int *theirs, bool we_read)
{
    uv_file ends[2];
    int code = uv_pipe(ends, we_read ? UV_NONBLOCK_PIPE : 0, we_read ? 0 : UV_NONBLOCK_PIPE);
    if (code != 0)
        return code;
    *theirs = ends[we_read ? 1 : 0];
    code = uv_pipe_open(ours, ends[we_read ? 0 : 1]);
    if (code != 0)
        close(ends[we_read ? 0 : 1]);
    return code;
}

int child_io_open(struct child_io *io)
{
    int code = open_one(&io->errors, &io->theirs[STDERR_AT], true);
    if (code == 0)
        code = open_one(&io->results, &io->theirs[RESULTS_AT], true);
    if (code == 0)
        code = open_one(&io->lifeline, &io->theirs[LIFELINE_AT], false);
    io->stdio[STDIN_FILENO].flags = UV_IGNORE; /* /dev/null */
    io->stdio[STDOUT_FILENO].flags = UV_IGNORE;
    static const int targets[] = {
        [STDERR_AT] = STDERR_FILENO, [RESULTS_AT] = RESULT_FD, [LIFELINE_AT] = LIFELINE_FD};
    for (int i = STDERR_AT; i <= LIFELINE_AT; i++) {
        io->stdio[targets[i]].flags = UV_INHERIT_FD;
        io->stdio[targets[i]].data.fd = io->theirs[i];
    }
    return code;
}

void child_io_close_theirs(struct child_io *io)
{
    for (int i = STDERR_AT; i <= LIFELINE_AT; i++) {
        if (io->theirs[i] >= 0)
            close(io->theirs[i]);
        io->theirs[i] = -1;
    }
}

static void take_stderr_line(void *owner, const char *line, size_t size)
{
    struct child_io *io = owner;
    if (++io->error_count <= STDERR_LINES_MAX)
        io->handlers.stderr_line(io->handlers.owner, line, size);
}

static void feed(struct child_io *io, bool is_stderr, const char *data, size_t size)
{
    if (is_stderr)
        line_reader_feed(&io->error_lines, data, size, take_stderr_line, io);
    else
        line_reader_feed(&io->result_lines, data, size, io->handlers.message, io->handlers.owner);
}

/* Shared by all pipes: libuv hands it back at once, and there is one loop on one thread. */
static char read_buffer[READ_BUFFER_BYTES];

static void give_buffer(uv_handle_t *handle, size_t suggested, uv_buf_t *out)
{
    (void)handle;
    (void)suggested;
    *out = uv_buf_init(read_buffer, sizeof read_buffer);
}

static void read_errors(uv_stream_t *stream, ssize_t size, const uv_buf_t *data)
{
    struct child_io *io = (struct child_io *)((char *)stream - offsetof(struct child_io, errors));
    if (size < 0)
        uv_read_stop(stream);
    else
        feed(io, true, data->base, (size_t)size);
}

static void read_results(uv_stream_t *stream, ssize_t size, const uv_buf_t *data)
{
    struct child_io *io = (struct child_io *)((char *)stream - offsetof(struct child_io, results));
    if (size < 0)
        uv_read_stop(stream);
    else
        feed(io, false, data->base, (size_t)size);
}

void child_io_listen(struct child_io *io)
{
    uv_read_start((uv_stream_t *)&io->errors, give_buffer, read_errors);
    uv_read_start((uv_stream_t *)&io->results, give_buffer, read_results);
}

struct sending {
    uv_write_t request;
    char text[];
};

static void sent(uv_write_t *request, int status)
{
    (void)status;
    free(request->data);
}

void child_io_send(struct child_io *io, const char *text)
{
    size_t size = strlen(text);
    struct sending *sending = xmalloc(sizeof *sending + size);
    memcpy(sending->text, text, size);
    sending->request.data = sending;
    uv_buf_t bytes = uv_buf_init(sending->text, (unsigned)size);
    if (uv_write(&sending->request, (uv_stream_t *)&io->lifeline, &bytes, 1, sent) != 0)
        free(sending);
}

static void drain_one(struct child_io *io, uv_pipe_t *pipe)
{
    uv_os_fd_t fd;
    if (uv_fileno((uv_handle_t *)pipe, &fd) != 0)
        return;
    uv_read_stop((uv_stream_t *)pipe);
    ssize_t n;
    for (size_t sum = 0; sum < DRAIN_MAX_BYTES; sum += (size_t)n) {
        n = read(fd, read_buffer, sizeof read_buffer);
        if (n <= 0)
            return;
        feed(io, pipe == &io->errors, read_buffer, (size_t)n);
    }
}

void child_io_drain(struct child_io *io)
{
    drain_one(io, &io->errors);
    drain_one(io, &io->results);
    line_reader_end(&io->error_lines, take_stderr_line, io);
    line_reader_end(&io->result_lines, io->handlers.message, io->handlers.owner);
}

void child_io_close(struct child_io *io)
{
    uv_close((uv_handle_t *)&io->errors, io->handlers.closed);
    uv_close((uv_handle_t *)&io->results, io->handlers.closed);
    uv_close((uv_handle_t *)&io->lifeline, io->handlers.closed);
}

void child_io_release(struct child_io *io)
{
    line_reader_release(&io->error_lines);
    line_reader_release(&io->result_lines);
}

enum { OWN_VARIABLES = 2 };

/* One that a worker gets from us alone. */
static bool is_own(const char *variable)
{
    return strncmp(variable, MARKER_VARIABLE "=", sizeof MARKER_VARIABLE) == 0 ||
           strncmp(variable, CGROUP_VARIABLE "=", sizeof CGROUP_VARIABLE) == 0;
}

char **child_environment(const char *mark, const char *cgroup)
{
    size_t count = 0;
    while (environ[count])
        count++;
    char **list = xcalloc(count + OWN_VARIABLES + 1, sizeof *list);
    size_t at = 0;
    list[at++] = xasprintf("%s=%s", MARKER_VARIABLE, mark);
    if (cgroup)
        list[at++] = xasprintf("%s=%s", CGROUP_VARIABLE, cgroup);
    for (size_t i = 0; i < count; i++)
        if (!is_own(environ[i]))
            list[at++] = environ[i];
    return list;
}

void child_environment_free(char **environment)
{
    for (size_t i = 0; environment[i] && is_own(environment[i]); i++)
        free(environment[i]);
    free(environment);
}

size_t child_io_dropped(const struct child_io *io)
{
    return io->error_count > STDERR_LINES_MAX ? io->error_count - STDERR_LINES_MAX : 0;
}
