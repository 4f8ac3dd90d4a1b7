/* Is a store's file sound? And which SQLite looks at it. */
#ifndef LATTICE_COMMON_STORE_CHECK_H
#define LATTICE_COMMON_STORE_CHECK_H

#include <stdint.h>

#include "common/home.h"

enum check_answer {
    CHECK_SOUND,
    CHECK_NONE,    /* there is no store */
    CHECK_DAMAGED, /* `e` says what is wrong */
    CHECK_LATE,    /* not done within the limit */
    CHECK_FAILED,  /* it could not be asked; `e` says why */
};

/* `PRAGMA quick_check`, read-only, for at most `limit_ms`. */
enum check_answer store_quick_check(const struct home *home, const char *id, int64_t limit_ms,
                                    struct error *e);

/* "3.40.1", of the library that is loaded; and as 3040001. */
const char *store_sqlite_version(void);
int store_sqlite_number(void);

#endif
