/* Does a key, a token or a password begin at this place of a text? */
#ifndef LATTICE_COMMON_SECRET_FIND_H
#define LATTICE_COMMON_SECRET_FIND_H

#include <stdbool.h>
#include <stddef.h>

/* What stands in its place. */
enum { SECRET_MARK_BYTES = sizeof "***" - 1 };

/* So many bytes stay, so many go: none, or at least as many as the mark has. */
struct secret_found {
    size_t stays;
    size_t goes;
};

/* At the first byte of `text`; `size` is not 0. `before` is what is in front of it, masked. Only a
 * `:`, a `=`, a `-`, or two bytes that secret.c knows begin something. Pure. */
struct secret_found secret_find(const char *before, size_t before_size, const char *text,
                                size_t size);
/* Does a text end with a name whose value is a secret, perhaps in quotes and with blanks behind it?
 */
bool secret_named(const char *text, size_t size);

#endif
