/* A page of Markdown in parts that can be read one by one. */
#include <string.h>

#include "worker/reads/web_markdown.h"

/* `# Heading`: nothing that is open goes on behind it, but a code block, and pieces begin in none.
 */
static bool begins_with_heading(const struct web_piece *piece)
{
    size_t n = 0;
    while (n < piece->size && piece->text[n] == '#')
        n++;
    return n > 0 && n <= 6 && n < piece->size && (piece->text[n] == ' ' || piece->text[n] == '\t');
}

size_t web_markdown_part(const struct web_piece *pieces, size_t count, size_t first)
{
    size_t size = pieces[first].size;
    size_t best = 0;
    for (size_t i = first + 1; i < count; i++) {
        if (begins_with_heading(&pieces[i]))
            best = i;
        if (size + pieces[i].size > MARKDOWN_PART_BYTES)
            return best ? best : i;
        size += pieces[i].size;
    }
    return count;
}

/* What is known of the line in hand, and of the lines since the last blank one. */
struct cells {
    size_t count;
    size_t columns; /* of the widest line of dashes: each line behind it may become a row */
    size_t bars;
    size_t widest; /* line: its bars */
    bool dashes;   /* in this line, */
    bool other;    /* and what no line between a table's head and its rows has */
    bool blank;
    bool dashed; /* there was such a line in the part */
    char before;
};

static void end_line(struct cells *c)
{
    c->count += c->columns;
    if (c->blank)
        c->columns = 0;
    if (c->dashes && !c->other) {
        c->dashed = true;
        if (c->bars + 1 > c->columns)
            c->columns = c->bars + 1;
    }
    if (c->bars > c->widest)
        c->widest = c->bars;
    c->bars = 0;
    c->dashes = c->other = false;
    c->blank = true;
}

static void take_byte(struct cells *c, char byte)
{
    bool end = byte == '\r' || (byte == '\n' && c->before != '\r');
    c->before = byte;
    if (end)
        end_line(c);
    if (byte == '\r' || byte == '\n')
        return;
    c->blank &= byte == ' ' || byte == '\t';
    c->bars += byte == '|';
    c->dashes |= byte == '-';
    c->other |= !byte || !strchr("|-:> \t\v\f", byte);
}

size_t web_markdown_cells(const struct web_piece *pieces, size_t first, size_t last)
{
    struct cells c = {.blank = true};
    for (size_t i = first; i < last; i++)
        for (size_t at = 0; at < pieces[i].size; at++)
            take_byte(&c, pieces[i].text[at]);
    end_line(&c);
    return c.dashed && c.widest > MARKDOWN_COLUMNS_MAX ? SIZE_MAX : c.count;
}

struct line {
    const char *text;
    size_t size;
};

static struct line line_at(const struct web_piece *piece, size_t at)
{
    const char *start = piece->text + at;
    const char *end = memchr(start, '\n', piece->size - at);
    return (struct line){start, end ? (size_t)(end - start) + 1 : piece->size - at};
}

/* Three or more of one kind, behind at most three blanks; 0: it is none. */
static char fence_of(struct line line)
{
    size_t at = 0;
    size_t n = 0;
    while (at < line.size && at < 3 && line.text[at] == ' ')
        at++;
    char c = at < line.size ? line.text[at] : '\0';
    while (at + n < line.size && line.text[at + n] == c)
        n++;
    return n >= 3 && (c == '`' || c == '~') ? c : '\0';
}

static bool defines(struct line line)
{
    size_t at = 0;
    while (at < line.size && at < 3 && line.text[at] == ' ')
        at++;
    if (at == line.size || line.text[at] != '[' || line.size > DEFINITION_LINE_MAX_BYTES)
        return false;
    const char *close = memchr(line.text + at, ']', line.size - at);
    return close && close + 1 < line.text + line.size && close[1] == ':';
}

void web_markdown_definitions(struct buf *out, const struct web_piece *pieces, size_t count)
{
    char fence = '\0';
    for (size_t i = 0; i < count; i++) {
        struct line line;
        for (size_t at = 0; at < pieces[i].size; at += line.size) {
            line = line_at(&pieces[i], at);
            char mark = fence_of(line);
            if (mark && (!fence || mark == fence))
                fence = fence ? '\0' : mark;
            else if (!fence && defines(line) && out->size + line.size < DEFINITIONS_MAX_BYTES) {
                buf_add(out, line.text, line.size);
                if (line.text[line.size - 1] != '\n')
                    buf_add_byte(out, '\n');
            }
        }
    }
}

void web_markdown_slug(struct buf *out, const char *text, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        unsigned char c = (unsigned char)text[i];
        if (c >= 'A' && c <= 'Z')
            buf_add_byte(out, (char)(c - 'A' + 'a'));
        else if (c == ' ')
            buf_add_byte(out, '-');
        else if (c >= 0x80 || c == '-' || c == '_' || (c >= 'a' && c <= 'z') ||
                 (c >= '0' && c <= '9'))
            buf_add_byte(out, (char)c);
    }
}
