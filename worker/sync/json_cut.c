/* Cuts the elements of one array out of a JSON document. */
#include "worker/sync/json_cut.h"

#include <string.h>

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

/* A byte of a string or a bracket: what matters for where an element ends. */
static void track(struct json_cut *cut, char c)
{
    if (cut->in_string) {
        cut->in_string = cut->escaped || c != '"';
        cut->escaped = !cut->escaped && c == '\\';
    } else if (c == '"')
        cut->in_string = true;
    else if (c == '{' || c == '[')
        cut->depth++;
    else if (c == '}' || c == ']')
        cut->depth--;
}

static bool keep(struct json_cut *cut, char c, struct error *e)
{
    buf_add_byte(&cut->rest, c);
    return cut->rest.size <= JSON_REST_MAX_BYTES ||
           error_set(e, CAUSE_BAD_DATA, "more than %d bytes beside \"%s\"", JSON_REST_MAX_BYTES,
                     cut->name);
}

static bool is_named(const struct json_cut *cut)
{
    return cut->key_size == strlen(cut->name) &&
           memcmp(cut->rest.data + cut->key, cut->name, cut->key_size) == 0;
}

static bool outside(struct json_cut *cut, char c, struct error *e)
{
    bool was_string = cut->in_string;
    if (cut->depth == 1 && c == '[' && !was_string && is_named(cut)) {
        cut->place = JSON_BEFORE;
        cut->depth = 0;
        return keep(cut, c, e);
    }
    track(cut, c);
    if (!keep(cut, c, e))
        return false;
    if (cut->depth == 1 && cut->in_string && !was_string)
        cut->key = cut->rest.size;
    else if (cut->depth == 1 && !cut->in_string && was_string)
        cut->key_size = cut->rest.size - 1 - cut->key;
    else if (!cut->in_string && !was_string && !is_space(c) && c != ':')
        cut->key_size = 0;
    return cut->depth >= 0 || error_set(e, CAUSE_BAD_DATA, "a bracket closes nothing");
}

static bool leave(struct json_cut *cut, char c, struct error *e)
{
    cut->place = JSON_OUTSIDE;
    cut->depth = 1;
    cut->key_size = 0;
    return keep(cut, c, e);
}

static bool within(struct json_cut *cut, char c, struct error *e)
{
    if (cut->depth == 0 && !cut->in_string && (c == ',' || c == ']')) {
        cut->place = JSON_AFTER;
        bool ok = cut->element(cut->context, cut->bytes.data, cut->bytes.size, e);
        buf_reset(&cut->bytes);
        return ok;
    }
    if (cut->bytes.size == JSON_ELEMENT_MAX_BYTES)
        return error_set(e, CAUSE_BAD_DATA, "an element of \"%s\" has more than %d bytes",
                         cut->name, JSON_ELEMENT_MAX_BYTES);
    buf_add_byte(&cut->bytes, c);
    track(cut, c);
    return cut->depth >= 0 ||
           error_set(e, CAUSE_BAD_DATA, "a bracket in \"%s\" closes nothing", cut->name);
}

/* The bytes of an element up to the next that matters, at once. */
static size_t run_of(const struct json_cut *cut, const char *bytes, size_t size)
{
    size_t n = 0;
    size_t room = JSON_ELEMENT_MAX_BYTES - cut->bytes.size;
    size_t most = size < room ? size : room;
    if (cut->place != JSON_ELEMENT || cut->escaped)
        return 0;
    while (n < most &&
           (cut->in_string ? bytes[n] != '"' && bytes[n] != '\\' : !memchr("\"{}[],", bytes[n], 6)))
        n++;
    return n;
}

static bool step(struct json_cut *cut, char c, struct error *e)
{
    if (cut->place == JSON_OUTSIDE)
        return outside(cut, c, e);
    if (cut->place == JSON_ELEMENT && !within(cut, c, e))
        return false;
    if (cut->place == JSON_ELEMENT || is_space(c))
        return true;
    if (c == ']' && cut->place != JSON_NEXT)
        return leave(cut, c, e);
    if (cut->place == JSON_AFTER) {
        cut->place = JSON_NEXT;
        return c == ',' ||
               error_set(e, CAUSE_BAD_DATA, "no comma between elements of \"%s\"", cut->name);
    }
    if (c == ',' || c == ']')
        return error_set(e, CAUSE_BAD_DATA, "an element of \"%s\" is missing", cut->name);
    cut->place = JSON_ELEMENT;
    return within(cut, c, e);
}

bool json_cut_feed(struct json_cut *cut, const char *bytes, size_t size, struct error *e)
{
    for (size_t at = 0; at < size;) {
        size_t n = run_of(cut, bytes + at, size - at);
        if (n) {
            buf_add(&cut->bytes, bytes + at, n);
            at += n;
        } else if (!step(cut, bytes[at++], e))
            return false;
    }
    return true;
}

bool json_cut_end(const struct json_cut *cut, struct error *e)
{
    return (cut->place == JSON_OUTSIDE && cut->depth == 0 && !cut->in_string) ||
           error_set(e, CAUSE_BAD_DATA, "the document ends early");
}

void json_cut_release(struct json_cut *cut)
{
    buf_release(&cut->bytes);
    buf_release(&cut->rest);
}
