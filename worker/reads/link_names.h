/* The keys by which links name a page. Pure; see worker/sync's link_key for what a key is. */
#ifndef LATTICE_WORKER_READS_LINK_NAMES_H
#define LATTICE_WORKER_READS_LINK_NAMES_H

#include <stdbool.h>
#include <stddef.h>

enum { LINK_NAMES_MAX = 4 };

struct link_names {
    char *names[LINK_NAMES_MAX]; /* owned */
    size_t count;
};

/* Keys that mean the page at `path`: docs/a.md is docs/a.md, docs/a; by name also a. README and
 * index stand for their folder, too. */
void link_names_of_page(struct link_names *names, const char *path, bool wiki);
/* Paths that `key` may mean, the likeliest first: key, key.md, key/README.md, key/index.md. */
void link_names_of_key(struct link_names *names, const char *key);
void link_names_release(struct link_names *names);

/* The last part of a path without its extension; *size: its bytes. Borrowed from `path`. */
const char *link_base(const char *path, size_t *size);

#endif
