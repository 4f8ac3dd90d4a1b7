/* Are two trees of front matter the same? For what holds the two readers against each other. */
#ifndef LATTICE_TESTS_FUZZ_FRONT_SAME_H
#define LATTICE_TESTS_FUZZ_FRONT_SAME_H

#include <string.h>

#include "worker/sync/front.h"

static inline bool front_same(const struct front *a, const struct front *b)
{
    if (a->count != b->count)
        return false;
    for (size_t i = 1; i <= a->count; i++) {
        const struct front_node *x = front_node(a, i);
        const struct front_node *y = front_node(b, i);
        if (x->kind != y->kind || x->plain != y->plain || x->replaced != y->replaced ||
            x->child != y->child || x->next != y->next || x->children != y->children ||
            x->text.size != y->text.size)
            return false;
        if (x->text.size && memcmp(x->text.text, y->text.text, x->text.size) != 0)
            return false;
    }
    return true;
}

#endif
