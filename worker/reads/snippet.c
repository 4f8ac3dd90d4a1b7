/* Choosing a window over the tokens, and writing it out. */
#include "worker/reads/snippet.h"

#define ELLIPSIS "\xE2\x80\xA6"

static int distinct(uint32_t terms)
{
    return __builtin_popcount(terms);
}

/* The first token of the window with the most terms, then with the most hits. */
static size_t best_window(const struct snippet_token *tokens, size_t count)
{
    size_t best = 0;
    int best_worth = 0;
    for (size_t from = 0; from < count; from++) {
        uint32_t terms = 0;
        int hits = 0;
        if (!tokens[from].terms)
            continue;
        for (size_t i = from; i < count && i < from + SNIPPET_TOKENS - SNIPPET_BEFORE; i++) {
            terms |= tokens[i].terms;
            hits += tokens[i].terms != 0;
        }
        int worth = distinct(terms) * SNIPPET_TOKENS + hits;
        if (worth > best_worth) {
            best_worth = worth;
            best = from;
        }
    }
    return best > SNIPPET_BEFORE ? best - SNIPPET_BEFORE : 0;
}

static bool is_space(unsigned char byte)
{
    return byte <= ' ' || byte == 0x7f;
}

/* One line; *pending holds back a space until something follows it. */
static void add_line(struct buf *out, const char *text, size_t size, bool *pending)
{
    for (size_t i = 0, end; i < size; i = end) {
        bool space = is_space((unsigned char)text[i]);
        for (end = i + 1; end < size && is_space((unsigned char)text[end]) == space;)
            end++;
        if (space) {
            *pending = out->size > 0;
            continue;
        }
        if (*pending)
            buf_add_byte(out, ' ');
        *pending = false;
        buf_add(out, text + i, end - i);
    }
}

static void add_mark(struct snippet *snippet, size_t start, bool joins)
{
    size_t end = snippet->text.size;
    if (joins && snippet->mark_count > 0)
        snippet->marks[snippet->mark_count - 1].end = end;
    else if (snippet->mark_count < SNIPPET_MARKS_MAX) {
        snippet->marks[snippet->mark_count].start = start;
        snippet->marks[snippet->mark_count++].end = end;
    }
}

/* Is there anything to read in text[from, to)? */
static bool has_ink(const char *text, size_t from, size_t to)
{
    for (; from < to; from++)
        if (!is_space((unsigned char)text[from]))
            return true;
    return false;
}

/* Where the window's text begins and ends in bytes. */
static void bounds(const char *text, size_t size, const struct snippet_token *tokens, size_t count,
                   size_t window[3])
{
    size_t first = best_window(tokens, count);
    size_t last = first + SNIPPET_TOKENS < count ? first + SNIPPET_TOKENS : count;
    size_t from = first == 0 ? 0 : tokens[first].start;
    size_t to = last == count ? size : tokens[last - 1].end;
    if (to - from > SNIPPET_MAX_BYTES)
        to = from + utf8_floor(text + from, SNIPPET_MAX_BYTES);
    window[0] = first;
    window[1] = from;
    window[2] = to;
}

void snippet_make(struct snippet *snippet, const char *text, size_t size,
                  const struct snippet_token *tokens, size_t count)
{
    size_t window[3];
    bool pending = false;
    bool marked = false; /* the token before is part of a mark */
    *snippet = (struct snippet){0};
    bounds(text, size, tokens, count, window);
    size_t at = window[1];
    size_t to = window[2];
    if (has_ink(text, 0, at))
        buf_add_text(&snippet->text, ELLIPSIS);
    for (size_t i = window[0]; i < count && tokens[i].start < to; i++) {
        const struct snippet_token *token = &tokens[i];
        size_t end = token->end < to ? token->end : to;
        bool joins = marked && token->goes_on;
        add_line(&snippet->text, text + at, token->start - at, &pending);
        if (pending)
            buf_add_byte(&snippet->text, ' ');
        pending = false;
        size_t start = snippet->text.size;
        add_line(&snippet->text, text + token->start, end - token->start, &pending);
        marked = token->terms != 0;
        if (marked)
            add_mark(snippet, start, joins);
        at = end;
    }
    add_line(&snippet->text, text + at, to - at, &pending);
    if (has_ink(text, to, size))
        buf_add_text(&snippet->text, ELLIPSIS);
}

void snippet_release(struct snippet *snippet)
{
    buf_release(&snippet->text);
}
