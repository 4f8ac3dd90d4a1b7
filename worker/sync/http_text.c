/* What HTTP says in text. */
#include "worker/sync/http_text.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "common/text.h"

struct span {
    const char *at;
    size_t size;
};

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static struct span trim(struct span s)
{
    while (s.size && is_space(s.at[0])) {
        s.at++;
        s.size--;
    }
    while (s.size && is_space(s.at[s.size - 1]))
        s.size--;
    return s;
}

/* RFC 9110, 5.6.2. */
static bool is_token_char(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
           (c && strchr("!#$%&'*+-.^_`|~", c));
}

static bool is_name(struct span s)
{
    for (size_t i = 0; i < s.size; i++)
        if (!is_token_char(s.at[i]))
            return false;
    return s.size > 0;
}

static bool same_name(struct span s, const char *name)
{
    return s.size == strlen(name) && strncasecmp(s.at, name, s.size) == 0;
}

/* Splits at the first ':'. */
static bool split(struct span line, struct span *name, struct span *value)
{
    const char *colon = line.size ? memchr(line.at, ':', line.size) : NULL;
    if (!colon)
        return false;
    *name = (struct span){line.at, (size_t)(colon - line.at)};
    *value = trim((struct span){colon + 1, line.size - name->size - 1});
    return true;
}

char *http_header_value(const char *line, size_t size, const char *name)
{
    struct span got;
    struct span value;
    if (!split((struct span){line, size}, &got, &value) || !same_name(got, name))
        return NULL;
    return xstrndup(value.at, value.size);
}

/* Behind the parameter at `p`, which begins with ';'. Sets *next if it is `rel` with the relation
 * "next" among its values. */
static const char *link_parameter(const char *p, bool *next)
{
    p += 1 + strspn(p + 1, " \t");
    size_t name = strcspn(p, "=;, \t");
    bool rel = name == 3 && strncasecmp(p, "rel", 3) == 0;
    p += name;
    p += strspn(p, " \t");
    if (*p != '=')
        return p;
    p += 1 + strspn(p + 1, " \t");
    bool quoted = *p == '"';
    p += quoted;
    size_t size = strcspn(p, quoted ? "\"" : ";, \t");
    for (size_t i = 0; rel && i < size;) {
        size_t word = strcspn(p + i, " \t\";,");
        *next |= word == 4 && strncasecmp(p + i, "next", 4) == 0;
        i += word + 1;
    }
    p += size;
    return p + (quoted && *p == '"');
}

char *http_link_next(const char *link)
{
    const char *p = link ? strchr(link, '<') : NULL;
    while (p) {
        const char *end = strchr(p, '>');
        bool next = false;
        if (!end)
            return NULL;
        const char *target = p + 1;
        p = end + 1;
        p += strspn(p, " \t");
        while (*p == ';') {
            p = link_parameter(p, &next);
            p += strspn(p, " \t");
        }
        if (next && end > target)
            return xstrndup(target, (size_t)(end - target));
        p = strchr(p, '<');
    }
    return NULL;
}

bool http_token_parse(const char *text, size_t size, char **token, struct error *e)
{
    const char *end = size ? memchr(text, '\n', size) : NULL;
    struct span line = trim((struct span){text, end ? (size_t)(end - text) : size});
    if (line.size == 0 || line.size > HTTP_SECRET_MAX_BYTES)
        return error_set(e, CAUSE_CONFIG, "expected a token of 1 to %d characters in one line",
                         HTTP_SECRET_MAX_BYTES);
    for (size_t i = 0; i < line.size; i++)
        if (line.at[i] <= ' ' || line.at[i] >= 0x7f)
            return error_set(e, CAUSE_CONFIG,
                             "a token has visible ASCII characters only, and no space");
    *token = xstrndup(line.at, line.size);
    return true;
}

/* What a request is framed and kept conditional by: another value would break either. */
static bool is_ours(struct span name)
{
    static const char *const ours[] = {"Host",       "Content-Length",  "Transfer-Encoding",
                                       "Connection", "Accept-Encoding", "Expect",
                                       "Range",      "If-Range",        "TE",
                                       "Upgrade",    "If-None-Match",   "If-Modified-Since"};
    for (size_t i = 0; i < sizeof ours / sizeof *ours; i++)
        if (same_name(name, ours[i]))
            return true;
    return false;
}

static bool header_line(struct span line, int number, struct span *name, struct span *value,
                        struct error *e)
{
    if (!split(line, name, value) || !is_name(*name) || value->size == 0)
        return error_set(e, CAUSE_CONFIG, "line %d: expected `Name: value`", number);
    if (is_ours(*name))
        return error_set(e, CAUSE_CONFIG, "line %d: %.*s is set by Lattice itself", number,
                         (int)name->size, name->at);
    for (size_t i = 0; i < value->size; i++)
        if ((unsigned char)value->at[i] < ' ' && value->at[i] != '\t')
            return error_set(e, CAUSE_CONFIG, "line %d: a control character", number);
    return line.size <= HTTP_SECRET_MAX_BYTES ||
           error_set(e, CAUSE_CONFIG, "line %d: longer than %d bytes", number,
                     HTTP_SECRET_MAX_BYTES);
}

bool http_headers_parse(const char *text, size_t size,
                        void (*header)(void *context, const char *line), void *context,
                        struct error *e)
{
    int count = 0;
    size_t at = 0;
    for (int number = 1; at < size; number++) {
        const char *end = memchr(text + at, '\n', size - at);
        struct span raw = {text + at, end ? (size_t)(end - text) - at : size - at};
        struct span line = trim(raw);
        struct span name = {0};
        struct span value = {0};
        at += raw.size + 1;
        if (line.size == 0 || line.at[0] == '#')
            continue;
        if (!header_line(line, number, &name, &value, e))
            return false;
        if (++count > HTTP_HEADER_LINES_MAX)
            return error_set(e, CAUSE_CONFIG, "more than %d headers", HTTP_HEADER_LINES_MAX);
        char *copy = xasprintf("%.*s: %.*s", (int)name.size, name.at, (int)value.size, value.at);
        header(context, copy);
        explicit_bzero(copy, strlen(copy));
        free(copy);
    }
    return count > 0 || error_set(e, CAUSE_CONFIG, "no line `Name: value` in it");
}

char *http_url_shown(const char *url)
{
    /* A "://" further back is one in a path or a query. */
    size_t scheme = strcspn(url, "/?#");
    bool whole = scheme > 0 && url[scheme - 1] == ':' && strncmp(url + scheme, "//", 2) == 0;
    const char *host = whole ? url + scheme + 2 : url;
    const char *end = host + strcspn(host, "/?#");
    const char *at = NULL;
    for (const char *p = host; p < end; p++)
        if (*p == '@')
            at = p;
    size_t path = strcspn(end, "?#");
    const char *rest = end[path] == '?' ? "?..." : "";
    return xasprintf("%.*s%.*s%s", (int)(host - url), url, (int)(end + path - (at ? at + 1 : host)),
                     at ? at + 1 : host, rest);
}
