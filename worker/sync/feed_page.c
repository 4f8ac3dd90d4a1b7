/* Entries to pages. */
#include "worker/sync/feed_page.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

#include "common/private.h"
#include "worker/sync/date.h"
#include "worker/sync/html_text.h"
#include "worker/sync/page.h"

enum {
    SLUG_MAX = 64,        /* readable bytes of a path */
    TITLE_FROM_BODY = 80, /* bytes of the text that stand in for a title */
    LINE_MAX_BYTES = 512, /* of any other value of the front matter but an address */
};

/* ---- the path ---- */

static char slug_byte(char c)
{
    if (c >= 'A' && c <= 'Z')
        return (char)(c | 0x20);
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ? c : '-';
}

/* Of an address, what stands behind the host: it is the same for all entries. */
static size_t readable_from(const char *id, size_t size)
{
    const char *host = memmem(id, size, "://", 3);
    if (!host)
        return 0;
    size_t at = (size_t)(host - id) + 3;
    const char *slash = memchr(id + at, '/', size - at);
    return slash ? (size_t)(slash - id) : at;
}

void feed_page_path(struct buf *path, const char *id, size_t size)
{
    char slug[SLUG_MAX];
    size_t used = 0;
    /* From its end: what tells one id from the next is there. */
    size_t from = readable_from(id, size);
    size_t at = size - from > 2 * SLUG_MAX ? size - 2 * SLUG_MAX : from;
    for (; at < size; at++) {
        char c = slug_byte(id[at]);
        if (c == '-' && (used == 0 || slug[used - 1] == '-'))
            continue;
        if (used == SLUG_MAX) {
            memmove(slug, slug + 1, SLUG_MAX - 1);
            used--;
        }
        slug[used++] = c;
    }
    while (used && slug[used - 1] == '-')
        used--;
    size_t start = 0;
    while (start < used && slug[start] == '-')
        start++;
    buf_reset(path);
    if (used > start)
        buf_add(path, slug + start, used - start);
    else
        buf_add_text(path, "entry");
    uint64_t hash = XXH3_64bits(id, size);
    buf_printf(path, "-%012" PRIx64 ".md", hash >> 16);
}

/* ---- the front matter ---- */

/* Bytes at text that do not belong in one line of YAML: blanks, controls, line separators, byte
 * order marks, what is no character. */
static size_t unfit(const unsigned char *p, size_t left)
{
    if (p[0] <= ' ' || p[0] == 0x7f)
        return 1;
    if (left >= 2 && p[0] == 0xC2 && p[1] <= 0xA0)
        return 2;
    if (left < 3)
        return 0;
    bool separator = p[0] == 0xE2 && p[1] == 0x80 && (p[2] == 0xA8 || p[2] == 0xA9);
    bool mark = p[0] == 0xEF && p[1] == 0xBB && p[2] == 0xBF;
    bool none = p[0] == 0xEF && p[1] == 0xBF && p[2] >= 0xBE;
    return separator || mark || none ? 3 : 0;
}

/* On one line, each run of such bytes one blank, at most `most` bytes. */
static void one_line(struct buf *out, const char *text, size_t size, size_t most)
{
    struct buf clean = {0};
    bool gap = false;
    utf8_sanitize(&clean, text, size);
    clean.size = clean.size ? private_strip(clean.data, clean.size) : 0;
    buf_reset(out);
    for (size_t i = 0; i < clean.size && out->size < most;) {
        size_t skip = unfit((const unsigned char *)clean.data + i, clean.size - i);
        gap = gap || (skip && out->size);
        if (!skip) {
            if (gap)
                buf_add_byte(out, ' ');
            buf_add_byte(out, clean.data[i]);
            gap = false;
        }
        i += skip ? skip : 1;
    }
    if (out->size) {
        out->size = utf8_floor(out->data, out->size < most ? out->size : most);
        out->data[out->size] = '\0';
    }
    buf_release(&clean);
}

/* A JSON string is a YAML string, once it holds nothing that YAML cannot. */
static void add_value(struct buf *page, const char *key, const char *value, size_t size)
{
    json_t *text = json_stringn(value, size);
    char *quoted = text ? json_dumps(text, JSON_ENCODE_ANY) : NULL;
    if (quoted)
        buf_printf(page, "%s: %s\n", key, quoted);
    free(quoted);
    json_decref(text);
}

