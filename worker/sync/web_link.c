/* Relative references (RFC 3986), origins (RFC 6454), the Link header (RFC 8288). */
#include "worker/sync/web_link.h"

#include <string.h>
#include <strings.h>

#include "common/text.h"

struct piece {
    const char *text;
    size_t size;
};

/* RFC 3986, appendix B. A piece that is not there has no text; an empty one has. */
struct address {
    struct piece scheme, authority, path, query, fragment;
};

static bool is_alpha(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static size_t scheme_size(const char *text, size_t size)
{
    size_t i = 0;
    if (size == 0 || !is_alpha(text[0]))
        return 0;
    while (i < size &&
           (is_alpha(text[i]) || (text[i] >= '0' && text[i] <= '9') || strchr("+-.", text[i])))
        i++;
    return i < size && text[i] == ':' ? i : 0;
}

static struct piece until(struct piece *rest, const char *stops)
{
    struct piece part = {rest->text, 0};
    while (part.size < rest->size && !strchr(stops, part.text[part.size]))
        part.size++;
    rest->text += part.size;
    rest->size -= part.size;
    return part;
}

static void advance(struct piece *rest, size_t size)
{
    rest->text += size;
    rest->size -= size;
}

static struct address split(const char *text, size_t size)
{
    struct address a = {0};
    struct piece rest = {text, size};
    size_t scheme = scheme_size(text, size);
    if (scheme) {
        a.scheme = (struct piece){text, scheme};
        advance(&rest, scheme + 1);
    }
    if (rest.size >= 2 && memcmp(rest.text, "//", 2) == 0) {
        advance(&rest, 2);
        a.authority = until(&rest, "/?#");
    }
    a.path = until(&rest, "?#");
    if (rest.size && rest.text[0] == '?') {
        advance(&rest, 1);
        a.query = until(&rest, "#");
    }
    if (rest.size && rest.text[0] == '#') {
        advance(&rest, 1);
        a.fragment = rest;
    }
    return a;
}

/* The last segment goes, with the slash before it. */
static void drop_segment(struct buf *path, size_t start)
{
    while (path->size > start && path->data[path->size - 1] != '/')
        path->size--;
    if (path->size > start)
        path->size--;
}

/* RFC 3986, 5.2.4, segment by segment: `.` goes, `..` takes the one before along. */
static void add_path(struct buf *out, struct piece path)
{
    size_t start = out->size;
    const char *end = path.text + path.size;
    const char *at = path.text;
    while (at < end) {
        bool slash = *at == '/';
        const char *segment = at + slash;
        const char *stop = memchr(segment, '/', (size_t)(end - segment));
        if (!stop)
            stop = end;
        size_t size = (size_t)(stop - segment);
        bool up = size == 2 && memcmp(segment, "..", 2) == 0;
        if (up || (size == 1 && *segment == '.')) {
            if (up)
                drop_segment(out, start);
            if (stop == end)
                buf_add_byte(out, '/');
        } else
            buf_add(out, at, (size_t)(stop - at));
        at = stop;
    }
}

/* 5.2.3: the reference's path in place of the base's last segment. */
static void add_merged(struct buf *out, const struct address *base, struct piece path)
{
    struct buf whole = {0};
    size_t folder = base->path.size;
    while (folder > 0 && base->path.text[folder - 1] != '/')
        folder--;
    if (folder)
        buf_add(&whole, base->path.text, folder);
    else
        buf_add_byte(&whole, '/');
    buf_add(&whole, path.text, path.size);
    add_path(out, (struct piece){whole.data, whole.size});
    buf_release(&whole);
}

static void add_part(struct buf *out, const char *before, struct piece part)
{
    if (!part.text)
        return;
    buf_add_text(out, before);
    buf_add(out, part.text, part.size);
}

/* 5.2.2, for a reference without a scheme. */
static void resolve(struct buf *out, const struct address *base, const struct address *r)
{
    struct piece query = r->query;
    buf_add(out, base->scheme.text, base->scheme.size);
    buf_add_text(out, ":");
    add_part(out, "//", r->authority.text ? r->authority : base->authority);
    if (r->authority.text || (r->path.size && r->path.text[0] == '/'))
        add_path(out, r->path);
    else if (r->path.size)
        add_merged(out, base, r->path);
    else {
        buf_add(out, base->path.text, base->path.size);
        if (!query.text)
            query = base->query;
    }
    add_part(out, "?", query);
    add_part(out, "#", r->fragment);
}

static struct piece trimmed(const char *text)
{
    struct piece t = {text + strspn(text, " \t\r\n"), 0};
    t.size = strlen(t.text);
    while (t.size && strchr(" \t\r\n", t.text[t.size - 1]))
        t.size--;
    return t;
}

char *web_link_resolve(const char *base, const char *reference)
{
    struct piece text = trimmed(reference);
    struct buf out = {0};
    if (text.size > WEB_LINK_MAX || strlen(base) > WEB_LINK_MAX)
        return NULL;
    struct address b = split(base, strlen(base));
    struct address r = split(text.text, text.size);
    if (r.scheme.text || !b.scheme.text || !b.authority.text)
        buf_add(&out, text.text, text.size);
    else
        resolve(&out, &b, &r);
    if (out.size > WEB_LINK_MAX) {
        buf_release(&out);
        return NULL;
    }
    return buf_take(&out);
}

static bool same(struct piece a, struct piece b)
{
    return a.size == b.size && strncasecmp(a.text, b.text, a.size) == 0;
}

/* The authority without userinfo and without the port that its scheme has anyway. */
static struct piece host_of(const struct address *a)
{
    struct piece host = a->authority;
    const char *at = host.size ? memrchr(host.text, '@', host.size) : NULL;
    const char *port = a->scheme.size == 5 ? ":443" : ":80";
    size_t port_size = strlen(port);
    if (at)
        host = (struct piece){at + 1, host.size - (size_t)(at + 1 - host.text)};
    if (host.size > port_size && memcmp(host.text + host.size - port_size, port, port_size) == 0)
        host.size -= port_size;
    return host;
}

bool web_link_same_origin(const char *a, const char *b)
{
    struct address x = split(a, strlen(a));
    struct address y = split(b, strlen(b));
    bool http = x.scheme.text && (same(x.scheme, (struct piece){"http", 4}) ||
                                  same(x.scheme, (struct piece){"https", 5}));
    return http && y.scheme.text && same(x.scheme, y.scheme) && x.authority.size &&
           y.authority.size && same(host_of(&x), host_of(&y));
}

/* Is `next` one of the blank-separated words? */
static bool has_next(struct piece words)
{
    while (words.size) {
        struct piece word = until(&words, " \t");
        if (word.size == 4 && strncasecmp(word.text, "next", 4) == 0)
            return true;
        advance(&words, words.size > 0);
    }
    return false;
}

static const char *skip_blank(const char *p)
{
    return p + strspn(p, " \t");
}

/* One `name=token` or `name="quoted"` behind a ';'; sets *next if it is the relation. */
static const char *parameter(const char *p, bool *rel_seen, bool *next)
{
    struct piece name = {p, strcspn(p, "=;, \t")};
    struct piece value = {0};
    p = skip_blank(p + name.size);
    if (*p == '=') {
        p = skip_blank(p + 1);
        bool quoted = *p == '"';
        value.text = p += quoted;
        if (quoted) {
            while (*p && *p != '"')
                p += *p == '\\' && p[1] ? 2 : 1;
            value.size = (size_t)(p - value.text);
            p += *p == '"';
        } else {
            value.size = strcspn(p, ";, \t");
            p += value.size;
        }
    }
    /* RFC 8288, 3.3: a second `rel` counts for nothing. */
    if (same(name, (struct piece){"rel", 3}) && !*rel_seen) {
        *rel_seen = true;
        *next = has_next(value);
    }
    return skip_blank(p);
}

char *web_link_next(const char *header)
{
    const char *p = header;
    while ((p = strchr(p, '<')) != NULL) {
        bool rel_seen = false;
        bool next = false;
        const char *target = p + 1;
        size_t size = strcspn(target, ">");
        if (target[size] != '>')
            return NULL;
        p = skip_blank(target + size + 1);
        while (*p == ';')
            p = parameter(skip_blank(p + 1), &rel_seen, &next);
        if (next && size <= WEB_LINK_MAX)
            return xstrndup(target, size);
        /* To the next link: what stands between is not read. */
        if (*p && *p != ',')
            p += strcspn(p, ",");
    }
    return NULL;
}
