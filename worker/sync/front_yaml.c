/* The YAML tree of front matter, from libyaml's events, within limits of depth and size. */
#include <stdio.h>
#include <string.h>
#include <yaml.h>

#include "worker/sync/front.h"

/* More anchors than any front matter has; each alias is a search through them. */
enum { ANCHORS_MAX = 64 };

struct anchor {
    const char *name;
    size_t node;
};

struct build {
    struct front *front;
    struct found *found;
    size_t open[FRONT_MAX_DEPTH]; /* containers that are not closed yet */
    size_t last[FRONT_MAX_DEPTH]; /* their last child so far */
    size_t depth;
    struct anchor anchors[ANCHORS_MAX];
    size_t anchor_count;
    const char *refused;
};

static bool refuse(struct build *b, const char *why)
{
    b->refused = why;
    return false;
}

/* Hangs a new node below the open container; 0 with b->refused if it may not be there. */
static size_t add_node(struct build *b, enum front_kind kind)
{
    struct front *f = b->front;
    if (f->count == FRONT_MAX_NODES) {
        refuse(b, "front matter has more than 10000 values; taken as text");
        return 0;
    }
    f->nodes = array_room(f->nodes, f->count, &f->room, sizeof *f->nodes);
    size_t index = ++f->count;
    f->nodes[index - 1] = (struct front_node){.kind = kind};
    if (b->depth == 0) {
        if (index == 1 && kind == FRONT_MAP)
            return index;
        refuse(b, "front matter is not a mapping; taken as text");
        return 0;
    }
    struct front_node *parent = &f->nodes[b->open[b->depth - 1] - 1];
    if (parent->kind == FRONT_MAP && parent->children % 2 == 0 && kind != FRONT_SCALAR) {
        refuse(b, "front matter has a key that is not plain text; taken as text");
        return 0;
    }
    size_t *last = &b->last[b->depth - 1];
    if (*last)
        f->nodes[*last - 1].next = index;
    else
        parent->child = index;
    *last = index;
    parent->children++;
    return index;
}

static bool add_anchor(struct build *b, const yaml_char_t *name, size_t node)
{
    if (!name)
        return true;
    if (b->anchor_count == ANCHORS_MAX)
        return refuse(b, "front matter has more than 64 anchors; taken as text");
    const char *text = (const char *)name;
    b->anchors[b->anchor_count++] =
        (struct anchor){arena_text(&b->found->strings, text, strlen(text)), node};
    return true;
}

static bool open_container(struct build *b, enum front_kind kind, const yaml_char_t *anchor)
{
    if (b->depth == FRONT_MAX_DEPTH)
        return refuse(b, "front matter is nested more than 32 deep; taken as text");
    size_t node = add_node(b, kind);
    if (!node || !add_anchor(b, anchor, node))
        return false;
    b->open[b->depth] = node;
    b->last[b->depth] = 0;
    b->depth++;
    return true;
}

static bool add_scalar(struct build *b, const yaml_event_t *event)
{
    size_t node = add_node(b, FRONT_SCALAR);
    if (!node)
        return false;
    struct span text = {(const char *)event->data.scalar.value, event->data.scalar.length};
    char *copy = arena_text(&b->found->strings, text.text, text.size);
    if (memchr(copy, '<', text.size)) /* an escape such as \x3c may spell a private block */
        text.size = private_strip(copy, text.size);
    copy[text.size] = '\0';
    for (char *nul = memchr(copy, '\0', text.size); nul;
         nul = memchr(nul, '\0', text.size - (size_t)(nul - copy)))
        *nul = ' '; /* "\0" */
    b->front->nodes[node - 1].text = (struct span){copy, text.size};
    b->front->nodes[node - 1].plain = event->data.scalar.plain_implicit != 0;
    return add_anchor(b, event->data.scalar.anchor, node);
}

static bool is_open(const struct build *b, size_t node)
{
    for (size_t i = 0; i < b->depth; i++)
        if (b->open[i] == node)
            return true;
    return false;
}

static bool add_alias(struct build *b, const char *name)
{
    size_t target = 0;
    for (size_t i = b->anchor_count; i > 0 && !target; i--)
        if (strcmp(b->anchors[i - 1].name, name) == 0)
            target = b->anchors[i - 1].node;
    if (!target)
        return refuse(b, "front matter uses an anchor that it does not define; taken as text");
    if (is_open(b, target))
        return refuse(b, "front matter contains itself; taken as text");
    size_t node = add_node(b, FRONT_ALIAS);
    if (!node)
        return false;
    b->front->nodes[node - 1].child = target;
    return true;
}

