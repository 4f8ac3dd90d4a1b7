/* Durations as people write them: `[1-9][0-9]*` with optional ms s m h d; bare means seconds. */
#ifndef LATTICE_COMMON_DURATION_H
#define LATTICE_COMMON_DURATION_H

#include <stdint.h>

#include "common/error.h"

/* Longest duration taken; keeps every sum of a few of them far from overflow. */
#define DURATION_MAX_MS (INT64_C(3650) * 24 * 3600 * 1000)

/* `where` is the flag's or key's name, for the message:
 * `--timeout: "10 minuts": expected a duration such as 90s, 10m, 1h`. CAUSE_USAGE. */
CHECKED bool duration_parse(const char *text, const char *where, int64_t *ms, struct error *e);

enum { DURATION_TEXT_SIZE = 24 };
/* "85ms", "2.1s", "3m12s", "3h12m", "2d4h": at most two units, rounded down; for tables. */
void duration_format(int64_t ms, char out[DURATION_TEXT_SIZE]);
/* "10m", "90s", "1500ms": exact, as duration_parse reads it back; for limits. */
void duration_format_exact(int64_t ms, char out[DURATION_TEXT_SIZE]);

#endif
