/* Splitting a query into terms. */
#include "worker/reads/query.h"

#include <string.h>

struct cursor {
    const char *at;
    const char *end;
};

/* Also the no-break and the ideographic space; gives its size, 0 if there is none. */
static size_t space_at(const struct cursor *c)
{
    size_t left = (size_t)(c->end - c->at);
    if (left >= 1 && (unsigned char)*c->at <= ' ')
        return 1;
    if (left >= 2 && memcmp(c->at, "\xC2\xA0", 2) == 0)
        return 2;
    if (left >= 3 && memcmp(c->at, "\xE3\x80\x80", 3) == 0)
        return 3;
    return 0;
}

static void skip_spaces(struct cursor *c)
{
    for (size_t size = space_at(c); size; size = space_at(c))
        c->at += size;
}

/* Straight or typographic; gives its size. */
static size_t quote_at(const struct cursor *c)
{
    size_t left = (size_t)(c->end - c->at);
    if (left >= 1 && *c->at == '"')
        return 1;
    if (left >= 3 &&
        (memcmp(c->at, "\xE2\x80\x9C", 3) == 0 || memcmp(c->at, "\xE2\x80\x9D", 3) == 0))
        return 3;
    return 0;
}

/* Can a token be in it? The index has the last word. */
static bool has_token(const char *text, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        unsigned char byte = (unsigned char)text[i];
        unsigned char lower = byte | 0x20;
        if (byte >= 0x80 || (byte >= '0' && byte <= '9') || (lower >= 'a' && lower <= 'z'))
            return true;
    }
    return false;
}

static bool take_star(struct cursor *c)
{
    bool star = false;
    for (; c->at < c->end && *c->at == '*'; c->at++)
        star = true;
    return star;
}

static void take_quoted(struct cursor *c, struct query_term *term)
{
    c->at += quote_at(c);
    term->text = c->at;
    while (c->at < c->end && !quote_at(c))
        c->at++;
    term->size = (size_t)(c->at - term->text);
    if (c->at < c->end)
        c->at += quote_at(c);
    term->begins = take_star(c);
}

static void take_word(struct cursor *c, struct query_term *term)
{
    term->ends = take_star(c);
    term->text = c->at;
    while (c->at < c->end && !space_at(c) && !quote_at(c))
        c->at++;
    term->size = (size_t)(c->at - term->text);
    while (term->size > 0 && term->text[term->size - 1] == '*') {
        term->begins = true;
        term->size--;
    }
}

static bool is_word(const struct query_term *term, const char *word)
{
    return !term->begins && !term->ends && !term->excluded && term->size == strlen(word) &&
           memcmp(term->text, word, term->size) == 0;
}

void query_parse(const char *text, size_t size, struct query *query)
{
    struct cursor c = {text, text + (size < QUERY_MAX_BYTES ? size : QUERY_MAX_BYTES)};
    bool either = false; /* OR was the last word */
    *query = (struct query){.cut = size > QUERY_MAX_BYTES};
    for (skip_spaces(&c); c.at < c.end; skip_spaces(&c)) {
        struct query_term term = {0};
        if (*c.at == '-' && c.end - c.at > 1) {
            term.excluded = true;
            c.at++;
        }
        bool quoted = quote_at(&c) != 0;
        if (quoted)
            take_quoted(&c, &term);
        else
            take_word(&c, &term);
        if (!quoted && is_word(&term, "AND"))
            continue;
        if (!quoted && (is_word(&term, "OR") || is_word(&term, "|"))) {
            either = query->groups > 0;
            continue;
        }
        if (!has_token(term.text, term.size))
            continue;
        if (query->count == QUERY_TERMS_MAX) {
            query->cut = true;
            return;
        }
        if (!term.excluded)
            term.group = either ? query->groups - 1 : query->groups++;
        either = false;
        query->terms[query->count++] = term;
    }
}
