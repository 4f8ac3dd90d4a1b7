/* Memory of one page: handed out in order, taken back at once, kept for the next page. */
#ifndef LATTICE_WORKER_SYNC_PAGE_ARENA_H
#define LATTICE_WORKER_SYNC_PAGE_ARENA_H

#include <stddef.h>

struct arena_block;

/* All-zero is empty. */
struct arena {
    struct arena_block *first; /* owned list */
    struct arena_block *last;  /* the one that hands out */
    size_t used;               /* of `last` */
};

/* Never NULL; aligned for any type; not zeroed. */
void *arena_alloc(struct arena *a, size_t size);
/* NUL-terminated copy. */
char *arena_text(struct arena *a, const char *text, size_t size);
/* Forgets all; keeps the first block, so that a page of usual size never calls malloc. */
void arena_reset(struct arena *a);
void arena_release(struct arena *a);

/* `items` with room for one more than `count`; *room doubles when it is full. */
void *array_room(void *items, size_t count, size_t *room, size_t item_size)
    __attribute__((returns_nonnull, warn_unused_result));

#endif
