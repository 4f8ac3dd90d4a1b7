/* Writes words and blocks as Markdown-like text. */
#include "worker/sync/html_write.h"

#include <string.h>
#include <strings.h>

/* The longest fence or run of backticks that is answered by a longer one. */
enum { FENCE_MAX = 32 };

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f';
}

void html_want(struct html_writer *w, enum html_gap gap)
{
    if (w->fresh)
        return;
    if (w->heading && gap > GAP_SPACE)
        gap = GAP_SPACE;
    if (gap > w->gap)
        w->gap = gap;
}

/* What each line of the block in hand begins with. */
static void add_indent(struct html_writer *w)
{
    for (size_t i = 0; i < w->nest_count; i++) {
        const struct html_nest *n = &w->nests[i];
        if (n->mark == '>')
            buf_add_text(w->out, "> ");
        else if (n->in_item)
            buf_add_text(w->out, n->mark == '1' ? "   " : "  ");
    }
}

static void trim(struct buf *out, size_t start)
{
    while (out->size > start && out->data[out->size - 1] == ' ')
        out->data[--out->size] = '\0';
}

static void add_line(struct html_writer *w)
{
    trim(w->out, w->start);
    buf_add_byte(w->out, '\n');
    add_indent(w);
}

/* The gap that is due; true if a line begins behind it. */
static bool settle(struct html_writer *w)
{
    enum html_gap gap = w->gap;
    bool first = w->out->size == w->start;
    bool fresh = w->fresh;
    w->gap = GAP_NONE;
    w->fresh = false;
    if (first)
        add_indent(w);
    if (first || fresh || gap == GAP_NONE)
        return first || fresh;
    if (gap == GAP_SPACE)
        buf_add_byte(w->out, ' ');
    else {
        if (gap == GAP_BLOCK)
            add_line(w);
        add_line(w);
    }
    return gap > GAP_SPACE;
}

void html_mark(struct html_writer *w, const char *mark)
{
    settle(w);
    buf_add_text(w->out, mark);
}

/* Indents can make much of little: text_from_html stops when it sees this. */
static bool full(const struct html_writer *w)
{
    return w->out->size - w->start > HTML_TEXT_MAX;
}

static void add_verbatim(struct html_writer *w, const char *text, size_t size)
{
    for (size_t i = 0; i < size && !full(w); i++)
        if (text[i] == '\n') {
            buf_add_byte(w->out, '\n');
            add_indent(w);
        } else if (text[i] != '\r')
            buf_add_byte(w->out, text[i]);
}

