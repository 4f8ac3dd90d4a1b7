/* The tree of front matter in the making: what the readers of YAML tell, one after the other. */
#ifndef LATTICE_WORKER_SYNC_FRONT_TREE_H
#define LATTICE_WORKER_SYNC_FRONT_TREE_H

#include "worker/sync/front.h"

/* More anchors than any front matter has; each alias is a search through them. */
enum { ANCHORS_MAX = 64 };

struct anchor {
    const char *name;
    size_t node;
};

/* Start with `front` and `found` set and all else zero. `refused` says why it cannot go on. */
struct front_tree {
    struct front *front;
    struct found *found;          /* keeps the strings */
    size_t open[FRONT_MAX_DEPTH]; /* containers that are not closed yet */
    size_t last[FRONT_MAX_DEPTH]; /* their last child so far */
    size_t depth;
    struct anchor anchors[ANCHORS_MAX];
    size_t anchor_count;
    const char *refused;
};

/* False with b->refused. `anchor` may be NULL. */
bool tree_open(struct front_tree *b, enum front_kind kind, const char *anchor);
bool tree_scalar(struct front_tree *b, struct span text, bool plain, const char *anchor);
bool tree_alias(struct front_tree *b, const char *name);
void tree_close(struct front_tree *b);

#endif