static int by_text(const void *left, const void *right, void *nodes)
{
    size_t a = *(const size_t *)left;
    size_t b = *(const size_t *)right;
    const struct front_node *x = (const struct front_node *)nodes + (a - 1);
    const struct front_node *y = (const struct front_node *)nodes + (b - 1);
    size_t shorter = x->text.size < y->text.size ? x->text.size : y->text.size;
    int order = memcmp(x->text.text, y->text.text, shorter);
    if (order == 0)
        order = (x->text.size > y->text.size) - (x->text.size < y->text.size);
    return order ? order : (a > b) - (a < b);
}

/* Of keys that are the same the last counts. */
static void mark_replaced(struct build *b, const struct front_node *map)
{
    struct front_node *nodes = b->front->nodes;
    size_t count = map->children / 2;
    size_t *keys = arena_alloc(&b->found->strings, (count + 1) * sizeof *keys);
    size_t n = 0;
    for (size_t k = map->child; k && n < count; k = nodes[nodes[k - 1].next - 1].next)
        keys[n++] = k;
    qsort_r(keys, n, sizeof *keys, by_text, nodes);
    for (size_t i = 0; i + 1 < n; i++) {
        const struct span *x = &nodes[keys[i] - 1].text;
        const struct span *y = &nodes[keys[i + 1] - 1].text;
        nodes[keys[i] - 1].replaced = x->size == y->size && memcmp(x->text, y->text, x->size) == 0;
    }
}

static bool close_container(struct build *b)
{
    b->depth--;
    const struct front_node *node = front_node(b->front, b->open[b->depth]);
    if (node->kind == FRONT_MAP)
        mark_replaced(b, node);
    return true;
}

static bool take(struct build *b, const yaml_event_t *event)
{
    switch (event->type) {
    case YAML_MAPPING_START_EVENT:
        return open_container(b, FRONT_MAP, event->data.mapping_start.anchor);
    case YAML_SEQUENCE_START_EVENT:
        return open_container(b, FRONT_LIST, event->data.sequence_start.anchor);
    case YAML_MAPPING_END_EVENT:
    case YAML_SEQUENCE_END_EVENT:
        return close_container(b);
    case YAML_SCALAR_EVENT:
        return add_scalar(b, event);
    case YAML_ALIAS_EVENT:
        return add_alias(b, (const char *)event->data.alias.anchor);
    case YAML_NO_EVENT:
    case YAML_STREAM_START_EVENT:
    case YAML_STREAM_END_EVENT:
    case YAML_DOCUMENT_START_EVENT:
    case YAML_DOCUMENT_END_EVENT:
        break;
    }
    return true;
}

static const char *not_yaml(const yaml_parser_t *parser, struct found *found)
{
    char text[160];
    /* Lines as an editor counts them: from 1, the opening fence is the first. */
    int n =
        snprintf(text, sizeof text, "front matter is not YAML (line %zu: %.80s); taken as text",
                 parser->problem_mark.line + 2, parser->problem ? parser->problem : "unreadable");
    return arena_text(&found->strings, text, n > 0 ? (size_t)n : 0);
}

static void read_events(struct build *b, yaml_parser_t *parser)
{
    yaml_event_type_t type = YAML_NO_EVENT;
    while (!b->refused && type != YAML_STREAM_END_EVENT) {
        yaml_event_t event;
        if (!yaml_parser_parse(parser, &event)) {
            b->refused = not_yaml(parser, b->found);
            return;
        }
        type = event.type;
        take(b, &event);
        yaml_event_delete(&event);
    }
}

const char *front_build(struct front *f, struct span yaml, struct found *found)
{
    struct build b = {.front = f, .found = found};
    yaml_parser_t parser;
    if (!yaml_parser_initialize(&parser))
        return "front matter could not be read; taken as text";
    yaml_parser_set_encoding(&parser, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(&parser, (const unsigned char *)yaml.text, yaml.size);
    read_events(&b, &parser);
    yaml_parser_delete(&parser);
    return b.refused;
}
