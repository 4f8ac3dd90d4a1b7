/* One pass over an XML document, which copies only if there is something to change. */
#include "worker/sync/feed_xml_tidy.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

/* Longer names HTML 4 has not: `thetasym`. */
enum { NAME_MAX_BYTES = 8 };
/* So that a document grows by a few MB at most. */
enum { CHANGES_MAX = 500000 };

struct tidy {
    const struct xml_library *xml;
    const char *bytes;
    size_t size;
    size_t at;
    size_t markup; /* where the next `<` at or behind `at` stands */
    size_t copied; /* of bytes, into out */
    int changes;
    bool prolog; /* no element yet */
    struct buf *out;
};

/* The bytes up to `end` become `with`. */
static void replace(struct tidy *t, size_t end, const char *with)
{
    buf_add(t->out, t->bytes + t->copied, t->at - t->copied);
    buf_add_text(t->out, with);
    t->copied = end;
    t->changes++;
}

static bool stands_here(const struct tidy *t, const char *text)
{
    size_t size = strlen(text);
    return t->size - t->at >= size && memcmp(t->bytes + t->at, text, size) == 0;
}

/* Behind `end`, which is looked for from `from` bytes further on; the document's end without it. */
static void pass(struct tidy *t, size_t from, const char *end)
{
    size_t start = t->at + from;
    const char *found = memmem(t->bytes + start, t->size - start, end, strlen(end));
    t->at = found ? (size_t)(found - t->bytes) + strlen(end) : t->size;
}

/* --- references ---------------------------------------------------------------------------------
 */

static bool is_xml_name(const char *name)
{
    static const char *const names[] = {"amp", "lt", "gt", "quot", "apos"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strcmp(name, names[i]) == 0)
            return true;
    return false;
}

static bool in_name(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

/* `&#38;` or `&#x26;`, whatever its number. */
static bool is_number(const char *text, size_t size)
{
    size_t at = 1;
    bool hex = size > 1 && text[1] == 'x';
    size_t start = at += hex;
    while (at < size && ((text[at] >= '0' && text[at] <= '9') ||
                         (hex && (text[at] | 0x20) >= 'a' && (text[at] | 0x20) <= 'f')))
        at++;
    return at > start && at < size && text[at] == ';';
}

/* At an ampersand. */
static void on_ampersand(struct tidy *t)
{
    const char *text = t->bytes + t->at + 1;
    size_t left = t->size - t->at - 1;
    char name[NAME_MAX_BYTES + 1];
    size_t size = 0;
    while (size < left && size < NAME_MAX_BYTES && in_name(text[size]))
        size++;
    bool named = size > 0 && size < left && text[size] == ';';
    memcpy(name, text, size);
    name[size] = '\0';
    if (!(named && is_xml_name(name)) && !(left && text[0] == '#' && is_number(text, left))) {
        const htmlEntityDesc *html = named ? t->xml->htmlEntityLookup((const xmlChar *)name) : NULL;
        char number[16];
        snprintf(number, sizeof number, "&#%u;", html ? html->value : 0);
        if (html)
            replace(t, t->at + size + 2, number);
        else
            replace(t, t->at + 1, "&amp;");
    }
    t->at++;
}

/* --- markup -------------------------------------------------------------------------------------
 */

/* At `<!DOCTYPE`: where its `>` stands, or the `[` of what it declares; the document's size if it
 * has no end. */
static size_t doctype_end(const struct tidy *t)
{
    char quote = '\0';
    size_t end = t->at;
    for (; end < t->size; end++) {
        char c = t->bytes[end];
        if (!quote && (c == '>' || c == '['))
            break;
        if (c == quote)
            quote = '\0';
        else if (!quote && (c == '"' || c == '\''))
            quote = c;
    }
    return end;
}

static bool on_doctype(struct tidy *t, struct error *e)
{
    size_t end = doctype_end(t);
    if (end == t->size)
        return error_set(e, CAUSE_BAD_DATA, "XML whose document type has no end");
    if (t->bytes[end] == '[')
        return error_set(e, CAUSE_BAD_DATA,
                         "it declares entities or elements (a DTD); a feed needs none, and they "
                         "are refused");
    const char *newline = t->bytes + t->at;
    replace(t, end + 1, "");
    while ((newline = memchr(newline, '\n', (size_t)(t->bytes + end - newline)))) {
        buf_add_byte(t->out, '\n');
        newline++;
    }
    t->at = end + 1;
    return true;
}

/* At a `<`. */
static bool on_markup(struct tidy *t, struct error *e)
{
    if (stands_here(t, "<!--"))
        pass(t, 4, "-->");
    else if (stands_here(t, "<![CDATA["))
        pass(t, 9, "]]>");
    else if (stands_here(t, "<?"))
        pass(t, 2, "?>");
    else if (t->prolog && t->size - t->at >= 9 &&
             strncasecmp(t->bytes + t->at, "<!DOCTYPE", 9) == 0)
        return on_doctype(t, e);
    else {
        t->prolog = false;
        t->at++;
    }
    return true;
}

/* Where the next `<` or `&` stands; the document's size if there is none. */
static size_t next_sign(struct tidy *t)
{
    if (t->markup < t->at || t->at == 0) {
        const char *found = memchr(t->bytes + t->at, '<', t->size - t->at);
        t->markup = found ? (size_t)(found - t->bytes) : t->size;
    }
    const char *ampersand = memchr(t->bytes + t->at, '&', t->markup - t->at);
    return ampersand ? (size_t)(ampersand - t->bytes) : t->markup;
}

/* UTF-16 has NULs, ISO 2022 escapes; of the others that libxml2 knows, all leave ASCII alone. */
static bool is_ascii_within(const char *bytes, size_t size)
{
    return !memchr(bytes, '\0', size) && !memchr(bytes, '\x1b', size);
}

bool feed_xml_tidy(const struct xml_library *xml, const char *bytes, size_t size, struct buf *out,
                   struct error *e)
{
    struct tidy t = {.xml = xml, .bytes = bytes, .size = size, .prolog = true, .out = out};
    if (!is_ascii_within(bytes, size))
        return true;
    while ((t.at = next_sign(&t)) < size) {
        if (t.changes == CHANGES_MAX)
            return error_set(e, CAUSE_BAD_DATA, "XML with more than %d `&` that it cannot have",
                             CHANGES_MAX);
        if (bytes[t.at] == '&')
            on_ampersand(&t);
        else if (!on_markup(&t, e))
            return false;
    }
    if (t.changes)
        buf_add(out, bytes + t.copied, size - t.copied);
    return true;
}
