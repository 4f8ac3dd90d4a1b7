/* Time: deadlines run on the monotonic clock, records carry Unix seconds; tests set both. */
#ifndef LATTICE_COMMON_CLOCK_H
#define LATTICE_COMMON_CLOCK_H

#include <stdbool.h>
#include <stdint.h>

int64_t clock_monotonic_ms(void);
int64_t clock_unix_s(void);
int64_t clock_unix_ms(void);
int64_t clock_unix_ns(void);

/* Asked again and again by what may take long: once true, it has to end. */
struct clock_limit {
    bool (*over)(const void *owner);
    const void *owner; /* borrowed */
};

/* From here on both clocks stand at these values until set again; for tests only. */
void clock_fake(int64_t monotonic_ms, int64_t unix_ms);
void clock_real(void);

#endif
