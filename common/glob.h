/* gitignore-style patterns over relative paths, compiled once, matched in bounded time. */
#ifndef LATTICE_COMMON_GLOB_H
#define LATTICE_COMMON_GLOB_H

#include <stddef.h>
#include <stdint.h>

#include "common/error.h"

/* What gitignore(5) of git 2.39 documents: `*` and `?` and `[...]` never match '/', a leading `**`
 * and '/', a trailing '/' and `**` and a `**` between slashes match any number of folders; other
 * `**` mean `*`; a pattern without a slash (but for a trailing one) matches at any depth, one with
 * a slash is anchored at the root; a trailing '/' matches folders only; a pattern that matches a
 * folder matches all below it; `\` takes the next byte literally. Like git, it compares bytes:
 * a letter outside ASCII is several `?`.
 * Refused, because git would let them silently match nothing: an empty pattern, an open `[`, an
 * unknown [:class:], a `\` at the end, empty parts, `.` and `..`. `!` in front is refused too:
 * include and exclude say the same; `\!` is a name that starts with it.
 * Lines are not a file: '#' in front and spaces at the end are ordinary bytes. */
struct glob_set;

/* All patterns of one set together may have about this many bytes: bounds table and time. */
enum { GLOB_SET_MAX = 64 * 1024 };

/* The reason why a pattern is refused, or NULL. Static. */
const char *glob_refusal(const char *pattern);

/* Caller frees with glob_set_free. `where` is the key's place, for the message
 * `where[INDEX]: "PATTERN": REASON` (CAUSE_CONFIG). */
CHECKED struct glob_set *glob_set_new(const char *const *patterns, size_t count, const char *where,
                                      struct error *e);
void glob_set_free(struct glob_set *set);
/* `path` is relative, without a leading '/', any bytes but NUL. Time is at most
 * O(length of path x length of patterns); it allocates nothing. An empty set matches nothing. */
bool glob_set_match(const struct glob_set *set, const char *path);

/* For many paths that come folder by folder, as a listing has them: goes on behind the folder that
 * a path has in common with the one before. All zero but for the set. */
struct glob_walk {
    const struct glob_set *set; /* borrowed */
    uint64_t state;             /* of the set, behind the folder */
    size_t folder_size;         /* with the '/'; 0: none */
    char folder[512];           /* a longer one is read again for each path */
};
/* As glob_set_match. */
bool glob_walk_match(struct glob_walk *walk, const char *path);
/* Does a pattern match `path` itself, whatever matches the folders above it? For the rules of a
 * .gitignore, of which the last one that matches counts. */
bool glob_set_match_only(const struct glob_set *set, const char *path, bool is_folder);

#endif
