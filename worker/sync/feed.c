/* What a feed is, told from its content; and what its readers share. */
#include "worker/sync/feed.h"

#include <inttypes.h>
#include <string.h>
#include <strings.h>
#include <xxhash.h>

#include "worker/sync/feed_internal.h"
#include "worker/sync/web_link.h"

/* Of an entry; the store takes as many. */
enum { TAGS_OF_ENTRY_MAX = 1000 };
/* Of what cannot be read, in a message. */
enum { SHOWN_BYTES = 40 };

enum { ENTRY_TEXTS = 8 };

static void entry_texts(struct feed_entry *entry, struct buf *texts[ENTRY_TEXTS])
{
    struct buf *const all[ENTRY_TEXTS] = {&entry->id,     &entry->title,     &entry->url,
                                          &entry->author, &entry->published, &entry->updated,
                                          &entry->body,   &entry->base};
    memcpy(texts, all, sizeof all);
}

void feed_entry_clear(struct feed_entry *entry)
{
    struct buf *texts[ENTRY_TEXTS];
    entry_texts(entry, texts);
    for (size_t i = 0; i < ENTRY_TEXTS; i++)
        buf_reset(texts[i]);
    json_decref(entry->tags);
    entry->tags = NULL;
    entry->title_type = FEED_PLAIN;
    entry->body_type = FEED_PLAIN;
    entry->deleted = false;
}

static void entry_release(struct feed_entry *entry)
{
    struct buf *texts[ENTRY_TEXTS];
    entry_texts(entry, texts);
    for (size_t i = 0; i < ENTRY_TEXTS; i++)
        buf_release(texts[i]);
    json_decref(entry->tags);
    *entry = (struct feed_entry){0};
}

static void name_entry(struct feed_entry *entry)
{
    if (entry->id.size)
        return;
    if (entry->url.size)
        buf_add(&entry->id, entry->url.data, entry->url.size);
    else if (entry->title.size)
        buf_add(&entry->id, entry->title.data, entry->title.size);
    else
        buf_printf(&entry->id, "%016" PRIx64,
                   (uint64_t)XXH3_64bits(entry->body.data, entry->body.size));
}

bool feed_hand_on(struct feed_reading *r, struct error *e)
{
    name_entry(&r->entry);
    if (++r->found->entries > FEED_ENTRIES_MAX)
        return error_set(e, CAUSE_BAD_DATA, "more than %d entries in one answer", FEED_ENTRIES_MAX);
    return r->sink->entry(r->sink->context, &r->entry, e);
}

void feed_set_link(struct buf *out, const char *base, const char *reference)
{
    if (out->size || reference[0] == '\0')
        return;
    char *whole = web_link_resolve(base, reference);
    if (whole)
        buf_add_text(out, whole);
    free(whole);
}

void feed_add_tag(struct feed_entry *entry, const char *tag)
{
    if (tag[0] == '\0' || json_array_size(entry->tags) >= TAGS_OF_ENTRY_MAX)
        return;
    if (!entry->tags)
        entry->tags = json_array();
    json_array_append_new(entry->tags, json_string(tag));
}

/* The first bytes, for a message: on one line, and harmless. */
static bool unreadable(const struct feed_document *d, const char *what, struct error *e)
{
    struct buf shown = {0};
    size_t start = 0;
    while (start < d->size && strchr(" \t\r\n", d->bytes[start]))
        start++;
    size_t left = d->size - start;
    text_escape(&shown, d->bytes + start,
                left < SHOWN_BYTES ? left : utf8_floor(d->bytes + start, SHOWN_BYTES));
    error_set(e, CAUSE_BAD_DATA, "%s%s%s%s; it begins with: %s", what,
              d->type ? " (served as " : "", d->type ? d->type : "", d->type ? ")" : "",
              shown.data ? shown.data : "");
    buf_release(&shown);
    return false;
}

static bool begins_with(const struct feed_document *d, size_t at, const char *text)
{
    size_t size = strlen(text);
    return d->size - at >= size && strncasecmp(d->bytes + at, text, size) == 0;
}

static bool read_as(struct feed_reading *r, struct error *e)
{
    const struct feed_document *d = r->document;
    size_t at = begins_with(d, 0, "\xEF\xBB\xBF") ? 3 : 0;
    while (at < d->size && memchr(" \t\r\n", d->bytes[at], 4))
        at++;
    if (at == d->size)
        return error_set(e, CAUSE_BAD_DATA,
                         "the answer is empty; an empty feed would still say "
                         "that it is one");
    if (begins_with(d, at, "<!doctype html") || begins_with(d, at, "<html"))
        return unreadable(
            d, "this is a web page, not a feed; look there for the feed's own address", e);
    if (d->bytes[at] == '{' || d->bytes[at] == '[')
        return feed_json(r, e);
    bool utf16 = begins_with(d, 0, "\xFE\xFF") || begins_with(d, 0, "\xFF\xFE");
    if (d->bytes[at] != '<' && !utf16)
        return unreadable(d, "neither a feed nor JSON", e);
    if (d->map)
        return unreadable(d, "`map` is for JSON, and this is XML", e);
    return feed_xml(r, e);
}

bool feed_read(const struct feed_document *document, const struct feed_sink *sink,
               struct feed_found *found, struct error *e)
{
    struct feed_reading r = {.document = document, .sink = sink, .found = found};
    *found = (struct feed_found){0};
    bool ok = read_as(&r, e);
    entry_release(&r.entry);
    return ok;
}

void feed_found_release(struct feed_found *found)
{
    free(found->next);
    *found = (struct feed_found){0};
}
