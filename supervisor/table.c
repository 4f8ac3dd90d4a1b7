/* Columns, alignment and cutting of the table. */
#include "supervisor/table.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <utf8proc.h>

#include "common/duration.h"
#include "supervisor/note.h"
#include "supervisor/schedule.h"

enum column {
    COLUMN_SOURCE,
    COLUMN_KIND,
    COLUMN_STATUS,
    COLUMN_PAGES,
    COLUMN_ADDED,
    COLUMN_CHANGED,
    COLUMN_DELETED,
    COLUMN_REMAIN,
    COLUMN_TIME,
    COLUMN_FRESH,
    COLUMN_NOTE,
    COLUMN_COUNT
};

static const struct {
    const char *heading;
    bool right; /* aligned */
} columns[COLUMN_COUNT] = {
    [COLUMN_SOURCE] = {"SOURCE", false},  [COLUMN_KIND] = {"KIND", false},
    [COLUMN_STATUS] = {"STATUS", false},  [COLUMN_PAGES] = {"PAGES", true},
    [COLUMN_ADDED] = {"ADDED", true},     [COLUMN_CHANGED] = {"CHANGED", true},
    [COLUMN_DELETED] = {"DELETED", true}, [COLUMN_REMAIN] = {"REMAIN", true},
    [COLUMN_TIME] = {"TIME", true},       [COLUMN_FRESH] = {"FRESH", false},
    [COLUMN_NOTE] = {"NOTE", false},
};

enum { CELL_SIZE = SOURCE_ID_MAX + 1, GAP = 2, NOTE_LEAST = 16 };

struct row {
    char cells[COLUMN_NOTE][CELL_SIZE];
};

static size_t columns_of(utf8proc_int32_t point)
{
    int width = utf8proc_charwidth(point);
    return width > 0 ? (size_t)width : 0;
}

/* Bytes of the longest prefix that fits; *used gets its columns. */
static size_t prefix(const char *text, size_t size, size_t limit, size_t *used)
{
    size_t at = 0;
    *used = 0;
    while (at < size) {
        utf8proc_int32_t point;
        utf8proc_ssize_t n = utf8proc_iterate((const utf8proc_uint8_t *)text + at,
                                              (utf8proc_ssize_t)(size - at), &point);
        size_t width = n > 0 ? columns_of(point) : 1;
        if (*used + width > limit)
            break;
        *used += width;
        at += n > 0 ? (size_t)n : 1;
    }
    return at;
}

size_t text_columns(const char *text, size_t size)
{
    size_t used;
    prefix(text, size, SIZE_MAX / 2, &used);
    return used;
}

void text_cut(struct buf *out, const char *text, size_t limit)
{
    size_t used;
    size_t size = strlen(text);
    if (prefix(text, size, limit, &used) == size) {
        buf_add(out, text, size);
        return;
    }
    buf_add(out, text, prefix(text, size, limit > 0 ? limit - 1 : 0, &used));
    buf_add_text(out, "\xE2\x80\xA6");
}

static void set_count(char *cell, bool known, int64_t count)
{
    if (known && count >= 0)
        snprintf(cell, CELL_SIZE, "%lld", (long long)count);
    else
        snprintf(cell, CELL_SIZE, "-");
}

static void set_time(char *cell, const struct source_status *status)
{
    bool runs = status->word == STATUS_RUNNING || status->word == STATUS_STALLED;
    if (!status->has_result || runs || status->result.outcome == OUTCOME_SKIPPED)
        snprintf(cell, CELL_SIZE, "-");
    else
        duration_format(status->result.duration_ms, cell);
}

static void set_fresh(char *cell, int64_t fresh_s)
{
    if (fresh_s < 0)
        snprintf(cell, CELL_SIZE, "never");
    else if (fresh_s < 60)
        snprintf(cell, CELL_SIZE, "now");
    else
        duration_format(fresh_s * 1000, cell);
}

