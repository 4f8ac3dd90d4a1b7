/* The three pipes of a worker: its stderr, its results (fd 3) and its lifeline (fd 4). */
#ifndef LATTICE_SUPERVISOR_CHILD_IO_H
#define LATTICE_SUPERVISOR_CHILD_IO_H

#include <uv.h>

#include "supervisor/lines.h"

enum { CHILD_STDIO_COUNT = 5 };

struct child_io_handlers {
    line_handler message;     /* a line on fd 3 */
    line_handler stderr_line; /* a line on fd 2 */
    uv_close_cb closed;       /* once per pipe; handle->data is `owner` */
    void *owner;
};

/* Part of a struct child: the handles are the loop's until `closed` was called for each. */
struct child_io {
    struct child_io_handlers handlers;
    uv_stdio_container_t stdio[CHILD_STDIO_COUNT]; /* for uv_spawn */
    uv_pipe_t errors;
    uv_pipe_t results;
    uv_pipe_t lifeline;
    int theirs[3]; /* the worker's ends; -1 once closed */
    struct line_reader error_lines;
    struct line_reader result_lines;
    size_t error_count; /* lines on stderr so far */
};

/* Returns how many handles it made. */
int child_io_init(struct child_io *io, uv_loop_t *loop, const struct child_io_handlers *handlers);
/* Makes the pipes. 0 or a libuv error; child_io_close_theirs and child_io_close clean up either. */
int child_io_open(struct child_io *io);
/* The worker has its ends, or never will. */
void child_io_close_theirs(struct child_io *io);
void child_io_listen(struct child_io *io);
/* Queues `text` on the lifeline; a worker that is gone or does not read is no error. */
void child_io_send(struct child_io *io, const char *text);
/* Takes what the pipes hold now, bounded; waits for nothing. */
void child_io_drain(struct child_io *io);
/* Lines on stderr that were not handed on because there were too many. */
size_t child_io_dropped(const struct child_io *io);
void child_io_close(struct child_io *io);
void child_io_release(struct child_io *io);

/* Our environment with the mark and the folder of its control group (NULL: none) in front; free
 * with child_environment_free. */
char **child_environment(const char *mark, const char *cgroup);
void child_environment_free(char **environment);

#endif
