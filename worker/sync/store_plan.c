/* The plan of a run: merge-join or changes into a temporary table. */
#include "worker/sync/store_plan.h"

#include <string.h>

#include "common/text.h"
#include "worker/sync/store_internal.h"
#include "worker/sync/store_plan_sql.h"

/* A row of the store beside an entry of the listing. */
struct known {
    bool page;
    bool error;
    int64_t id;
    bool current; /* blob and epoch, and for an error row its shape, are what the rules ask for */
};

static struct plan_state *state(struct store *store)
{
    return &store->plan_state;
}

static sqlite3_stmt *statement(struct store *store, enum plan_sql which)
{
    return store->plan.s[which];
}

bool plan_begin(struct store *store, const struct plan_rules *rules, struct error *e)
{
    plan_end(store);
    *state(store) = (struct plan_state){.rules = *rules};
    if (!db_exec(store->db, plan_schema, e) ||
        !store_prepare(store, &store->plan, plan_sql, PLAN_SQL_COUNT, e))
        return false;
    /* Row by row, each would be a transaction of the temporary database: a third of planning. It
     * only reads the store, so it keeps nobody waiting. */
    state(store)->open = store->in_transaction || db_exec(store->db, "BEGIN", e);
    return state(store)->open;
}

void plan_end(struct store *store)
{
    plan_join_cancel(store);
    buf_release(&state(store)->pack);
    state(store)->packed = 0;
    if (state(store)->open && !store->in_transaction)
        sqlite3_exec(store->db, "COMMIT", NULL, NULL, NULL);
    state(store)->open = false;
}

static void count(struct plan_counts *counts, enum plan_op op, const struct plan_item *item)
{
    switch (op) {
    case PLAN_RENAME:
        counts->renames++;
        break;
    case PLAN_IMPORT:
        ++*(item->page ? &counts->changes : &counts->adds);
        break;
    case PLAN_DELETE:
        counts->deletes++;
        break;
    case PLAN_FORGET:
        counts->forgets++;
        break;
    }
}

static bool add(struct store *store, enum plan_op op, const struct plan_item *item, struct error *e)
{
    count(&state(store)->counts, op, item);
    return op == PLAN_IMPORT ? plan_pack(store, item, e) : plan_row(store, op, item, e);
}

bool plan_quarantined(const struct plan_rules *rules, const char *path, const char *blob)
{
    for (size_t i = 0; i < rules->quarantine_count; i++)
        if (strcmp(rules->quarantine[i].path, path) == 0 &&
            strcmp(rules->quarantine[i].blob, blob) == 0)
            return true;
    return false;
}

/* Is the page row at the cursor (id, path, blob, epoch, size) what `blob` would give? */
static bool page_current(struct store *store, sqlite3_stmt *row, const char *blob)
{
    const struct plan_rules *rules = &state(store)->rules;
    return strcmp(column_text(row, 2), blob) == 0 && column_int(row, 3) == rules->epoch &&
           column_int(row, 4) <= rules->max_page_bytes &&
           !plan_quarantined(rules, column_text(row, 1), blob);
}

/* The same for an error row (path, blob, epoch, shape, reason): trying again would say the same. */
static bool error_current(struct store *store, sqlite3_stmt *row, const char *blob)
{
    const struct plan_rules *rules = &state(store)->rules;
    if (strcmp(column_text(row, 1), blob) != 0 || column_int(row, 2) != rules->epoch ||
        strcmp(column_text(row, 3), rules->shape) != 0)
        return false;
    return strcmp(column_text(row, 4), "quarantined") != 0 ||
           plan_quarantined(rules, column_text(row, 0), blob);
}

static bool plan_entry(struct store *store, const struct known *known, const struct plan_item *item,
                       struct error *e)
{
    if ((known->page || known->error) && known->current)
        return true;
    struct plan_item planned = *item;
    planned.page = known->page ? known->id : 0;
    return add(store, PLAN_IMPORT, &planned, e);
}

static int compare(const void *a, size_t a_size, const void *b, size_t b_size)
{
    size_t least = a_size < b_size ? a_size : b_size;
    int order = least ? memcmp(a, b, least) : 0;
    return order ? order : (a_size > b_size) - (a_size < b_size);
}

/* One side of the join: a cursor and whether it stands on a row. */
static bool advance(struct store *store, enum plan_sql which, bool *on_row, struct error *e)
{
    enum db_row answer = db_step(statement(store, which), e);
    *on_row = answer == DB_ROW;
    return answer != DB_ERROR;
}

bool plan_join_begin(struct store *store, struct error *e)
{
    struct plan_state *s = state(store);
    s->joining = true;
    return advance(store, PLAN_SQL_ALL_PAGES, &s->on_page, e) &&
           advance(store, PLAN_SQL_ALL_ERRORS, &s->on_error, e);
}

static const void *cursor_path(struct store *store, enum plan_sql which, size_t *size)
{
    int at = which == PLAN_SQL_ALL_PAGES ? 1 : 0;
    sqlite3_stmt *s = statement(store, which);
    const void *path = sqlite3_column_blob(s, at);
    *size = (size_t)sqlite3_column_bytes(s, at);
    return path;
}

/* The row at a cursor has no entry in the listing: it goes. */
static bool plan_gone(struct store *store, enum plan_sql which, struct error *e)
{
    struct plan_item item = {.blob = ""};
    item.path = cursor_path(store, which, &item.path_size);
    if (which == PLAN_SQL_ALL_ERRORS)
        return add(store, PLAN_FORGET, &item, e);
    item.page = column_int(statement(store, which), 0);
    item.blob = column_text(statement(store, which), 2);
    return add(store, PLAN_DELETE, &item, e);
}