static void fill_row(struct row *row, const struct source_status *status)
{
    const struct run_result *result = &status->result;
    bool known = status->has_result;
    snprintf(row->cells[COLUMN_SOURCE], CELL_SIZE, "%s", status->id);
    snprintf(row->cells[COLUMN_KIND], CELL_SIZE, "%s", status->kind);
    snprintf(row->cells[COLUMN_STATUS], CELL_SIZE, "%s", status_name(status));
    set_count(row->cells[COLUMN_PAGES], true, result->pages);
    set_count(row->cells[COLUMN_ADDED], known, result->added);
    set_count(row->cells[COLUMN_CHANGED], known, result->changed);
    set_count(row->cells[COLUMN_DELETED], known, result->deleted);
    set_count(row->cells[COLUMN_REMAIN], known, result->remaining);
    set_time(row->cells[COLUMN_TIME], status);
    set_fresh(row->cells[COLUMN_FRESH], status->fresh_s);
}

static void measure(const struct row *rows, size_t count, size_t widths[COLUMN_NOTE])
{
    for (int c = 0; c < COLUMN_NOTE; c++) {
        widths[c] = strlen(columns[c].heading);
        for (size_t r = 0; r < count; r++) {
            size_t width = strlen(rows[r].cells[c]); /* ids, kinds and numbers are ASCII */
            if (width > widths[c])
                widths[c] = width;
        }
    }
}

static const char *colour_of(const struct source_status *status)
{
    if (status->word == STATUS_RUNNING)
        return "\x1b[36m"; /* cyan */
    if (status->word == STATUS_STALLED)
        return "\x1b[31m"; /* red */
    if (status->word != STATUS_OUTCOME)
        return "\x1b[2m"; /* dim */
    switch (schedule_verdict(&status->result)) {
    case VERDICT_OK:
        return "\x1b[32m"; /* green */
    case VERDICT_PARTIAL:
        return "\x1b[33m"; /* yellow */
    case VERDICT_FAILED:
    case VERDICT_BY_COMMIT:
    case VERDICT_BY_REASON:
        break;
    }
    return "\x1b[31m";
}

static void add_cell(struct buf *out, const char *text, size_t width, bool right)
{
    int pad = (int)(width - strlen(text));
    buf_printf(out, "%*s%s%*s", right ? pad : 0, "", text, right ? 0 : pad, "");
}

static void trim_line(struct buf *out)
{
    while (out->size > 0 && out->data[out->size - 1] == ' ')
        out->data[--out->size] = '\0';
    buf_add_byte(out, '\n');
}

static void add_note(struct buf *out, const struct source_status *status,
                     const size_t widths[COLUMN_NOTE], const struct table_style *style)
{
    struct buf note = {0};
    size_t start = 0;
    for (int c = 0; c < COLUMN_NOTE; c++)
        start += widths[c] + GAP;
    size_t room = style->width > start + NOTE_LEAST ? style->width - start : NOTE_LEAST;
    note_write(&note, status);
    if (note.size)
        text_cut(out, note.data, style->width ? room : SIZE_MAX / 2);
    buf_release(&note);
}

static void add_heading(struct buf *out, const size_t widths[COLUMN_NOTE])
{
    for (int c = 0; c < COLUMN_NOTE; c++) {
        add_cell(out, columns[c].heading, widths[c], columns[c].right);
        buf_printf(out, "%*s", GAP, "");
    }
    buf_printf(out, "%s\n", columns[COLUMN_NOTE].heading);
}

static void add_row(struct buf *out, const struct row *row, const struct source_status *status,
                    const size_t widths[COLUMN_NOTE], const struct table_style *style)
{
    for (int c = 0; c < COLUMN_NOTE; c++) {
        bool colour = style->colour && c == COLUMN_STATUS;
        if (colour)
            buf_add_text(out, colour_of(status));
        add_cell(out, row->cells[c], widths[c], columns[c].right);
        buf_printf(out, "%s%*s", colour ? "\x1b[0m" : "", GAP, "");
    }
    add_note(out, status, widths, style);
    trim_line(out);
}

void table_write(struct buf *out, const struct source_status *statuses, size_t count,
                 const struct table_style *style)
{
    size_t widths[COLUMN_NOTE];
    struct row *rows = xcalloc(count, sizeof *rows);
    for (size_t i = 0; i < count; i++)
        fill_row(&rows[i], &statuses[i]);
    measure(rows, count, widths);
    add_heading(out, widths);
    for (size_t i = 0; i < count; i++)
        add_row(out, &rows[i], &statuses[i], widths, style);
    free(rows);
}
