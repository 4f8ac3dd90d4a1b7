/* The tree of front matter in the making, within limits of depth and size. */
#include "worker/sync/front_tree.h"

#include <stdlib.h>
#include <string.h>

#include "common/private.h"

static bool refuse(struct front_tree *b, const char *why)
{
    b->refused = why;
    return false;
}

/* Hangs a new node below the open container; 0 with b->refused if it may not be there. */
static size_t add_node(struct front_tree *b, enum front_kind kind)
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

static bool add_anchor(struct front_tree *b, const char *name, size_t node)
{
    if (!name)
        return true;
    if (b->anchor_count == ANCHORS_MAX)
        return refuse(b, "front matter has more than 64 anchors; taken as text");
    b->anchors[b->anchor_count++] =
        (struct anchor){arena_text(&b->found->strings, name, strlen(name)), node};
    return true;
}

bool tree_open(struct front_tree *b, enum front_kind kind, const char *anchor)
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

bool tree_scalar(struct front_tree *b, struct span text, bool plain, const char *anchor)
{
    size_t node = add_node(b, FRONT_SCALAR);
    if (!node)
        return false;
    char *copy = arena_text(&b->found->strings, text.text, text.size);
    if (memchr(copy, '<', text.size)) /* an escape such as \x3c may spell a private block */
        text.size = private_strip(copy, text.size);
    copy[text.size] = '\0';
    for (char *nul = memchr(copy, '\0', text.size); nul;
         nul = memchr(nul, '\0', text.size - (size_t)(nul - copy)))
        *nul = ' '; /* "\0" */
    b->front->nodes[node - 1].text = (struct span){copy, text.size};
    b->front->nodes[node - 1].plain = plain;
    return add_anchor(b, anchor, node);
}

static bool is_open(const struct front_tree *b, size_t node)
{
    for (size_t i = 0; i < b->depth; i++)
        if (b->open[i] == node)
            return true;
    return false;
}

bool tree_alias(struct front_tree *b, const char *name)
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

static bool same_text(const struct front_node *a, const struct front_node *b)
{
    return a->text.size == b->text.size && memcmp(a->text.text, b->text.text, a->text.size) == 0;
}

/* Of keys that are the same the last counts. */
static void mark_replaced(struct front_tree *b, const struct front_node *map)
{
    enum { FEW = 12 }; /* so many are compared each with each, without sorting */
    struct front_node *nodes = b->front->nodes;
    size_t count = map->children / 2;
    size_t *keys = arena_alloc(&b->found->strings, (count + 1) * sizeof *keys);
    size_t n = 0;
    for (size_t k = map->child; k && n < count; k = nodes[nodes[k - 1].next - 1].next)
        keys[n++] = k;
    bool few = n <= FEW;
    if (!few)
        qsort_r(keys, n, sizeof *keys, by_text, nodes);
    for (size_t i = 0; i + 1 < n; i++) {
        struct front_node *key = &nodes[keys[i] - 1];
        for (size_t j = i + 1; j < (few ? n : i + 2) && !key->replaced; j++)
            key->replaced = same_text(key, &nodes[keys[j] - 1]);
    }
}

void tree_close(struct front_tree *b)
{
    b->depth--;
    const struct front_node *node = front_node(b->front, b->open[b->depth]);
    if (node->kind == FRONT_MAP)
        mark_replaced(b, node);
}
