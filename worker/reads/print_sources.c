/* Sources, runs and sizes as tables. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "common/duration.h"
#include "worker/reads/print_parts.h"

enum { CELL_SIZE = 64 };

static void write_age(int64_t seconds, char out[DURATION_TEXT_SIZE])
{
    duration_format(seconds * 1000, out);
    if (seconds < 1)
        snprintf(out, DURATION_TEXT_SIZE, "now");
}

static void write_cell(char cell[CELL_SIZE], const json_t *row, const struct print_column *column)
{
    const json_t *value = json_object_get(row, column->key);
    int64_t number = json_integer_value(value);
    char text[DURATION_TEXT_SIZE];
    struct buf when = {0};
    if (!value || json_is_null(value)) {
        snprintf(cell, CELL_SIZE, "%s", column->how == SHOW_AGE ? "never" : "-");
        return;
    }
    switch (column->how) {
    case SHOW_TEXT:
        snprintf(cell, CELL_SIZE, "%s", json_is_string(value) ? json_string_value(value) : "?");
        break;
    case SHOW_NUMBER:
        snprintf(cell, CELL_SIZE, "%" PRId64, number);
        break;
    case SHOW_BYTES:
        snprintf(cell, CELL_SIZE, "%.1fM", (double)number / 1048576);
        break;
    case SHOW_AGE:
        write_age(number, text);
        snprintf(cell, CELL_SIZE, "%s", text);
        break;
    case SHOW_DURATION:
        duration_format(number, text);
        snprintf(cell, CELL_SIZE, "%s", text);
        break;
    case SHOW_WHEN:
        print_when(&when, number);
        snprintf(cell, CELL_SIZE, "%s", when.data);
        buf_release(&when);
        break;
    }
}

/* Two passes: how wide, then written. */
void print_table(struct buf *out, const json_t *rows, const struct print_column *columns,
                 size_t count, bool message)
{
    size_t widths[PRINT_COLUMNS_MAX];
    char cell[CELL_SIZE];
    for (size_t c = 0; c < count; c++) {
        size_t i;
        json_t *row;
        widths[c] = strlen(columns[c].heading);
        json_array_foreach (rows, i, row) {
            write_cell(cell, row, &columns[c]);
            widths[c] = strlen(cell) > widths[c] ? strlen(cell) : widths[c];
        }
    }
    for (size_t r = 0; r <= json_array_size(rows); r++) {
        const json_t *row = r ? json_array_get(rows, r - 1) : NULL;
        for (size_t c = 0; c < count; c++) {
            bool left = columns[c].how == SHOW_TEXT || columns[c].how == SHOW_WHEN;
            if (row)
                write_cell(cell, row, &columns[c]);
            else
                snprintf(cell, sizeof cell, "%s", columns[c].heading);
            buf_printf(out, left ? "%-*s  " : "%*s  ", (int)widths[c], cell);
        }
        if (message)
            print_escaped(out, row ? text_of(row, "message") : "NOTE");
        while (out->data[out->size - 1] == ' ')
            out->data[--out->size] = '\0';
        buf_add_byte(out, '\n');
    }
}

bool print_sources(struct buf *out, json_t *answer, const struct print_style *style)
{
    static const struct print_column columns[] = {
        {"SOURCE", "id", SHOW_TEXT},         {"KIND", "kind", SHOW_TEXT},
        {"STATUS", "status", SHOW_TEXT},     {"PAGES", "pages", SHOW_NUMBER},
        {"ERRORS", "errors", SHOW_NUMBER},   {"REMAIN", "remaining", SHOW_NUMBER},
        {"SIZE", "store_bytes", SHOW_BYTES}, {"FRESH", "fresh_s", SHOW_AGE},
    };
    const json_t *rows = json_object_get(answer, "sources");
    (void)style;
    print_table(out, rows, columns, sizeof columns / sizeof *columns, true);
    return json_array_size(rows) > 0;
}

bool print_runs(struct buf *out, json_t *answer, const struct print_style *style)
{
    static const struct print_column columns[] = {
        {"WHEN", "started_at", SHOW_WHEN},      {"SOURCE", "source", SHOW_TEXT},
        {"STATUS", "status", SHOW_TEXT},        {"CAUSE", "cause", SHOW_TEXT},
        {"ADDED", "added", SHOW_NUMBER},        {"CHANGED", "changed", SHOW_NUMBER},
        {"DELETED", "deleted", SHOW_NUMBER},    {"REMAIN", "remaining", SHOW_NUMBER},
        {"TIME", "duration_ms", SHOW_DURATION},
    };
    const json_t *rows = json_object_get(answer, "runs");
    (void)style;
    if (json_array_size(rows) == 0)
        buf_add_text(out, "no runs yet\n");
    else
        print_table(out, rows, columns, sizeof columns / sizeof *columns, true);
    print_more(out, answer);
    return json_array_size(rows) > 0;
}

bool print_stats(struct buf *out, json_t *answer, const struct print_style *style)
{
    static const struct print_column columns[] = {
        {"SOURCE", "source", SHOW_TEXT},   {"PAGES", "pages", SHOW_NUMBER},
        {"CHUNKS", "chunks", SHOW_NUMBER}, {"WORDS", "words", SHOW_NUMBER},
        {"ERRORS", "errors", SHOW_NUMBER}, {"SIZE", "store_bytes", SHOW_BYTES},
    };
    json_t *rows = json_deep_copy(json_object_get(answer, "stores"));
    json_t *total = json_deep_copy(json_object_get(answer, "total"));
    bool any = json_array_size(rows) > 0;
    (void)style;
    json_object_set_new(total, "source", json_string("total"));
    json_array_append_new(rows, total);
    print_table(out, rows, columns, sizeof columns / sizeof *columns, false);
    json_decref(rows);
    return any;
}