/* Does a '<' begin what would be read as a tag? The marker of a private block has to stay one. */
static bool opens_tag(const char *text, size_t size)
{
    static const char name[] = "private";
    size_t at = 1 + (size > 1 && text[1] == '/');
    if (size - at >= sizeof name - 1 && strncasecmp(text + at, name, sizeof name - 1) == 0)
        return false;
    char c = size > 1 ? text[1] : ' ';
    return c == '/' || c == '!' || c == '?' || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* Would a line that begins with this be more than a paragraph? */
static bool opens_block(const char *word, size_t size)
{
    bool alone = size == 1 || is_blank(word[1]);
    switch (word[0]) {
    case '#':
    case '>':
        return true;
    case '-':
    case '=':
    case '+':
    case '*':
        return alone || word[1] == word[0];
    case '`':
    case '~':
        return size >= 3 && word[1] == word[0] && word[2] == word[0];
    default:
        return false;
    }
}

static void add_word(struct html_writer *w, const char *word, size_t size)
{
    bool line = settle(w);
    if (w->code) {
        buf_add(w->out, word, size);
        return;
    }
    if (line && !w->heading && opens_block(word, size))
        buf_add_byte(w->out, '\\');
    for (size_t i = 0; i < size; i++) {
        if (word[i] == '<' && opens_tag(word + i, size - i))
            buf_add_byte(w->out, '\\');
        buf_add_byte(w->out, word[i]);
    }
}

/* A blank, or U+00A0, which pages use as one. */
static size_t blank_size(const char *text, size_t size)
{
    if (is_blank(*text))
        return 1;
    return size > 1 && text[0] == '\xC2' && text[1] == '\xA0' ? 2 : 0;
}

void html_words(struct html_writer *w, const char *text, size_t size)
{
    if (w->verbatim) {
        add_verbatim(w, text, size);
        return;
    }
    for (size_t at = 0; at < size && !full(w);) {
        size_t blank = blank_size(text + at, size - at);
        size_t end = at;
        while (end < size && !blank_size(text + end, size - end))
            end++;
        if (blank)
            html_want(w, GAP_SPACE);
        else
            add_word(w, text + at, end - at);
        at = blank ? at + blank : end;
    }
}

void html_heading(struct html_writer *w, int level)
{
    html_want(w, GAP_BLOCK);
    settle(w);
    for (int i = 0; i < level; i++)
        buf_add_byte(w->out, '#');
    buf_add_byte(w->out, ' ');
    w->fresh = true;
    w->heading = true;
}

void html_heading_end(struct html_writer *w)
{
    w->heading = false;
    w->fresh = false;
    w->gap = GAP_BLOCK;
}

static bool in_list(const struct html_writer *w)
{
    for (size_t i = 0; i < w->nest_count; i++)
        if (w->nests[i].mark != '>')
            return true;
    return false;
}

void html_nest(struct html_writer *w, char mark, int number)
{
    bool inner = mark != '>' && in_list(w);
    if (inner) {
        w->fresh = false; /* a list right behind another's mark begins below it */
        html_want(w, GAP_LINE);
    } else
        html_want(w, GAP_BLOCK);
    if (mark == '>')
        settle(w);
    if (w->nest_count == HTML_NEST_MAX) {
        w->nest_beyond++;
        return;
    }
    w->nests[w->nest_count++] = (struct html_nest){.mark = mark, .number = number};
    if (mark == '>') {
        buf_add_text(w->out, "> ");
        w->fresh = true;
    }
}

void html_nest_end(struct html_writer *w)
{
    if (w->nest_beyond > 0)
        w->nest_beyond--;
    else if (w->nest_count > 0)
        w->nest_count--;
    w->fresh = false;
    html_want(w, in_list(w) ? GAP_LINE : GAP_BLOCK);
}

void html_item(struct html_writer *w)
{
    struct html_nest *n = w->nest_count ? &w->nests[w->nest_count - 1] : NULL;
    bool listed = n && n->mark != '>';
    if (listed)
        n->in_item = false;
    w->fresh = false;
    html_want(w, GAP_LINE);
    settle(w);
    if (listed && n->mark == '1')
        buf_printf(w->out, "%d. ", n->number++);
    else
        buf_add_text(w->out, "- ");
    if (listed)
        n->in_item = true;
    w->fresh = true;
}

void html_item_end(struct html_writer *w)
{
    struct html_nest *n = w->nest_count ? &w->nests[w->nest_count - 1] : NULL;
    if (n && n->mark != '>')
        n->in_item = false;
    w->fresh = false;
    html_want(w, GAP_LINE);
}

/* The longest run of backticks in out[from, ...). */
static size_t longest_run(const struct buf *out, size_t from)
{
    size_t longest = 0;
    size_t run = 0;
    for (size_t i = from; i < out->size; i++) {
        run = out->data[i] == '`' ? run + 1 : 0;
        if (run > longest)
            longest = run;
    }
    return longest;
}

static void insert(struct buf *out, size_t at, const char *text)
{
    size_t size = strlen(text);
    buf_reserve(out, size);
    memmove(out->data + at + size, out->data + at, out->size - at + 1);
    memcpy(out->data + at, text, size);
    out->size += size;
}

/* Where the last line is empty, the fence stands on it. */
static void drop_last_line(struct html_writer *w)
{
    size_t at = w->out->size;
    while (at > w->pre_at && (w->out->data[at - 1] == ' ' || w->out->data[at - 1] == '>'))
        at--;
    if (at > w->pre_at + 3 && w->out->data[at - 1] == '\n')
        w->out->size = at - 1;
}

void html_pre(struct html_writer *w)
{
    html_want(w, GAP_BLOCK);
    settle(w);
    w->pre_at = w->out->size;
    w->verbatim = true;
    w->language[0] = '\0';
}

/* How long the fence has to be is known only behind what it fences. */
void html_pre_end(struct html_writer *w)
{
    char fence[FENCE_MAX + 1] = {0};
    struct buf open = {0};
    size_t run = longest_run(w->out, w->pre_at);
    memset(fence, '`', run < 3 ? 3 : run < FENCE_MAX ? run + 1 : FENCE_MAX);
    w->verbatim = false;
    buf_printf(&open, "%s%s", fence, w->language);
    /* A break right behind <pre> is none (HTML, 13.2.6.4.7): it ends the fence's line. */
    if (w->out->size == w->pre_at || w->out->data[w->pre_at] != '\n') {
        struct html_writer line = *w;
        line.out = &open;
        buf_add_byte(&open, '\n');
        add_indent(&line);
    }
    insert(w->out, w->pre_at, open.data);
    drop_last_line(w);
    add_line(w);
    buf_add_text(w->out, fence);
    buf_release(&open);
    w->gap = GAP_BLOCK;
}

void html_code(struct html_writer *w)
{
    settle(w);
    w->code = true;
    w->code_at = w->out->size;
}

void html_code_end(struct html_writer *w)
{
    w->code = false;
    if (w->out->size == w->code_at)
        return;
    bool inner = longest_run(w->out, w->code_at) > 0;
    insert(w->out, w->code_at, inner ? "`` " : "`");
    buf_add_text(w->out, inner ? " ``" : "`");
}

void html_finish(struct html_writer *w)
{
    struct buf *out = w->out;
    while (out->size > w->start && is_blank(out->data[out->size - 1]))
        out->size--;
    if (out->data)
        out->data[out->size] = '\0';
    if (out->size > w->start)
        buf_add_byte(out, '\n');
}
