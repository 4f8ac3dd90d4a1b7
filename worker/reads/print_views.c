/* Views over sessions as tables. */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "common/store_views.h"
#include "common/text.h"
#include "worker/reads/print_parts.h"

/* A title is as long as it likes; a table is not. */
enum { TEXT_SHOWN_BYTES = 48, HEADING_BYTES = 32 };

/* Texts of a row fit for a table. */
static json_t *shown_row(const json_t *row)
{
    json_t *shown = json_object();
    const char *key;
    json_t *value;
    json_object_foreach ((json_t *)row, key, value) {
        struct buf text = {0};
        if (!json_is_string(value)) {
            json_object_set(shown, key, value);
            continue;
        }
        text_escape(&text, json_string_value(value), json_string_length(value));
        size_t size = utf8_floor(text.data ? text.data : "",
                                 text.size < TEXT_SHOWN_BYTES ? text.size : TEXT_SHOWN_BYTES);
        json_object_set_new(shown, key, json_stringn(text.data ? text.data : "", size));
        buf_release(&text);
    }
    return shown;
}

static json_t *shown_rows(const json_t *rows)
{
    json_t *list = json_array();
    size_t i;
    json_t *row;
    json_array_foreach (rows, i, row)
        json_array_append_new(list, shown_row(row));
    return list;
}

static void heading_of(const char *name, char out[HEADING_BYTES])
{
    snprintf(out, HEADING_BYTES, "%s", name);
    char *unit = strstr(out, "_ms");
    if (unit)
        *unit = '\0';
    for (char *at = out; *at; at++)
        *at = *at == '_' ? ' ' : (char)toupper((unsigned char)*at);
}

static void print_rows(struct buf *out, const struct view *view, const json_t *rows)
{
    static const enum print_how hows[] = {[VIEW_TEXT] = SHOW_TEXT,
                                          [VIEW_NUMBER] = SHOW_NUMBER,
                                          [VIEW_WHEN] = SHOW_WHEN,
                                          [VIEW_DURATION] = SHOW_DURATION};
    struct print_column columns[VIEW_COLUMNS_MAX + 1];
    char headings[VIEW_COLUMNS_MAX][HEADING_BYTES];
    size_t count = 0;
    if (json_object_get(json_array_get(rows, 0), "source"))
        columns[count++] = (struct print_column){"SOURCE", "source", SHOW_TEXT};
    for (size_t i = 0; i < view->column_count; i++) {
        heading_of(view->columns[i].name, headings[i]);
        columns[count++] =
            (struct print_column){headings[i], view->columns[i].name, hows[view->columns[i].type]};
    }
    json_t *shown = shown_rows(rows);
    print_table(out, shown, columns, count, false);
    json_decref(shown);
}

/* When it was made, and how old what it was made of is. */
static void print_made(struct buf *out, const json_t *answer)
{
    size_t i;
    json_t *made;
    json_array_foreach (json_object_get(answer, "rebuilt"), i, made) {
        buf_add_text(out, i ? ", " : "of ");
        print_escaped(out, text_of(made, "source"));
        buf_add_text(out, " (made ");
        print_when(out, number_of(made, "rebuilt_at"));
        buf_add_text(out, ", fresh: ");
        print_fresh(out, answer, text_of(made, "source"));
        buf_add_text(out, ")");
    }
    if (i)
        buf_add_byte(out, '\n');
}

static bool print_list(struct buf *out, const json_t *list)
{
    static const struct print_column columns[] = {{"VIEW", "name", SHOW_TEXT},
                                                  {"ROWS", "rows", SHOW_NUMBER},
                                                  {"MADE", "rebuilt_at", SHOW_WHEN}};
    if (json_array_size(list) == 0) {
        buf_add_text(out, "no source has sessions\n");
        return false;
    }
    json_t *rows = json_deep_copy(list);
    size_t i;
    json_t *row;
    json_array_foreach (rows, i, row)
        json_object_set(row, "message", json_object_get(row, "about"));
    print_table(out, rows, columns, sizeof columns / sizeof *columns, true);
    json_decref(rows);
    return true;
}

bool print_view(struct buf *out, json_t *answer, const struct print_style *style)
{
    const struct view *view = store_view_find(text_of(answer, "view"));
    const json_t *rows = json_object_get(answer, "rows");
    (void)style;
    if (!view)
        return print_list(out, json_object_get(answer, "views"));
    if (json_array_size(rows) == 0)
        buf_add_text(out, "no sessions\n");
    else
        print_rows(out, view, rows);
    print_more(out, answer);
    print_made(out, answer);
    return json_array_size(rows) > 0;
}
