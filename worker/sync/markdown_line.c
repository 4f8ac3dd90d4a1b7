/* One line of Markdown under a cursor that knows tab stops, and what can start in it. */
#include "worker/sync/markdown_line.h"

#include <string.h>

enum { TAB_STOP = 4 };

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static size_t find(const char *text, size_t start, size_t stop, char c)
{
    const char *found = memchr(text + start, c, stop - start);
    return found ? (size_t)(found - text) : stop;
}

void line_open(struct line *l, const char *text, size_t start, size_t size)
{
    *l = (struct line){.text = text, .size = size, .next = start};
    l->returns = start < size && find(text, start, size, '\r') < size;
    l->newline = start < size ? find(text, start, size, '\n') : size;
}

bool line_next(struct line *l)
{
    if (l->next >= l->size)
        return false;
    l->start = l->offset = l->nonspace = l->next;
    l->column = 0;
    if (l->newline < l->start) /* else still ahead: lines that end in '\r' do not search again */
        l->newline = find(l->text, l->start, l->size, '\n');
    l->stop = l->newline;
    if (l->returns)
        l->stop = find(l->text, l->start, l->newline, '\r');
    bool pair = l->stop + 1 == l->newline;
    l->next = l->stop + (pair && l->newline < l->size ? 2 : 1);
    return true;
}

void line_find_nonspace(struct line *l)
{
    if (l->nonspace <= l->offset) {
        l->nonspace = l->offset;
        l->nonspace_column = l->column;
        for (; l->nonspace < l->stop && is_blank(l->text[l->nonspace]); l->nonspace++)
            l->nonspace_column +=
                l->text[l->nonspace] == '\t' ? TAB_STOP - l->nonspace_column % TAB_STOP : 1;
    }
    l->indent = l->nonspace_column - l->column;
    l->blank = l->nonspace >= l->stop;
}

void line_advance(struct line *l, size_t count, bool columns)
{
    while (count > 0 && l->offset < l->stop) {
        size_t width = 1;
        if (l->text[l->offset] == '\t')
            width = TAB_STOP - l->column % TAB_STOP;
        size_t cost = columns ? width : 1;
        if (cost > count) { /* part of a tab: the cursor stays on it */
            l->column += count;
            return;
        }
        l->column += width;
        l->offset++;
        count -= cost;
    }
}

bool line_may_start_block(const struct line *l)
{
    static const bool starts[256] = {
        ['>'] = true, ['#'] = true, ['`'] = true, ['~'] = true, ['<'] = true, ['='] = true,
        ['-'] = true, ['*'] = true, ['_'] = true, ['+'] = true, ['['] = true, ['0'] = true,
        ['1'] = true, ['2'] = true, ['3'] = true, ['4'] = true, ['5'] = true, ['6'] = true,
        ['7'] = true, ['8'] = true, ['9'] = true,
    };
    return starts[(unsigned char)l->text[l->nonspace]];
}

/* How often `c` stands from `at` on. */
static size_t run(const struct line *l, size_t at, char c)
{
    size_t n = 0;
    while (at + n < l->stop && l->text[at + n] == c)
        n++;
    return n;
}

static size_t skip_blanks(const struct line *l, size_t at)
{
    while (at < l->stop && is_blank(l->text[at]))
        at++;
    return at;
}

int line_atx_heading(const struct line *l, size_t *from, size_t *end)
{
    size_t level = run(l, l->nonspace, '#');
    size_t at = l->nonspace + level;
    if (level < 1 || level > 6 || (at < l->stop && !is_blank(l->text[at])))
        return 0;
    size_t stop = l->stop;
    while (stop > at && is_blank(l->text[stop - 1]))
        stop--;
    size_t closing = stop;
    while (closing > at && l->text[closing - 1] == '#')
        closing--;
    if (closing < stop && closing > at && is_blank(l->text[closing - 1]))
        stop = closing;
    while (stop > at && is_blank(l->text[stop - 1]))
        stop--;
    *from = skip_blanks(l, at);
    *end = stop < *from ? *from : stop;
    return (int)level;
}

int line_setext(const struct line *l)
{
    char c = l->text[l->nonspace];
    if (c != '=' && c != '-')
        return 0;
    size_t at = l->nonspace + run(l, l->nonspace, c);
    if (skip_blanks(l, at) < l->stop)
        return 0;
    return c == '=' ? 1 : 2;
}

