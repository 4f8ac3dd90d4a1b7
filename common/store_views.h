/* Views over sessions: what each is called, what it is made of, what its columns mean. */
/* The worker makes their rows, one store each; readers put those of several stores together. */
#ifndef LATTICE_COMMON_STORE_VIEWS_H
#define LATTICE_COMMON_STORE_VIEWS_H

#include <stddef.h>

/* Goes up whenever the same sessions would give other rows: every view is then made again. */
enum { VIEWS_VERSION = 1 };

enum view_role {
    VIEW_KEY, /* rows of several stores with the same keys become one */
    VIEW_SUM,
    VIEW_MAX,
};

enum view_type { VIEW_TEXT, VIEW_NUMBER, VIEW_WHEN, VIEW_DURATION }; /* Unix seconds; ms */

struct view_column {
    const char *name;
    enum view_role role;
    enum view_type type;
};

enum { VIEW_COLUMNS_MAX = 10 };

struct view {
    const char *name;
    const char *about;
    /* A query whose columns are these, in its order; the best rows first. At most VIEW_ROWS_MAX of
     * them are kept. */
    const char *sql;
    size_t order; /* the column by which rows of several stores are ordered, the largest first */
    struct view_column columns[VIEW_COLUMNS_MAX];
    size_t column_count;
};

/* Days of a decade with some projects each: bounds what a reader has to hold. */
enum { VIEW_ROWS_MAX = 20000 };

extern const struct view store_views[];
extern const size_t store_view_count;
/* NULL if there is none. */
const struct view *store_view_find(const char *name);

#endif
