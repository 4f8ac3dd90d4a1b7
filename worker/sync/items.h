/* Many pages out of few answers: what a source sent, kept aside in a file until the plan asks. */
/* For kinds that cannot ask for one page at a time. In memory are path, hash and place of each item
 * alone; the bytes are in an unlinked file in the source's folder. */
#ifndef LATTICE_WORKER_SYNC_ITEMS_H
#define LATTICE_WORKER_SYNC_ITEMS_H

#include "common/home.h"
#include "worker/sync/kind.h"

/* Items of one source; each takes about a hundred bytes of memory. */
enum { ITEMS_MAX = 500 * 1000 };
/* A hash in hexadecimal, with its NUL. */
enum { ITEMS_HASH_SIZE = 33 };

struct item; /* private */

/* All-zero is empty. */
struct items {
    struct item *list; /* owned */
    size_t count;
    size_t room;
    struct buf paths;   /* owned; NUL-terminated, one behind the other */
    struct buf unsaved; /* owned; the end of what was added, not in the file yet */
    int64_t saved;      /* bytes in the file */
    int file;           /* owned, once `opened` */
    bool opened;
    size_t *asked; /* owned; indexes of the items that were requested and not read yet */
    size_t asked_count;
    size_t asked_room;
    size_t asked_at;
    struct buf bytes; /* owned; of the item read last */
};

/* Makes the file. CAUSE_STORE. */
CHECKED bool items_open(struct items *items, const struct home *home, const char *id,
                        struct error *e);
void items_release(struct items *items);

/* The hash of some bytes. Not of use against somebody who wants two texts to be taken for one. */
void items_hash(const char *bytes, size_t size, char hash[ITEMS_HASH_SIZE]);
/* Keeps `bytes` for `path` (UTF-8, relative, no NUL). `hash` says if it changed: of the bytes, or
 * of what the kind will make of them. CAUSE_BAD_DATA if there are too many. */
CHECKED bool items_add(struct items *items, const char *path, const struct buf *bytes,
                       const char *hash, struct error *e);
/* Nothing follows: sorts. Of two items with one path the first counts; returns how many did not. */
size_t items_finish(struct items *items);
/* A hash of all of them: the source's head. */
void items_head(const struct items *items, char head[ITEMS_HASH_SIZE]);

/* What a kind's `list` and `request` do. */
enum step items_list(const struct items *items, struct listing *to, struct error *e);
CHECKED bool items_request(struct items *items, const struct plan_block *block, struct error *e);
/* The bytes of the next item asked for, in items->bytes. CAUSE_STORE. */
CHECKED bool items_read(struct items *items, struct error *e);

#endif
