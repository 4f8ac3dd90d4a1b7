/* Live lines on a terminal: one per running source, redrawn when something changed. */
#ifndef LATTICE_SUPERVISOR_LIVE_H
#define LATTICE_SUPERVISOR_LIVE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <uv.h>

#include "common/text.h"
#include "supervisor/output.h"

struct live_row {
    const char *source; /* borrowed */
    const char *phase;  /* borrowed; "" before the first progress */
    int64_t done;
    int64_t total;   /* -1: not known */
    int64_t rate;    /* of `done` per second; -1: not known yet */
    int64_t left_ms; /* to its deadline */
    bool stopping;
};

/* Fills at most `room` rows and returns how many run. */
typedef size_t (*live_rows)(void *owner, struct live_row *rows, size_t room);

struct live;

/* `output` is borrowed. Draws only if stderr is a terminal that can move its cursor. */
struct live *live_new(uv_loop_t *loop, struct output *output, live_rows rows, void *owner);
bool live_is_on(const struct live *live);
/* Something changed: a frame follows soon. */
void live_changed(struct live *live);
/* A line that stays, above the live ones. Without its '\n'. */
void live_print(struct live *live, const char *line, size_t size);
/* No more frames; what was drawn is taken away. Frees when its timer is closed. */
void live_close(struct live *live);

/* One line for one row, cut at `width`; pure. */
void live_row_write(struct buf *out, const struct live_row *row, size_t width);

#endif