static void add_line(struct buf *page, const char *key, const struct buf *value, size_t most)
{
    struct buf line = {0};
    if (value->size)
        one_line(&line, value->data, value->size, most);
    if (line.size)
        add_value(page, key, line.data, line.size);
    buf_release(&line);
}

/* In UTC, if it can be read; else as it is. */
static void add_date(struct buf *page, const char *key, const struct buf *value)
{
    int64_t at;
    char text[DATE_SIZE];
    if (!value->size)
        return;
    /* Numbers are Unix seconds, or milliseconds where seconds would be too far off. */
    bool number =
        value->size < 16 && strspn(value->data, "0123456789") == value->size && value->size > 8;
    if (number) {
        at = strtoll(value->data, NULL, 10);
        at = at > 100000000000 ? at / 1000 : at;
    }
    if (number || date_read(value->data, &at)) {
        date_write(at, text);
        if (text[0]) {
            add_value(page, key, text, strlen(text));
            return;
        }
    }
    add_line(page, key, value, LINE_MAX_BYTES);
}

static void add_tags(struct buf *page, const json_t *tags)
{
    size_t i;
    const json_t *tag;
    struct buf line = {0};
    json_t *clean = json_array();
    json_array_foreach (tags, i, tag) {
        one_line(&line, json_string_value(tag), json_string_length(tag), LINE_MAX_BYTES);
        if (line.size)
            json_array_append_new(clean, json_stringn(line.data, line.size));
    }
    char *list = json_array_size(clean) ? json_dumps(clean, 0) : NULL;
    if (list)
        buf_printf(page, "tags: %s\n", list);
    free(list);
    json_decref(clean);
    buf_release(&line);
}

/* ---- the page ---- */

static bool to_text(struct buf *out, const struct buf *in, enum feed_text type, const char *base,
                    struct error *e)
{
    bool cut = false;
    if (!in->size)
        return true;
    if (type == FEED_PLAIN) {
        buf_add(out, in->data, in->size);
        return true;
    }
    if (!text_from_html(&(struct html_source){in->data, in->size, base}, out, &cut, e))
        return false;
    if (cut)
        buf_add_text(out, "\n*The rest of this entry could not be read: it is too large, or nested "
                          "too deeply.*\n");
    return true;
}

/* An entry without a title is called by its first words. */
static void title_from_body(struct buf *title, const struct buf *body)
{
    size_t size = 0;
    size_t start = 0;
    while (start < body->size && memchr("\r\n", body->data[start], 2))
        start++;
    while (start + size < body->size && !memchr("\r\n", body->data[start + size], 2))
        size++;
    if (size)
        one_line(title, body->data + start, size, TITLE_FROM_BODY);
    if (size > title->size && title->size + 8 > TITLE_FROM_BODY) {
        const char *blank = memrchr(title->data, ' ', title->size);
        if (blank)
            title->size = (size_t)(blank - title->data);
        buf_add_text(title, "\xE2\x80\xA6");
    }
}

bool feed_page(struct buf *page, const struct feed_entry *entry, const char *feed_url,
               struct error *e)
{
    struct buf title = {0};
    struct buf body = {0};
    const char *base = entry->base.size  ? entry->base.data
                       : entry->url.size ? entry->url.data
                                         : feed_url;
    buf_reset(page);
    bool ok = to_text(&title, &entry->title, entry->title_type, base, e) &&
              to_text(&body, &entry->body, entry->body_type, base, e);
    if (ok && !title.size)
        title_from_body(&title, &body);
    if (ok) {
        buf_add_text(page, "---\n");
        add_line(page, "title", &title, TITLE_MAX_BYTES);
        add_line(page, "url", &entry->url, LINK_TARGET_MAX_BYTES);
        add_line(page, "author", &entry->author, LINE_MAX_BYTES);
        add_date(page, "published", &entry->published);
        add_date(page, "updated", &entry->updated);
        add_tags(page, entry->tags);
        buf_add_text(page, "---\n\n");
        if (body.size)
            buf_add(page, body.data, body.size);
    }
    buf_release(&title);
    buf_release(&body);
    return ok;
}
