/* Variable-length integers, as SQLite and FTS5 write them. */
#ifndef LATTICE_COMMON_VARINT_H
#define LATTICE_COMMON_VARINT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What is read from. Borrowed. */
struct bytes {
    const unsigned char *data;
    size_t size;
    size_t at;
    bool bad; /* something was looked for behind the end */
};

/* The one at `at`, which moves behind it; 0 if it does not end. 7 bits a byte, the highest first,
 * and a ninth byte whole: https://www.sqlite.org/fileformat2.html#varint */
uint64_t varint_read(struct bytes *b);

#endif
