/* The statements of a plan, shared by its two files. */
#ifndef LATTICE_WORKER_SYNC_STORE_PLAN_SQL_H
#define LATTICE_WORKER_SYNC_STORE_PLAN_SQL_H

#include "worker/sync/store_internal.h"
#include "worker/sync/store_plan.h"

enum plan_sql {
    PLAN_SQL_ADD,
    PLAN_SQL_PACK,
    PLAN_SQL_READ_PACKS,
    PLAN_SQL_ALL_PAGES,
    PLAN_SQL_ALL_ERRORS,
    PLAN_SQL_ONE_PAGE,
    PLAN_SQL_ONE_ERROR,
    PLAN_SQL_READ,
    PLAN_SQL_QUARANTINED,
    PLAN_SQL_COUNT_OPS,
    PLAN_SQL_PAIRS,
    PLAN_SQL_TO_RENAME,
    PLAN_SQL_TO_CHANGE,
    PLAN_SQL_DROP,
    PLAN_SQL_HAS_LINKS,
    PLAN_SQL_COUNT
};

/* Writes a row. */
CHECKED bool plan_row(struct store *store, enum plan_op op, const struct plan_item *item,
                      struct error *e);
/* Writes an import, or keeps it until there are enough for a row. */
CHECKED bool plan_pack(struct store *store, const struct plan_item *item, struct error *e);
/* Writes what was kept. */
CHECKED bool plan_pack_flush(struct store *store, struct error *e);
/* Gives each import a row of its own, for statements that look into the plan. */
CHECKED bool plan_unpack(struct store *store, struct error *e);

extern const char *const plan_schema;
extern const char *const plan_sql[PLAN_SQL_COUNT];

#endif
