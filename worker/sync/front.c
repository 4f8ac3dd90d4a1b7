/* Front matter: where it is, and what a page takes from it. */
#include "worker/sync/front.h"

#include <stdlib.h>
#include <string.h>

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r';
}

/* A line of three of `mark`. */
static bool is_fence(struct span line, const char *mark)
{
    while (line.size > 0 && is_blank(line.text[line.size - 1]))
        line.size--;
    return line.size == 3 && memcmp(line.text, mark, 3) == 0;
}

static struct span line_at(const char *text, size_t at, size_t size)
{
    const char *newline = memchr(text + at, '\n', size - at);
    return (struct span){text + at, newline ? (size_t)(newline - text) - at : size - at};
}

static bool blank_line(struct span line)
{
    while (line.size > 0 && is_blank(*line.text)) {
        line.text++;
        line.size--;
    }
    return line.size == 0;
}

/* `key:`, so that what is no YAML after all was still meant as front matter. */
static bool looks_like_key(struct span yaml)
{
    struct span line = line_at(yaml.text, 0, yaml.size);
    const char *colon = memchr(line.text, ':', line.size);
    return colon && colon > line.text && !memchr(line.text, ' ', (size_t)(colon - line.text));
}

/* What stands between the fences. False with f->warning if it never closes, without if there is
 * none: a `---` before a blank line is a thematic break. */
static bool find_yaml(struct front *f, const char *text, size_t size, struct span *yaml)
{
    size_t start = size >= 3 && memcmp(text, "\xEF\xBB\xBF", 3) == 0 ? 3 : 0;
    if (size - start < 4 || memcmp(text + start, "---", 3) != 0)
        return false;
    struct span line = line_at(text, start, size);
    size_t at = start + line.size + 1;
    if (!is_fence(line, "---") || at >= size || blank_line(line_at(text, at, size)))
        return false;
    size_t from = at;
    while (at < size && at - from <= FRONT_MAX_BYTES) {
        line = line_at(text, at, size);
        size_t next = at + line.size + 1;
        if (is_fence(line, "---") || is_fence(line, "...")) {
            *yaml = (struct span){text + from, at - from};
            f->body = next < size ? next : size;
            return true;
        }
        at = next;
    }
    f->warning = at < size ? "front matter has no end in its first 64 KB; taken as text"
                           : "front matter never closes; taken as text";
    return false;
}

static size_t resolve(const struct front *f, size_t node)
{
    while (front_node(f, node)->kind == FRONT_ALIAS)
        node = front_node(f, node)->child;
    return node;
}

/* The value of a key of the root; 0 if there is none. */
static size_t lookup(const struct front *f, const char *key)
{
    if (f->count == 0 || front_node(f, 1)->kind != FRONT_MAP)
        return 0;
    size_t size = strlen(key);
    for (size_t k = front_node(f, 1)->child; k; k = front_node(f, front_node(f, k)->next)->next) {
        const struct front_node *node = front_node(f, k);
        if (!node->replaced && node->text.size == size && memcmp(node->text.text, key, size) == 0)
            return resolve(f, node->next);
    }
    return 0;
}

static void add_tag(struct found *found, struct span tag)
{
    while (tag.size > 0 && (*tag.text == '#' || *tag.text == ' ')) {
        tag.text++;
        tag.size--;
    }
    while (tag.size > 0 && tag.text[tag.size - 1] == ' ')
        tag.size--;
    found_add_tag(found, tag);
}

static void split_tags(struct found *found, struct span text)
{
    size_t start = 0;
    for (size_t i = 0; i <= text.size; i++) {
        if (i < text.size && !strchr(", \t\n", text.text[i]))
            continue;
        add_tag(found, (struct span){text.text + start, i - start});
        start = i + 1;
    }
}

static bool is_null(const struct front_node *node)
{
    return node->plain &&
           (node->text.size == 0 || (node->text.size == 1 && *node->text.text == '~') ||
            (node->text.size == 4 && strncasecmp(node->text.text, "null", 4) == 0));
}

static void take_tags(const struct front *f, struct found *found)
{
    size_t index = lookup(f, "tags");
    if (!index)
        return;
    const struct front_node *tags = front_node(f, index);
    if (tags->kind == FRONT_SCALAR && !is_null(tags))
        split_tags(found, tags->text);
    for (size_t i = tags->kind == FRONT_LIST ? tags->child : 0; i; i = front_node(f, i)->next) {
        const struct front_node *tag = front_node(f, resolve(f, i));
        if (tag->kind == FRONT_SCALAR && !is_null(tag))
            add_tag(found, tag->text);
    }
}

static void take_title(struct front *f)
{
    size_t index = lookup(f, "title");
    const struct front_node *title = index ? front_node(f, index) : NULL;
    if (title && title->kind == FRONT_SCALAR && !is_null(title))
        f->title = title->text.text;
}

void front_parse(struct front *f, const char *text, size_t size, struct found *found)
{
    struct span yaml;
    buf_reset(&f->json);
    f->title = NULL;
    f->warning = NULL;
    f->body = 0;
    f->count = 0;
    if (!find_yaml(f, text, size, &yaml))
        return;
    const char *refused = front_flat(f, yaml, found) ? NULL : front_yaml(f, yaml, found);
    if (!refused)
        refused = front_write(f);
    if (!refused) {
        take_title(f);
        take_tags(f, found);
        return;
    }
    buf_reset(&f->json);
    f->warning = refused;
    if (!looks_like_key(yaml))
        f->body = 0;
}

void front_release(struct front *f)
{
    buf_release(&f->json);
    free(f->nodes);
    *f = (struct front){0};
}
