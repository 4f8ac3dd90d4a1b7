/* JSON Feed 1.1, and any JSON by a map of pointers. */
#include <string.h>

#include "worker/sync/feed_internal.h"
#include "worker/sync/json_pointer.h"

static const char *text_of(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));
    return text ? text : "";
}

/* Numbers are texts, too: ids and dates come as both. */
static void set_text(struct buf *out, const json_t *value)
{
    if (out->size)
        return;
    if (json_is_string(value))
        buf_add(out, json_string_value(value), json_string_length(value));
    else if (json_is_integer(value))
        buf_printf(out, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
    else if (json_is_real(value))
        buf_printf(out, "%.17g", json_real_value(value));
}

static void add_author(struct feed_entry *entry, const json_t *author)
{
    const char *name = text_of(author, "name");
    if (entry->author.size && name[0])
        buf_add_text(&entry->author, ", ");
    buf_add_text(&entry->author, name);
}

static void fill_entry(struct feed_reading *r, const json_t *item)
{
    struct feed_entry *entry = &r->entry;
    size_t i;
    const json_t *value;
    set_text(&entry->id, json_object_get(item, "id"));
    set_text(&entry->title, json_object_get(item, "title"));
    set_text(&entry->published, json_object_get(item, "date_published"));
    set_text(&entry->updated, json_object_get(item, "date_modified"));
    feed_set_link(&entry->url, r->document->url, text_of(item, "url"));
    feed_set_link(&entry->url, r->document->url, text_of(item, "external_url"));
    set_text(&entry->body, json_object_get(item, "content_html"));
    entry->body_type = entry->body.size ? FEED_HTML : FEED_PLAIN;
    set_text(&entry->body, json_object_get(item, "content_text"));
    set_text(&entry->body, json_object_get(item, "summary"));
    json_array_foreach (json_object_get(item, "authors"), i, value)
        add_author(entry, value);
    if (!entry->author.size) /* version 1 */
        add_author(entry, json_object_get(item, "author"));
    json_array_foreach (json_object_get(item, "tags"), i, value)
        if (json_is_string(value))
            feed_add_tag(entry, json_string_value(value));
}

static bool read_feed(struct feed_reading *r, const json_t *root, struct error *e)
{
    size_t i;
    const json_t *item;
    const json_t *items = json_object_get(root, "items");
    if (strncmp(text_of(root, "version"), "https://jsonfeed.org/version/", 29) != 0)
        return error_set(e, CAUSE_BAD_DATA,
                         "JSON, but no JSON Feed (its `version` does not say so); say with `map` "
                         "where its entries are");
    if (!json_is_array(items))
        return error_set(e, CAUSE_BAD_DATA, "a JSON Feed without a list `items`");
    json_array_foreach (items, i, item) {
        if (!json_is_object(item))
            return error_set(e, CAUSE_BAD_DATA, "items[%zu] is no object", i);
        feed_entry_clear(&r->entry);
        fill_entry(r, item);
        if (!feed_hand_on(r, e))
            return false;
    }
    const char *next = text_of(root, "next_url");
    r->found->next = next[0] ? xstrdup(next) : NULL;
    return true;
}

/* What `name` of the map points to; NULL where the map or the item has nothing. */
static json_t *mapped(const struct feed_reading *r, json_t *in, const char *name)
{
    const char *pointer = json_string_value(json_object_get(r->document->map, name));
    json_t *value = pointer ? json_pointer(in, pointer) : NULL;
    return json_is_null(value) ? NULL : value;
}

/* Anything but false, 0 and "": some write true, others the date of the deletion. */
static bool is_set(const json_t *value)
{
    if (json_is_string(value))
        return json_string_length(value) > 0;
    return json_is_number(value) ? json_number_value(value) != 0.0 : value && !json_is_false(value);
}

/* HTML begins with '<' and ends with '>'; anything else is taken as text, which Markdown is. */
static enum feed_text body_type(const struct buf *body)
{
    size_t start = 0;
    size_t end = body->size;
    while (start < end && memchr(" \t\r\n", body->data[start], 4))
        start++;
    while (end > start && memchr(" \t\r\n", body->data[end - 1], 4))
        end--;
    return end > start && body->data[start] == '<' && body->data[end - 1] == '>' ? FEED_HTML
                                                                                 : FEED_PLAIN;
}

static void fill_body(struct feed_entry *entry, const json_t *value)
{
    set_text(&entry->body, value);
    if (entry->body.size || (!json_is_object(value) && !json_is_array(value))) {
        entry->body_type = body_type(&entry->body);
        return;
    }
    char *text = json_dumps(value, JSON_INDENT(2));
    buf_printf(&entry->body, "```json\n%s\n```\n", text ? text : "");
    free(text);
}

static bool fill_mapped(struct feed_reading *r, json_t *item, size_t index, struct error *e)
{
    struct feed_entry *entry = &r->entry;
    set_text(&entry->id, mapped(r, item, "id"));
    if (!entry->id.size)
        return error_set(e, CAUSE_BAD_DATA,
                         "item %zu has no text or number at \"%s\"; check `id` in `map`", index,
                         text_of(r->document->map, "id"));
    entry->deleted = is_set(mapped(r, item, "deleted"));
    set_text(&entry->title, mapped(r, item, "title"));
    set_text(&entry->updated, mapped(r, item, "updated"));
    fill_body(entry, mapped(r, item, "body"));
    return true;
}

static bool read_mapped(struct feed_reading *r, json_t *root, struct error *e)
{
    size_t i;
    json_t *item;
    const char *pointer = text_of(r->document->map, "items");
    json_t *items = json_pointer(root, pointer);
    /* Some write an empty list as null. */
    if (!json_is_array(items) && !json_is_null(items))
        return error_set(e, CAUSE_BAD_DATA, "no list at \"%s\"; check `items` in `map`", pointer);
    json_array_foreach (items, i, item) {
        feed_entry_clear(&r->entry);
        if (!fill_mapped(r, item, i, e) || !feed_hand_on(r, e))
            return false;
    }
    json_t *next = mapped(r, root, "next");
    if (is_set(next) && !json_is_string(next))
        return error_set(e, CAUSE_BAD_DATA, "what `next` in `map` points to is no URL");
    r->found->next = is_set(next) ? xstrdup(json_string_value(next)) : NULL;
    return true;
}

bool feed_json(struct feed_reading *r, struct error *e)
{
    const struct feed_document *d = r->document;
    json_error_t problem;
    size_t skip = d->size >= 3 && memcmp(d->bytes, "\xEF\xBB\xBF", 3) == 0 ? 3 : 0;
    /* A NUL makes one entry binary, not the whole feed unreadable. */
    json_t *root = json_loadb(d->bytes + skip, d->size - skip, JSON_ALLOW_NUL, &problem);
    if (!root)
        return error_set(e, CAUSE_BAD_DATA, "JSON, line %d: %s", problem.line, problem.text);
    bool ok = d->map ? read_mapped(r, root, e) : read_feed(r, root, e);
    json_decref(root);
    return ok;
}
