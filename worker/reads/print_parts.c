/* Escaping, bold, ages. */
#include "worker/reads/print_parts.h"

#include <inttypes.h>
#include <string.h>

#include "common/duration.h"

const char *text_of(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));
    return text ? text : "";
}

int64_t number_of(const json_t *object, const char *key)
{
    return json_integer_value(json_object_get(object, key));
}

/* Like text_escape, but a backslash is itself: this is text to read. C1 controls (U+0080 to U+009F)
 * drive some terminals, too. */
static void print_part(struct buf *out, const char *text, size_t size, bool lines)
{
    for (size_t i = 0; i < size; i++) {
        unsigned char byte = (unsigned char)text[i];
        bool c1 = byte == 0xC2 && i + 1 < size && (unsigned char)text[i + 1] < 0xA0;
        if (c1)
            buf_printf(out, "\\u%04X", (unsigned char)text[++i]);
        else if ((byte < ' ' || byte == 0x7f) && !(lines && (byte == '\n' || byte == '\t')))
            buf_printf(out, "\\x%02X", byte);
        else
            buf_add_byte(out, text[i]);
    }
}

void print_escaped(struct buf *out, const char *text)
{
    print_part(out, text, strlen(text), false);
}

void print_block(struct buf *out, const char *text)
{
    print_part(out, text, strlen(text), true);
}

void print_bold(struct buf *out, const char *text, const struct print_style *style)
{
    buf_add_text(out, style->bold ? "\x1b[1m" : "");
    print_escaped(out, text);
    buf_add_text(out, style->bold ? "\x1b[0m" : "");
}

void print_fresh(struct buf *out, const json_t *answer, const char *source)
{
    size_t i;
    json_t *entry;
    char age[DURATION_TEXT_SIZE];
    json_array_foreach (json_object_get(answer, "sources"), i, entry) {
        if (strcmp(text_of(entry, "id"), source) != 0)
            continue;
        json_t *fresh = json_object_get(entry, "fresh_s");
        if (!json_is_integer(fresh)) {
            buf_add_text(out, "never synced whole");
            return;
        }
        duration_format(json_integer_value(fresh) * 1000, age);
        bool now = json_integer_value(fresh) < 1;
        buf_printf(out, "synced %s%s", now ? "now" : age, now ? "" : " ago");
        return;
    }
}

void print_more(struct buf *out, const json_t *answer)
{
    if (json_is_true(json_object_get(answer, "has_more")))
        buf_printf(out, "more: --offset %" PRId64 "\n",
                   number_of(answer, "offset") + number_of(answer, "limit"));
}
