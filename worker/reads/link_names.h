/* The keys by which links name a page. Pure; see worker/sync's link_key for what a key is. */
#ifndef LATTICE_WORKER_READS_LINK_NAMES_H
#define LATTICE_WORKER_READS_LINK_NAMES_H

#include <stdbool.h>
#include <stddef.h>

#include "common/text.h"

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
/* Does a page of that name stand for its folder? */
bool link_is_front(const char *base, size_t size);

/* Appends `name` as it is compared where case makes no difference: Unicode's case folding, accents
 * composed, no slashes at the end. Slashes and dots stay what they are. */
void link_fold(const char *name, struct buf *out);
/* What names may begin with that are compared as the same as `name`, a character each. Not all:
 * Unicode has letters that fold into those of another script (the Kelvin sign into k). */
enum { LINK_STARTS_MAX = 24 };
struct link_starts {
    char starts[LINK_STARTS_MAX][5];
    size_t count;
};
void link_starts_add(struct link_starts *starts, const char *name);

#endif
