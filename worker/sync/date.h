/* Dates as feeds and logs write them, into UTC; pure. */
#ifndef LATTICE_WORKER_SYNC_DATE_H
#define LATTICE_WORKER_SYNC_DATE_H

#include <stdbool.h>
#include <stdint.h>

/* Reads a date of RFC 3339 (Atom, JSON Feed, agents' logs; the time and its zone may be missing:
 * midnight, UTC) or of RFC 822 with the years of RFC 2822 (RSS; the zones that RFC 822 names,
 * others are UTC). Years 1 to 9999. False: it is neither. */
bool date_read(const char *text, int64_t *unix_s);

enum { DATE_SIZE = sizeof "2026-11-28T19:09:14Z" };
/* Writes it as RFC 3339 in UTC; "" for a year that is not of four digits. */
void date_write(int64_t unix_s, char out[DATE_SIZE]);

#endif
