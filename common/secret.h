/* What looks like a key, a token or a password in a text, before it is stored. */
#ifndef LATTICE_COMMON_SECRET_H
#define LATTICE_COMMON_SECRET_H

#include <stddef.h>

/* Puts `***` in place of each, in the same memory; what tells its kind (`ghp_`, `password=`) stays.
 * Returns the new size, never a larger one. Names such as git's and UUIDs are none. Pure; linear in
 * `size`. A key that was cut in its middle may be too short to be known: mask, then cut. */
size_t secret_mask(char *text, size_t size);

#endif