bool line_is_break(const struct line *l)
{
    char c = l->text[l->nonspace];
    if (c != '*' && c != '-' && c != '_')
        return false;
    size_t marks = 0;
    for (size_t at = l->nonspace; at < l->stop; at++) {
        if (l->text[at] == c)
            marks++;
        else if (!is_blank(l->text[at]))
            return false;
    }
    return marks >= 3;
}

size_t line_opens_fence(const struct line *l)
{
    char c = l->text[l->nonspace];
    if (c != '`' && c != '~')
        return 0;
    size_t n = run(l, l->nonspace, c);
    size_t rest = l->nonspace + n;
    if (n < 3 || (c == '`' && memchr(l->text + rest, '`', l->stop - rest)))
        return 0;
    return n;
}

bool line_closes_fence(const struct line *l, char fence, size_t size)
{
    size_t n = run(l, l->nonspace, fence);
    return n >= size && skip_blanks(l, l->nonspace + n) == l->stop;
}

static const char *skip_space(const char *p, const char *end)
{
    while (p < end && (is_blank(*p) || *p == '\r'))
        p++;
    return p;
}

/* `"title"` or nothing, up to the line's end. */
static bool only_title(const char *p, const char *end)
{
    p = skip_space(p, end);
    if (p == end)
        return true;
    if (!strchr("\"'(", *p))
        return false;
    const char *close = memchr(p + 1, *p == '(' ? ')' : *p, (size_t)(end - p - 1));
    return close && skip_space(close + 1, end) == end;
}

bool markdown_definition(const char *p, const char *end)
{
    const char *newline = memchr(p, '\n', (size_t)(end - p));
    const char *stop = newline ? newline : end;
    const char *close = *p == '[' ? memchr(p, ']', (size_t)(stop - p)) : NULL;
    if (!close || close == p + 1 || close + 1 >= stop || close[1] != ':')
        return false;
    const char *url = skip_space(close + 2, stop);
    const char *after = url;
    while (after < stop && !is_blank(*after) && *after != '\r')
        after++;
    return after > url && only_title(after, stop);
}

bool line_take_quote(struct line *l)
{
    if (l->indent >= 4 || l->blank || l->text[l->nonspace] != '>')
        return false;
    line_advance(l, l->nonspace + 1 - l->offset, false);
    if (l->offset < l->stop && is_blank(l->text[l->offset]))
        line_advance(l, 1, true);
    return true;
}

/* `[^label]:` */
bool line_take_footnote(struct line *l)
{
    const char *p = l->text + l->nonspace;
    size_t left = l->stop - l->nonspace;
    if (left < 5 || p[0] != '[' || p[1] != '^')
        return false;
    size_t n = 2;
    while (n < left && p[n] != ']' && p[n] != '[' && !is_blank(p[n]))
        n++;
    if (n == 2 || n + 1 >= left || p[n] != ']' || p[n + 1] != ':')
        return false;
    line_advance(l, skip_blanks(l, l->nonspace + n + 2) - l->offset, false);
    return true;
}

/* Length of a list mark, `-` or `12.`; 0 if there is none. In a paragraph only an item that has
 * text and, if numbered, starts with 1 may follow without a blank line. */
static size_t item_mark(const struct line *l, bool in_paragraph)
{
    const char *p = l->text + l->nonspace;
    size_t left = l->stop - l->nonspace;
    size_t n = 0;
    if (*p == '-' || *p == '+' || *p == '*') {
        n = 1;
    } else {
        while (n < left && n < 9 && is_digit(p[n]))
            n++;
        if (n == 0 || n >= left || (p[n] != '.' && p[n] != ')'))
            return 0;
        bool one = p[n - 1] == '1' && strspn(p, "0") >= n - 1;
        if (in_paragraph && !one)
            return 0;
        n++;
    }
    if (n < left && !is_blank(p[n]))
        return 0;
    if (in_paragraph && skip_blanks(l, l->nonspace + n) == l->stop)
        return 0;
    return n;
}

size_t line_take_item(struct line *l, bool in_paragraph)
{
    size_t mark = item_mark(l, in_paragraph);
    if (mark == 0)
        return 0;
    size_t indent = l->indent;
    line_advance(l, l->nonspace + mark - l->offset, false);
    struct line after = *l;
    while (l->column - after.column <= 5 && l->offset < l->stop && is_blank(l->text[l->offset]))
        line_advance(l, 1, true);
    size_t space = l->column - after.column;
    if (space >= 1 && space < 5 && l->offset < l->stop)
        return indent + mark + space;
    *l = after; /* code in the item, or an item whose first line is blank */
    if (space > 0)
        line_advance(l, 1, true);
    return indent + mark + 1;
}
