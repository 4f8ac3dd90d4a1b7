/* gitignore-style patterns over relative paths, compiled once, matched in bounded time. */
#ifndef LATTICE_COMMON_GLOB_H
#define LATTICE_COMMON_GLOB_H

#include <stddef.h>

#include "common/error.h"

/* What gitignore(5) means: `*` and `?` and `[...]` never match '/', a leading `**` and '/', a
 * trailing '/' and `**` and a `**` between slashes match any number of folders; a pattern without
 * a slash (but for a trailing one) matches at any depth, one with a slash is anchored at the root;
 * a trailing '/' matches folders only; a pattern that matches a folder matches all below it.
 * `!` is refused: include and exclude say the same. */
struct glob_set;

/* Caller frees with glob_set_free. `where` is the key's place, for the message (CAUSE_CONFIG). */
CHECKED struct glob_set *glob_set_new(const char *const *patterns, size_t count, const char *where,
                                      struct error *e);
void glob_set_free(struct glob_set *set);
/* `path` is relative, without a leading '/', any bytes but NUL. Time is at most
 * O(length of path x length of patterns). An empty set matches nothing. */
bool glob_set_match(const struct glob_set *set, const char *path);

#endif
