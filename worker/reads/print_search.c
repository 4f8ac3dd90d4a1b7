/* Hits of a search as text. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "worker/reads/print_parts.h"

static void print_range(struct buf *out, const char *text, size_t from, size_t to)
{
    char *part = xstrndup(text + from, to - from);
    print_escaped(out, part);
    free(part);
}

static void print_snippet(struct buf *out, const json_t *hit, const struct print_style *style)
{
    const char *text = text_of(hit, "snippet");
    size_t size = strlen(text);
    size_t at = 0;
    size_t i;
    json_t *mark;
    json_array_foreach (json_object_get(hit, "marks"), i, mark) {
        size_t start = (size_t)json_integer_value(json_array_get(mark, 0));
        size_t end = (size_t)json_integer_value(json_array_get(mark, 1));
        if (start < at || end < start || end > size)
            break;
        print_range(out, text, at, start);
        buf_add_text(out, style->bold ? "\x1b[1m" : "");
        print_range(out, text, start, end);
        buf_add_text(out, style->bold ? "\x1b[0m" : "");
        at = end;
    }
    print_range(out, text, at, size);
}

static void print_hit(struct buf *out, const json_t *answer, const json_t *hit,
                      const struct print_style *style)
{
    const char *heading = text_of(hit, "heading");
    int64_t more = number_of(hit, "more_hits");
    print_escaped(out, text_of(hit, "source"));
    buf_add_byte(out, ' ');
    print_bold(out, text_of(hit, "path"), style);
    buf_printf(out, "  (chunk %" PRId64, number_of(hit, "chunk"));
    if (more)
        buf_printf(out, ", %" PRId64 " more", more);
    buf_add_text(out, "; ");
    print_fresh(out, answer, text_of(hit, "source"));
    buf_add_text(out, ")\n    ");
    print_escaped(out, heading[0] ? heading : text_of(hit, "title"));
    buf_add_text(out, "\n    ");
    print_snippet(out, hit, style);
    buf_add_text(out, "\n\n");
}

bool print_search(struct buf *out, json_t *answer, const struct print_style *style)
{
    const json_t *hits = json_object_get(answer, "hits");
    size_t i;
    json_t *each;
    if (strcmp(text_of(answer, "match"), "partial") == 0)
        buf_add_text(out, "Nothing has all of these words; the best that have some:\n\n");
    if (strcmp(text_of(answer, "match"), "none") == 0)
        buf_add_text(out, "nothing found\n");
    json_array_foreach (hits, i, each)
        print_hit(out, answer, each, style);
    json_array_foreach (json_object_get(answer, "ignored"), i, each) {
        buf_add_text(out, i ? ", " : "not looked for, since it is nearly everywhere: ");
        print_escaped(out, json_string_value(each));
    }
    if (i > 0)
        buf_add_byte(out, '\n');
    if (json_is_true(json_object_get(answer, "approximate")))
        buf_add_text(out, "approximate: there is too much of this to look at everything\n");
    print_more(out, answer);
    return json_array_size(hits) > 0;
}
