/* The rows of a plan: written, and read back in blocks. */

/* Imports, of which a first sync has as many as there are pages, are packed many to a row: with a
 * row each, writing and reading them took two thirds of planning. */
#include <stdlib.h>
#include <string.h>

#include "common/text.h"
#include "worker/sync/store_plan_sql.h"

enum { PACK_ITEMS = 64 };

bool plan_row(struct store *store, enum plan_op op, const struct plan_item *item, struct error *e)
{
    sqlite3_stmt *s = store->plan.s[PLAN_SQL_ADD];
    bind_int(s, 1, op);
    bind_blob(s, 2, item->path, item->path_size);
    bind_text(s, 3, item->blob);
    bind_int(s, 4, item->page);
    return db_run(s, NULL, e);
}

/* Page and size of the path, then path and blob, each with a NUL behind it. */
bool plan_pack(struct store *store, const struct plan_item *item, struct error *e)
{
    struct plan_state *s = &store->plan_state;
    const int64_t numbers[] = {item->page, (int64_t)item->path_size};
    buf_add(&s->pack, numbers, sizeof numbers);
    buf_add(&s->pack, item->path, item->path_size);
    buf_add_byte(&s->pack, '\0');
    buf_add_text(&s->pack, item->blob);
    buf_add_byte(&s->pack, '\0');
    return ++s->packed < PACK_ITEMS || plan_pack_flush(store, e);
}

/* The item at `at`, which it points into; where the next one is. */
static const char *packed_item(const char *at, struct plan_item *item)
{
    int64_t numbers[2];
    memcpy(numbers, at, sizeof numbers);
    item->page = numbers[0];
    item->path_size = (size_t)numbers[1];
    item->path = at + sizeof numbers;
    item->blob = item->path + item->path_size + 1;
    return item->blob + strlen(item->blob) + 1;
}

bool plan_pack_flush(struct store *store, struct error *e)
{
    struct plan_state *s = &store->plan_state;
    if (s->packed == 0)
        return true;
    bind_blob(store->plan.s[PLAN_SQL_PACK], 1, s->pack.data, s->pack.size);
    bool ok = db_run(store->plan.s[PLAN_SQL_PACK], NULL, e);
    buf_reset(&s->pack);
    s->packed = 0;
    return ok;
}

bool plan_unpack(struct store *store, struct error *e)
{
    sqlite3_stmt *s = store->plan.s[PLAN_SQL_READ_PACKS];
    enum db_row row = DB_DONE;
    bool ok = true;
    bind_int(s, 1, 0);
    while (ok && (row = db_step(s, e)) == DB_ROW) {
        const char *at = sqlite3_column_blob(s, 1);
        const char *end = at + sqlite3_column_bytes(s, 1);
        struct plan_item item;
        while (ok && at < end) {
            at = packed_item(at, &item);
            ok = plan_row(store, PLAN_IMPORT, &item, e);
        }
    }
    db_reset(s);
    store->plan_state.unpacked = true;
    return ok && row == DB_DONE;
}

/* Path and blob go into the block's memory, and point there once that stands still. */
static void block_add(struct plan_block *block, const struct plan_item *item)
{
    block->items[block->count++] = *item;
    buf_add(&block->memory, item->path, item->path_size);
    buf_add_byte(&block->memory, '\0');
    buf_add_text(&block->memory, item->blob);
    buf_add_byte(&block->memory, '\0');
}

static void block_end(struct plan_block *block)
{
    const char *at = block->memory.data;
    for (size_t i = 0; i < block->count; i++) {
        block->items[i].path = at;
        at += block->items[i].path_size + 1;
        block->items[i].blob = at;
        at += strlen(at) + 1;
    }
}

static bool read_rows(struct store *store, enum plan_op op, int64_t after, struct plan_block *block,
                      struct error *e)
{
    sqlite3_stmt *s = store->plan.s[PLAN_SQL_READ];
    bind_int(s, 1, op);
    bind_int(s, 2, after);
    bind_int(s, 3, (int64_t)block->limit);
    enum db_row row;
    while ((row = db_step(s, e)) == DB_ROW)
        block_add(block, &(struct plan_item){.seq = column_int(s, 0),
                                             .path = sqlite3_column_blob(s, 1),
                                             .path_size = (size_t)sqlite3_column_bytes(s, 1),
                                             .blob = column_text(s, 2),
                                             .page = column_int(s, 3),
                                             .moved = column_int(s, 4) != 0});
    return row == DB_DONE;
}

/* The n-th item of a row counts as the n-th behind PACK_ITEMS times the row's own number. */
static bool read_packs(struct store *store, int64_t after, struct plan_block *block,
                       struct error *e)
{
    sqlite3_stmt *s = store->plan.s[PLAN_SQL_READ_PACKS];
    enum db_row row = DB_DONE;
    bind_int(s, 1, after / PACK_ITEMS);
    while (block->count < block->limit && (row = db_step(s, e)) == DB_ROW) {
        struct plan_item item = {.seq = column_int(s, 0) * PACK_ITEMS};
        const char *at = sqlite3_column_blob(s, 1);
        const char *end = at + sqlite3_column_bytes(s, 1);
        for (; at < end && block->count < block->limit; item.seq++) {
            at = packed_item(at, &item);
            if (item.seq > after)
                block_add(block, &item);
        }
    }
    db_reset(s);
    return row != DB_ERROR;
}

bool plan_read(struct store *store, enum plan_op op, int64_t after, struct plan_block *block,
               struct error *e)
{
    block->count = 0;
    buf_reset(&block->memory);
    if (block->room < block->limit) {
        block->items = xrealloc(block->items, block->limit * sizeof *block->items);
        block->room = block->limit;
    }
    bool packed = op == PLAN_IMPORT && !store->plan_state.unpacked;
    if (!(packed ? read_packs(store, after, block, e) : read_rows(store, op, after, block, e)))
        return false;
    block_end(block);
    return true;
}

void plan_block_release(struct plan_block *block)
{
    free(block->items);
    buf_release(&block->memory);
    *block = (struct plan_block){0};
}
