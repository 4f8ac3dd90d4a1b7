/* ULIDs: 48 bits of time and 80 random ones in 26 letters that sort by time. */
#ifndef LATTICE_COMMON_ULID_H
#define LATTICE_COMMON_ULID_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* github.com/ulid/spec: Crockford's base 32, in capitals. */
enum { ULID_SIZE = 27 };

/* Greater than any that this process made before, whichever thread asks and wherever the clock
 * went. */
void ulid_make(char out[ULID_SIZE]);
bool ulid_valid(const char *text, size_t size);
/* Unix milliseconds at which a valid one was made. */
int64_t ulid_ms(const char *ulid);

#endif
