/* Sixteen bytes at a time. */
#ifndef LATTICE_COMMON_LANES_H
#define LATTICE_COMMON_LANES_H

#include <endian.h>
#include <stdint.h>
#include <string.h>
#ifdef __SSE2__
#include <emmintrin.h>
#endif

enum { LANES = 16 };

/* GNU C's vectors: one instruction where the machine has one, a loop elsewhere. A comparison gives
 * 0xFF or 0 in each lane. */
typedef uint8_t lanes __attribute__((vector_size(LANES)));

static inline lanes lanes_load(const char *p)
{
    lanes x;
    memcpy(&x, p, sizeof x);
    return x;
}

/* A bit for each lane of a comparison, the first one lowest. */
static inline uint64_t lanes_bits(lanes comparison)
{
#ifdef __SSE2__
    return (unsigned)_mm_movemask_epi8((__m128i)comparison);
#else
    uint64_t halves[2];
    uint64_t bits = 0;
    memcpy(halves, &comparison, sizeof halves);
    for (int i = 0; i < 2; i++) {
        /* The factor moves the lowest bit of byte n to bit 56 + n. */
        uint64_t lowest = le64toh(halves[i]) & UINT64_C(0x0101010101010101);
        bits |= (lowest * UINT64_C(0x0102040810204080) >> 56) << (8 * i);
    }
    return bits;
#endif
}

#endif
