/* Front matter: a YAML mapping between `---` lines at a page's start, as a JSON object. */
#ifndef LATTICE_WORKER_SYNC_FRONT_H
#define LATTICE_WORKER_SYNC_FRONT_H

#include "worker/sync/page_found.h"

enum front_kind { FRONT_SCALAR, FRONT_LIST, FRONT_MAP, FRONT_ALIAS };

/* A node of the YAML tree. A map's children are key, value, key, value. Indexes count from 1, 0 is
 * none; the first node is the root. */
struct front_node {
    enum front_kind kind;
    bool plain;      /* unquoted and without a type: may be a number, a bool or null */
    bool replaced;   /* a key that stands again further down in its map */
    size_t child;    /* first child; an alias: the node it stands for */
    size_t next;     /* sibling */
    size_t children; /* how many */
    struct span text;
};

/* All-zero is empty; memory is reused from page to page. */
struct front {
    struct buf json;          /* the object; empty if there is none */
    const char *title;        /* NULL if it names none */
    const char *warning;      /* why it is text; NULL if it is not */
    size_t body;              /* offset of what follows it */
    struct front_node *nodes; /* owned */
    size_t count;
    size_t room;
};

/* Reads the front matter of text[0, size), if there is any; its tags go to `found`, which also
 * keeps the strings. Never fails: what cannot be used is text and a warning. */
void front_parse(struct front *f, const char *text, size_t size, struct found *found);
void front_release(struct front *f);

/* Builds the tree with libyaml; NULL, or why it cannot be used (kept in `found`). */
const char *front_yaml(struct front *f, struct span yaml, struct found *found);
/* Builds the same tree, at a tenth of the cost, if each line is `key: value` or an item of a list,
 * plain or quoted without escapes. False, with an empty tree, if it is not sure: then libyaml is to
 * say. `yaml` is valid UTF-8. */
bool front_flat(struct front *f, struct span yaml, struct found *found);
/* Writes the tree as JSON; NULL, or why it is refused. */
const char *front_write(struct front *f);

/* Node number `index`. */
static inline const struct front_node *front_node(const struct front *f, size_t index)
{
    return &f->nodes[index - 1];
}

#endif
