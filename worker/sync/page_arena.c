/* Memory of one page: handed out in order, taken back at once, kept for the next page. */
#include "worker/sync/page_arena.h"

#include <stdalign.h>
#include <stdlib.h>
#include <string.h>

#include "common/text.h"

/* A page of 3.7 KB needs some 10 KB for its strings and 50 KB inside cmark. */
enum { ARENA_BLOCK_BYTES = 256 * 1024 };

struct arena_block {
    struct arena_block *next;
    size_t room;
    alignas(max_align_t) char data[];
};

static void add_block(struct arena *a, size_t size)
{
    size_t room = size > ARENA_BLOCK_BYTES ? size : ARENA_BLOCK_BYTES;
    struct arena_block *block = xmalloc(sizeof *block + room);
    block->next = NULL;
    block->room = room;
    if (a->last)
        a->last->next = block;
    else
        a->first = block;
    a->last = block;
    a->used = 0;
}

void *arena_alloc(struct arena *a, size_t size)
{
    size_t need = (size + alignof(max_align_t) - 1) & ~(alignof(max_align_t) - 1);
    if (!a->last || a->last->room - a->used < need)
        add_block(a, need);
    void *p = a->last->data + a->used;
    a->used += need;
    return p;
}

char *arena_text(struct arena *a, const char *text, size_t size)
{
    char *copy = arena_alloc(a, size + 1);
    if (size)
        memcpy(copy, text, size);
    copy[size] = '\0';
    return copy;
}

static void free_blocks(struct arena_block *block)
{
    while (block) {
        struct arena_block *next = block->next;
        free(block);
        block = next;
    }
}

void arena_reset(struct arena *a)
{
    if (!a->first)
        return;
    if (a->first->room > ARENA_BLOCK_BYTES) { /* one giant string must not stay for ever */
        arena_release(a);
        return;
    }
    free_blocks(a->first->next);
    a->first->next = NULL;
    a->last = a->first;
    a->used = 0;
}

void arena_release(struct arena *a)
{
    free_blocks(a->first);
    *a = (struct arena){0};
}

void *array_room(void *items, size_t count, size_t *room, size_t item_size)
{
    if (items && count < *room)
        return items;
    *room = *room ? *room * 2 : 32;
    return xrealloc(items, *room * item_size);
}