/* Brings one cursor up to `path`: rows before it go; *here says if it then stands on it. */
static bool catch_up(struct store *store, enum plan_sql which, const struct plan_item *to,
                     bool *here, struct error *e)
{
    struct plan_state *s = state(store);
    bool *on_row = which == PLAN_SQL_ALL_PAGES ? &s->on_page : &s->on_error;
    *here = false;
    while (*on_row) {
        size_t size;
        const void *path = cursor_path(store, which, &size);
        int order = to ? compare(path, size, to->path, to->path_size) : -1;
        if (order > 0)
            return true;
        if (order == 0) {
            *here = true;
            return true;
        }
        if (!plan_gone(store, which, e) || !advance(store, which, on_row, e))
            return false;
    }
    return true;
}

static bool check_order(struct store *store, const struct plan_item *item, struct error *e)
{
    struct buf *last = &state(store)->last_path;
    if (last->data && compare(item->path, item->path_size, last->data, last->size) <= 0)
        return error_set(e, CAUSE_BAD_DATA, "the listing is not in order at \"%.200s\"",
                         item->path);
    buf_reset(last);
    buf_add(last, item->path, item->path_size);
    return true;
}

bool plan_join_entry(struct store *store, const char *path, size_t path_size, const char *blob,
                     struct error *e)
{
    struct plan_state *s = state(store);
    struct plan_item item = {.path = path, .path_size = path_size, .blob = blob};
    struct known known = {0};
    if (!check_order(store, &item, e) ||
        !catch_up(store, PLAN_SQL_ALL_PAGES, &item, &known.page, e) ||
        !catch_up(store, PLAN_SQL_ALL_ERRORS, &item, &known.error, e))
        return false;
    sqlite3_stmt *page = statement(store, PLAN_SQL_ALL_PAGES);
    if (known.page) {
        known.id = column_int(page, 0);
        known.current = page_current(store, page, blob);
    } else if (known.error)
        known.current = error_current(store, statement(store, PLAN_SQL_ALL_ERRORS), blob);
    return plan_entry(store, &known, &item, e) &&
           (!known.page || advance(store, PLAN_SQL_ALL_PAGES, &s->on_page, e)) &&
           (!known.error || advance(store, PLAN_SQL_ALL_ERRORS, &s->on_error, e));
}

bool plan_join_end(struct store *store, struct error *e)
{
    bool here;
    bool ok = catch_up(store, PLAN_SQL_ALL_PAGES, NULL, &here, e) &&
              catch_up(store, PLAN_SQL_ALL_ERRORS, NULL, &here, e);
    plan_join_cancel(store);
    return ok;
}

void plan_join_cancel(struct store *store)
{
    struct plan_state *s = state(store);
    if (s->joining) {
        db_reset(statement(store, PLAN_SQL_ALL_PAGES));
        db_reset(statement(store, PLAN_SQL_ALL_ERRORS));
    }
    s->joining = false;
    buf_release(&s->last_path);
}

bool plan_change(struct store *store, const char *path, size_t path_size, const char *blob,
                 struct error *e)
{
    struct plan_item item = {.path = path, .path_size = path_size, .blob = blob};
    struct known known = {0};
    sqlite3_stmt *page = statement(store, PLAN_SQL_ONE_PAGE);
    sqlite3_stmt *error = statement(store, PLAN_SQL_ONE_ERROR);
    bind_text_size(page, 1, path, path_size);
    bind_blob(error, 1, path, path_size);
    bool ok = db_first(page, &known.page, e) && db_first(error, &known.error, e);
    if (ok && known.page) {
        known.id = column_int(page, 0);
        known.current = blob && page_current(store, page, blob);
        item.page = known.id;
    } else if (ok && known.error)
        known.current = blob && error_current(store, error, blob);
    if (ok && blob)
        ok = plan_entry(store, &known, &item, e);
    else if (ok && known.page) {
        item.blob = column_text(page, 2);
        ok = add(store, PLAN_DELETE, &item, e);
    } else if (ok && known.error)
        ok = add(store, PLAN_FORGET,
                 &(struct plan_item){.path = path, .path_size = path_size, .blob = ""}, e);
    db_reset(page);
    db_reset(error);
    return ok;
}

static bool left_out(struct store *store, const struct plan_rules *rules,
                     struct quarantine_view *view, struct error *e)
{
    sqlite3_stmt *s = statement(store, PLAN_SQL_QUARANTINED);
    enum db_row row;
    while ((row = db_step(s, e)) == DB_ROW)
        if (plan_quarantined(rules, column_text(s, 0), column_text(s, 1)))
            view->held++;
        else
            view->moved = true;
    return row == DB_DONE;
}

/* Pages that the list names with the blob they have. */
static bool still_in(struct store *store, const struct plan_rules *rules,
                     struct quarantine_view *view, struct error *e)
{
    sqlite3_stmt *s = statement(store, PLAN_SQL_ONE_PAGE);
    bool ok = true;
    for (size_t i = 0; ok && i < rules->quarantine_count && !view->moved; i++) {
        bool row = false;
        bind_text(s, 1, rules->quarantine[i].path);
        ok = db_first(s, &row, e);
        view->moved = row && strcmp(column_text(s, 2), rules->quarantine[i].blob) == 0;
        db_reset(s);
    }
    return ok;
}

bool plan_quarantine_view(struct store *store, const struct plan_rules *rules,
                          struct quarantine_view *view, struct error *e)
{
    *view = (struct quarantine_view){0};
    bool ok = plan_begin(store, rules, e) && left_out(store, rules, view, e) &&
              still_in(store, rules, view, e);
    plan_end(store);
    return ok;
}
