/* Queued writes to stderr through the thread pool, one at a time. */
#include "supervisor/output.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "common/text.h"
#include "supervisor/limits.h"

struct output {
    uv_loop_t *loop; /* borrowed */
    uv_work_t work;
    bool working;
    size_t dropped; /* lines */
    struct buf waiting;
    struct buf writing; /* the pool's while `working` */
};

struct output *output_new(uv_loop_t *loop)
{
    struct output *output = xcalloc(1, sizeof *output);
    output->loop = loop;
    output->work.data = output;
    return output;
}

static void write_out(uv_work_t *work)
{
    struct output *output = work->data;
    size_t at = 0;
    while (at < output->writing.size) {
        ssize_t n = write(STDERR_FILENO, output->writing.data + at, output->writing.size - at);
        if (n < 0 && errno != EINTR)
            break; /* nobody to tell */
        at += n > 0 ? (size_t)n : 0;
    }
}

static void start(struct output *output);

static void written(uv_work_t *work, int status)
{
    (void)status;
    struct output *output = work->data;
    output->working = false;
    buf_reset(&output->writing);
    if (output->dropped)
        buf_printf(&output->waiting, "warn: %zu lines dropped: stderr is not read fast enough\n",
                   output->dropped);
    output->dropped = 0;
    start(output);
}

static void start(struct output *output)
{
    if (output->working || output->waiting.size == 0)
        return;
    struct buf swap = output->writing;
    output->writing = output->waiting;
    output->waiting = swap;
    output->working = uv_queue_work(output->loop, &output->work, write_out, written) == 0;
}

void output_add(struct output *output, const char *text, size_t size)
{
    if (output->waiting.size + size > OUTPUT_QUEUE_MAX) {
        output->dropped++;
        return;
    }
    buf_add(&output->waiting, text, size);
    start(output);
}

bool output_busy(const struct output *output)
{
    return output->working;
}

void output_free(struct output *output)
{
    if (!output)
        return;
    buf_release(&output->waiting);
    buf_release(&output->writing);
    free(output);
}
