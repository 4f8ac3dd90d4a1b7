/* Sessions, observations and queues as text. */
#include <inttypes.h>
#include <string.h>

#include "worker/reads/print_parts.h"

/* "3 decision, 1 note" */
static void print_counts(struct buf *out, const json_t *counts)
{
    const char *type;
    json_t *count;
    bool first = true;
    json_object_foreach ((json_t *)counts, type, count) {
        buf_printf(out, "%s%" JSON_INTEGER_FORMAT " ", first ? "" : ", ",
                   json_integer_value(count));
        print_escaped(out, type);
        first = false;
    }
}

static void print_session_line(struct buf *out, const json_t *session,
                               const struct print_style *style)
{
    print_when(out, number_of(session, "last_at"));
    buf_printf(out, "  %-8s  ", text_of(session, "state"));
    print_escaped(out, text_of(session, "source"));
    buf_add_byte(out, ' ');
    print_bold(out, text_of(session, "id"), style);
    buf_add_text(out, "  ");
    print_escaped(out, text_of(session, "title"));
}

bool print_session_list(struct buf *out, json_t *answer, const struct print_style *style)
{
    json_t *session;
    size_t i;
    json_array_foreach (json_object_get(answer, "sessions"), i, session) {
        print_session_line(out, session, style);
        buf_add_text(out, "  (");
        print_counts(out, json_object_get(session, "observations"));
        buf_add_text(out, ")\n");
    }
    print_more(out, answer);
    if (i == 0)
        buf_add_text(out, "no sessions yet\n");
    return i > 0;
}

static void print_observation(struct buf *out, const json_t *o, const struct print_style *style)
{
    const char *superseded_by = text_of(o, "superseded_by");
    buf_add_byte(out, '\n');
    print_when(out, number_of(o, "at"));
    buf_add_text(out, "  ");
    print_bold(out, text_of(o, "type"), style);
    buf_add_text(out, "  ");
    print_escaped(out, text_of(o, "id"));
    if (superseded_by[0]) {
        buf_add_text(out, "  superseded by ");
        print_escaped(out, superseded_by);
    }
    if (number_of(o, "archived_at"))
        buf_add_text(out, "  archived");
    buf_add_byte(out, '\n');
    print_block(out, text_of(o, "text"));
    if (out->data[out->size - 1] != '\n')
        buf_add_byte(out, '\n');
}

bool print_session(struct buf *out, json_t *answer, const struct print_style *style)
{
    json_t *observation;
    size_t i;
    print_session_line(out, answer, style);
    buf_add_byte(out, '\n');
    json_array_foreach (json_object_get(answer, "observations"), i, observation)
        print_observation(out, observation, style);
    print_more(out, answer);
    return true;
}

bool print_queue(struct buf *out, json_t *answer, const struct print_style *style)
{
    static const struct print_column columns[] = {{"SOURCE", "source", SHOW_TEXT},
                                                  {"WAITING", "waiting", SHOW_NUMBER},
                                                  {"SIZE", "bytes", SHOW_BYTES},
                                                  {"OLDEST", "oldest_at", SHOW_WHEN}};
    const json_t *rows = json_object_get(answer, "queues");
    (void)style;
    if (json_array_size(rows) == 0)
        buf_add_text(out, "no source is an inbox\n");
    else
        print_table(out, rows, columns, sizeof columns / sizeof *columns, false);
    return json_array_size(rows) > 0;
}
