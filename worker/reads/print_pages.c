/* Pages, parts of pages, links and lists of pages as text. */
#include <inttypes.h>
#include <string.h>
#include <time.h>

#include "worker/reads/print_parts.h"

void print_when(struct buf *out, int64_t at)
{
    char text[32];
    time_t seconds = (time_t)at;
    struct tm utc;
    if (gmtime_r(&seconds, &utc) && strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &utc) > 0)
        buf_add_text(out, text);
    else
        buf_printf(out, "%" PRId64, at);
}

static void print_head(struct buf *out, const json_t *answer, const struct print_style *style)
{
    json_t *tags = json_object_get(answer, "tags");
    size_t i;
    json_t *tag;
    print_escaped(out, text_of(answer, "source"));
    buf_add_byte(out, ' ');
    print_bold(out, text_of(answer, "path"), style);
    buf_add_text(out, "  (");
    print_fresh(out, answer, text_of(answer, "source"));
    buf_add_text(out, ")\n");
    json_array_foreach (tags, i, tag) {
        buf_add_text(out, i ? " #" : "#");
        print_escaped(out, json_string_value(tag));
    }
    buf_add_text(out, json_array_size(tags) ? "\n\n" : "\n");
}

bool print_page(struct buf *out, json_t *answer, const struct print_style *style)
{
    json_t *chunk;
    size_t i;
    if (!style->raw)
        print_head(out, answer, style);
    json_array_foreach (json_object_get(answer, "chunks"), i, chunk) {
        json_t *text = json_object_get(chunk, "text");
        if (style->raw)
            buf_add(out, json_string_value(text), json_string_length(text));
        else
            print_block(out, json_string_value(text));
    }
    if (!style->raw && out->data[out->size - 1] != '\n')
        buf_add_byte(out, '\n');
    return true;
}

bool print_context(struct buf *out, json_t *answer, const struct print_style *style)
{
    json_t *chunk;
    size_t i;
    print_head(out, answer, style);
    json_array_foreach (json_object_get(answer, "chunks"), i, chunk) {
        bool meant = number_of(chunk, "chunk") == number_of(answer, "around");
        char *line = xasprintf("%s chunk %" PRId64 " of %" PRId64 ": %s", meant ? "==" : "--",
                               number_of(chunk, "chunk"), number_of(answer, "chunk_count"),
                               text_of(chunk, "heading"));
        print_bold(out, line, style);
        free(line);
        buf_add_byte(out, '\n');
        print_block(out, text_of(chunk, "text"));
        if (out->data[out->size - 1] != '\n')
            buf_add_byte(out, '\n');
    }
    return true;
}

static void print_link(struct buf *out, const char *arrow, const json_t *link,
                       const struct print_style *style)
{
    const char *path = text_of(link, "path");
    buf_printf(out, "%s ", arrow);
    if (path[0])
        print_bold(out, path, style);
    else
        print_escaped(out, text_of(link, "target"));
    if (!path[0])
        buf_add_text(out, json_is_true(json_object_get(link, "outside")) ? "  (outside)"
                                                                         : "  (no such page)");
    buf_printf(out, "  (chunk %" PRId64 ")  ", number_of(link, "chunk"));
    print_escaped(out, path[0] ? text_of(link, "title") : text_of(link, "label"));
    buf_add_byte(out, '\n');
}

bool print_links(struct buf *out, json_t *answer, const struct print_style *style)
{
    static const struct {
        const char *key;
        const char *arrow;
    } sides[] = {{"out", "->"}, {"back", "<-"}};
    bool any = false;
    print_head(out, answer, style);
    for (size_t side = 0; side < 2; side++) {
        const json_t *list = json_object_get(answer, sides[side].key);
        size_t i;
        json_t *link;
        json_array_foreach (json_object_get(list, "links"), i, link)
            print_link(out, sides[side].arrow, link, style);
        any |= i > 0;
        print_more(out, list);
    }
    if (!any)
        buf_add_text(out, "no links\n");
    return any;
}

bool print_recent(struct buf *out, json_t *answer, const struct print_style *style)
{
    json_t *page;
    size_t i;
    json_array_foreach (json_object_get(answer, "pages"), i, page) {
        print_when(out, number_of(page, "updated_at"));
        buf_printf(out, "  %-7s  ", text_of(page, "change"));
        print_escaped(out, text_of(page, "source"));
        buf_add_byte(out, ' ');
        print_bold(out, text_of(page, "path"), style);
        buf_add_text(out, "  ");
        print_escaped(out, text_of(page, "title"));
        buf_add_byte(out, '\n');
    }
    print_more(out, answer);
    if (i == 0)
        buf_add_text(out, "no pages yet\n");
    return i > 0;
}
