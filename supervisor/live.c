/* Drawing of live lines. */
#include "supervisor/live.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "common/duration.h"
#include "supervisor/limits.h"
#include "supervisor/table.h"

enum { ROWS_MAX = 40 };

struct live {
    struct output *output; /* borrowed */
    live_rows rows;
    void *owner;
    uv_timer_t timer;
    bool on;
    size_t drawn; /* lines on the screen that are ours to take away */
    struct buf frame;
};

static bool can_draw(void)
{
    const char *term = getenv("TERM");
    return isatty(STDERR_FILENO) && term && strcmp(term, "dumb") != 0;
}

struct live *live_new(uv_loop_t *loop, struct output *output, live_rows rows, void *owner)
{
    struct live *live = xcalloc(1, sizeof *live);
    live->output = output;
    live->rows = rows;
    live->owner = owner;
    live->on = can_draw();
    uv_timer_init(loop, &live->timer);
    live->timer.data = live;
    return live;
}

bool live_is_on(const struct live *live)
{
    return live->on;
}

/* Whole seconds in the last minute: tenths would not stand still. */
static void set_left(char left[DURATION_TEXT_SIZE], int64_t left_ms)
{
    int64_t left_s = left_ms > 0 ? left_ms / 1000 : 0;
    if (left_s < 60)
        snprintf(left, DURATION_TEXT_SIZE, "%ds", (int)left_s);
    else
        duration_format(left_s * 1000, left);
}

void live_row_write(struct buf *out, const struct live_row *row, size_t width)
{
    struct buf line = {0};
    char left[DURATION_TEXT_SIZE];
    set_left(left, row->left_ms);
    buf_printf(&line, "%-12s %-8s", row->source, row->phase[0] ? row->phase : "starting");
    if (row->phase[0])
        buf_printf(&line, " %lld", (long long)row->done);
    if (row->phase[0] && row->total >= 0)
        buf_printf(&line, " of %lld", (long long)row->total);
    if (row->rate >= 0)
        buf_printf(&line, ", %lld/s", (long long)row->rate);
    if (row->total > row->done)
        buf_printf(&line, ", %lld to go", (long long)(row->total - row->done));
    buf_printf(&line, ", %s%s to its deadline", row->stopping ? "stopping, " : "", left);
    struct buf safe = {0};
    text_escape(&safe, line.data, line.size);
    text_cut(out, safe.data, width);
    buf_release(&safe);
    buf_release(&line);
}

/* Back to the first of our lines, and nothing below it. */
static void take_away(struct live *live, struct buf *out)
{
    if (live->drawn)
        buf_printf(out, "\x1b[%zuA\r\x1b[J", live->drawn);
    live->drawn = 0;
}

static void screen_size(size_t *width, size_t *height)
{
    struct winsize size = {0};
    bool known = ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col && size.ws_row;
    *width = known ? size.ws_col : 80;
    *height = known ? size.ws_row : 24;
}

static void draw(struct live *live)
{
    struct live_row rows[ROWS_MAX];
    size_t width;
    size_t height;
    screen_size(&width, &height);
    size_t room = height > 2 ? height - 2 : 1;
    size_t running = live->rows(live->owner, rows, ROWS_MAX);
    size_t shown = running < room ? running : room;
    shown = shown < ROWS_MAX ? shown : ROWS_MAX;
    buf_reset(&live->frame);
    take_away(live, &live->frame);
    for (size_t i = 0; i < shown; i++) {
        live_row_write(&live->frame, &rows[i], width - 1);
        buf_add_byte(&live->frame, '\n');
    }
    live->drawn = shown;
    if (live->frame.size)
        output_add(live->output, live->frame.data, live->frame.size);
}

/* While lines are on the screen a slow tick keeps the time to the deadline true. */
static void tick(uv_timer_t *timer)
{
    struct live *live = timer->data;
    if (!output_busy(live->output))
        draw(live);
    if (live->drawn)
        uv_timer_start(timer, tick, TICK_MS, 0);
}

void live_changed(struct live *live)
{
    if (!live->on)
        return;
    if (!uv_is_active((uv_handle_t *)&live->timer) || uv_timer_get_due_in(&live->timer) > FRAME_MS)
        uv_timer_start(&live->timer, tick, FRAME_MS, 0);
}

void live_print(struct live *live, const char *line, size_t size)
{
    struct buf text = {0};
    take_away(live, &text);
    buf_add(&text, line, size);
    buf_add_byte(&text, '\n');
    output_add(live->output, text.data, text.size);
    buf_release(&text);
    live_changed(live);
}

static void closed(uv_handle_t *handle)
{
    struct live *live = handle->data;
    buf_release(&live->frame);
    free(live);
}

void live_close(struct live *live)
{
    struct buf text = {0};
    take_away(live, &text);
    if (text.size)
        output_add(live->output, text.data, text.size);
    buf_release(&text);
    uv_close((uv_handle_t *)&live->timer, closed);
}
