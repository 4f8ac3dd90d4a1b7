/* Our stderr, written off the loop's thread: a reader that does not read delays no deadline. */
#ifndef LATTICE_SUPERVISOR_OUTPUT_H
#define LATTICE_SUPERVISOR_OUTPUT_H

#include <stdbool.h>
#include <stddef.h>
#include <uv.h>

struct output;

/* `loop` is borrowed. */
struct output *output_new(uv_loop_t *loop);
/* Queues text as it is; in order, written soon. Dropped (and counted) while too much waits. */
void output_add(struct output *output, const char *text, size_t size);
/* Text still waits to be written: no time for another frame. */
bool output_busy(const struct output *output);
/* Only when the loop has ended. */
void output_free(struct output *output);

#endif
