/* What must never be stored: <private> blocks and the like are removed from a text. */
#ifndef LATTICE_COMMON_PRIVATE_H
#define LATTICE_COMMON_PRIVATE_H

#include <stddef.h>

/* Removes <private>...</private> (any case, nested counted; an unclosed one goes to the end), in
 * place. The tags may have spaces and attributes. Again on what is left: nothing to remove. Returns
 * the new size. For every kind of source. */
size_t private_strip(char *text, size_t size);
/* The same of <NAME>...</NAME>; `name` is in small letters. */
size_t block_strip(char *text, size_t size, const char *name);
/* What an agent's session says: neither private blocks nor its program's <system-reminder>. Again
 * on what is left: nothing to remove. Returns the new size. */
size_t session_strip(char *text, size_t size);

#endif
