/* HTML blocks of Markdown: where they start and end (CommonMark 0.29, section 4.6). */
#include <string.h>
#include <strings.h>

#include "worker/sync/markdown.h"

static bool is_space(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

static bool is_alpha(char c)
{
    return (c | 0x20) >= 'a' && (c | 0x20) <= 'z';
}

static bool is_alnum(char c)
{
    return is_alpha(c) || (c >= '0' && c <= '9');
}

static const char *skip_space(const char *p, const char *end)
{
    while (p < end && is_space(*p))
        p++;
    return p;
}

static bool name_in(const char *name, size_t size, const char *const *list)
{
    for (; *list; list++)
        if (strlen(*list) == size && strncasecmp(*list, name, size) == 0)
            return true;
    return false;
}

static bool starts_with(const char *p, const char *end, const char *prefix)
{
    size_t size = strlen(prefix);
    return (size_t)(end - p) >= size && memcmp(p, prefix, size) == 0;
}

static const char *const raw_names[] = {"script", "pre", "style", "textarea", NULL};

static const char *const block_names[] = {
    "address",  "article",  "aside",    "base",       "basefont", "blockquote", "body",   "caption",
    "center",   "col",      "colgroup", "dd",         "details",  "dialog",     "dir",    "div",
    "dl",       "dt",       "fieldset", "figcaption", "figure",   "footer",     "form",   "frame",
    "frameset", "h1",       "h2",       "h3",         "h4",       "h5",         "h6",     "head",
    "header",   "hr",       "html",     "iframe",     "legend",   "li",         "link",   "main",
    "menu",     "menuitem", "nav",      "noframes",   "ol",       "optgroup",   "option", "p",
    "param",    "section",  "source",   "title",      "summary",  "table",      "tbody",  "td",
    "tfoot",    "th",       "thead",    "title",      "tr",       "track",      "ul",     NULL,
};

/* An attribute's value after '='; NULL if there is none. */
static const char *skip_value(const char *p, const char *end)
{
    p = skip_space(p, end);
    if (p == end)
        return NULL;
    if (*p == '"' || *p == '\'') {
        const char *close = memchr(p + 1, *p, (size_t)(end - p - 1));
        return close ? close + 1 : NULL;
    }
    const char *start = p;
    while (p < end && !is_space(*p) && !strchr("\"'=<>`", *p))
        p++;
    return p > start ? p : NULL;
}

/* One attribute with the space before it; `p` if there is none, NULL if it is malformed. */
static const char *skip_attribute(const char *p, const char *end)
{
    const char *name = skip_space(p, end);
    if (name == p || name == end || !(is_alpha(*name) || *name == '_' || *name == ':'))
        return p;
    while (name < end && (is_alnum(*name) || (*name && strchr("_:.-", *name))))
        name++;
    const char *equals = skip_space(name, end);
    return equals < end && *equals == '=' ? skip_value(equals + 1, end) : name;
}

/* Kind 7: a whole tag alone on its line. */
static bool lone_tag(const char *p, const char *end)
{
    bool closes = p < end && *p == '/';
    p += closes;
    if (p == end || !is_alpha(*p))
        return false;
    while (p < end && (is_alnum(*p) || *p == '-'))
        p++;
    for (const char *next = p; !closes && (next = skip_attribute(p, end)) != p; p = next)
        if (!next)
            return false;
    p = skip_space(p, end);
    if (!closes && p < end && *p == '/')
        p++;
    return p < end && *p == '>' && skip_space(p + 1, end) == end;
}

int html_block_start(const char *p, const char *end, bool in_paragraph)
{
    p++;
    if (starts_with(p, end, "!--"))
        return 2;
    if (starts_with(p, end, "?"))
        return 3;
    if (starts_with(p, end, "![CDATA["))
        return 5;
    if (end - p >= 2 && p[0] == '!' && p[1] >= 'A' && p[1] <= 'Z')
        return 4;
    bool closes = p < end && *p == '/';
    const char *name = p + closes;
    const char *stop = name;
    while (stop < end && is_alnum(*stop))
        stop++;
    size_t size = (size_t)(stop - name);
    bool ended = stop == end || is_space(*stop) || *stop == '>';
    if (!closes && ended && name_in(name, size, raw_names))
        return 1;
    if ((ended || starts_with(stop, end, "/>")) && name_in(name, size, block_names))
        return 6;
    return !in_paragraph && lone_tag(p, end) ? 7 : 0;
}

static bool holds_closing_raw_tag(const char *line, const char *end)
{
    while ((line = memmem(line, (size_t)(end - line), "</", 2)) != NULL) {
        line += 2;
        for (size_t i = 0; raw_names[i]; i++) {
            size_t size = strlen(raw_names[i]);
            bool fits = (size_t)(end - line) > size && line[size] == '>';
            if (fits && strncasecmp(line, raw_names[i], size) == 0)
                return true;
        }
    }
    return false;
}

bool html_block_ends(int kind, const char *line, const char *end)
{
    static const char *const ends[] = {[2] = "-->", [3] = "?>", [4] = ">", [5] = "]]>"};
    if (kind == 1)
        return holds_closing_raw_tag(line, end);
    if (kind < 2 || kind > 5)
        return false;
    return memmem(line, (size_t)(end - line), ends[kind], strlen(ends[kind])) != NULL;
}
