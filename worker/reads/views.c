/* Views over sessions of all sources that have some, put together. */
#include "worker/reads/views.h"

#include <stdlib.h>
#include <string.h>

#include "common/cleanup.h"
#include "common/store_views.h"
#include "common/text.h"
#include "worker/reads/answer.h"
#include "worker/reads/request.h"
#include "worker/reads/store_view_rows.h"

struct gathering {
    const struct view *view; /* NULL: the list of all */
    const char *source;      /* the one that is read */
    json_t *list;            /* of views */
    json_t *rows;            /* by their keys */
    json_t *rebuilt;         /* a list */
    bool merged;             /* rows with the same keys become one */
    bool there;
};

static json_t *column_names(const struct view *view)
{
    json_t *names = json_array();
    for (size_t i = 0; i < view->column_count; i++)
        json_array_append_new(names, json_string(view->columns[i].name));
    return names;
}

static json_t *listed(json_t *list, const struct view *view)
{
    size_t i;
    json_t *entry;
    json_array_foreach (list, i, entry)
        if (strcmp(json_string_value(json_object_get(entry, "name")), view->name) == 0)
            return entry;
    entry = json_pack("{s:s, s:s, s:o, s:i, s:n}", "name", view->name, "about", view->about,
                      "columns", column_names(view), "rows", 0, "rebuilt_at");
    json_array_append_new(list, entry);
    return entry;
}

static void on_listed(void *owner, const struct view_state *state)
{
    struct gathering *g = owner;
    const struct view *view = store_view_find(state->name);
    if (!view)
        return; /* of a version that had others */
    json_t *entry = listed(g->list, view);
    json_int_t rows = json_integer_value(json_object_get(entry, "rows"));
    json_int_t at = json_integer_value(json_object_get(entry, "rebuilt_at"));
    json_object_set_new(entry, "rows", json_integer(rows + state->rows));
    json_object_set_new(entry, "rebuilt_at",
                        json_integer(at && at < state->rebuilt_at ? at : state->rebuilt_at));
}

static void on_state(void *owner, const struct view_state *state)
{
    struct gathering *g = owner;
    if (strcmp(state->name, g->view->name) != 0)
        return;
    g->there = true;
    json_array_append_new(g->rebuilt, json_pack("{s:s, s:I, s:I}", "source", g->source,
                                                "rebuilt_at", (json_int_t)state->rebuilt_at, "rows",
                                                (json_int_t)state->rows));
}

static void add_value(json_t *row, const struct view_column *column, const json_t *value)
{
    const json_t *old = json_object_get(row, column->name);
    json_int_t a = json_integer_value(old);
    json_int_t b = json_integer_value(value);
    if (column->role == VIEW_KEY || !old || !json_is_integer(old))
        json_object_set(row, column->name, value ? (json_t *)value : json_null());
    else if (column->role == VIEW_SUM)
        json_object_set_new(row, column->name, json_integer(a + b));
    else if (b > a)
        json_object_set_new(row, column->name, json_integer(b));
}

/* What makes a row one with that of another store; caller frees. */
static char *key_of(const struct gathering *g, const json_t *row)
{
    CLEANUP(free_json) json_t *keys = json_array();
    if (!g->merged)
        json_array_append_new(keys, json_string(g->source));
    for (size_t i = 0; i < g->view->column_count; i++)
        if (g->view->columns[i].role == VIEW_KEY)
            json_array_append(keys, json_array_get(row, i));
    return json_dumps(keys, JSON_COMPACT);
}

static void on_row(void *owner, const json_t *row)
{
    struct gathering *g = owner;
    CLEANUP(free_text) char *key = key_of(g, row);
    json_t *to = key ? json_object_get(g->rows, key) : NULL;
    if (!key)
        return;
    if (!to) {
        to = json_object();
        if (!g->merged)
            json_object_set_new(to, "source", json_string(g->source));
        json_object_set_new(g->rows, key, to);
    }
    for (size_t i = 0; i < g->view->column_count; i++)
        add_value(to, &g->view->columns[i], json_array_get(row, i));
}

static bool gather_one(struct gathering *g, struct rstore *store, struct error *e)
{
    bool before = g->there;
    g->there = false;
    bool ok = rstore_views(store, g->view ? on_state : on_listed, g, e) &&
              (!g->there || rstore_view_rows(store, g->view->name, on_row, g, e));
    g->there |= before;
    return ok;
}

static void gather(struct reader *reader, struct gathering *g)
{
    for (size_t i = 0; i < request_count(reader); i++) {
        struct rstore *store = request_store(reader, i);
        struct error e = {0};
        g->source = request_source(reader, i)->id;
        if (store && !gather_one(g, store, &e))
            request_fail(reader, i, &e);
    }
}

/* --- order --------------------------------------------------------------------------------------
 */

struct ordered {
    const char *key;
    json_t *row;
    const json_t *by;
};

static int largest_first(const void *a, const void *b)
{
    const struct ordered *x = a;
    const struct ordered *y = b;
    int order = 0;
    if (json_is_string(x->by) && json_is_string(y->by))
        order = strcmp(json_string_value(y->by), json_string_value(x->by));
    else if (json_integer_value(x->by) != json_integer_value(y->by))
        order = json_integer_value(x->by) < json_integer_value(y->by) ? 1 : -1;
    return order ? order : strcmp(x->key, y->key);
}

static json_t *in_order(const struct gathering *g)
{
    size_t count = json_object_size(g->rows);
    struct ordered *all = xcalloc(count + 1, sizeof *all);
    json_t *list = json_array();
    const char *key;
    json_t *row;
    size_t at = 0;
    json_object_foreach (g->rows, key, row)
        all[at++] =
            (struct ordered){key, row, json_object_get(row, g->view->columns[g->view->order].name)};
    qsort(all, count, sizeof *all, largest_first);
    for (size_t i = 0; i < count; i++)
        json_array_append(list, all[i].row);
    free(all);
    return list;
}

/* The rows behind the offset, one more than the limit if there are. */
static json_t *window(json_t *all, const struct paging *paging)
{
    json_t *list = json_array();
    for (int64_t i = 0; i < paging_ask(paging); i++) {
        json_t *row = json_array_get(all, (size_t)(paging->offset + i));
        if (!row)
            break;
        json_array_append(list, row);
    }
    json_decref(all);
    return list;
}

/* --- the operations -----------------------------------------------------------------------------
 */

enum op_end views_run(struct reader *reader, json_t *args, json_t **answer, struct error *e)
{
    struct request_scope scope = {json_object_get(args, "source"),
                                  json_string_value(json_object_get(args, "kind"))};
    struct gathering g = {.list = json_array()};
    if (!request_begin(reader, scope, e)) {
        json_decref(g.list);
        return OP_FAILED;
    }
    gather(reader, &g);
    *answer = json_pack("{s:o}", "views", g.list);
    return request_finish(reader, *answer, e);
}

static bool is_merged(const struct view *view)
{
    for (size_t i = 0; i < view->column_count; i++)
        if (view->columns[i].role != VIEW_KEY)
            return true;
    return false;
}

enum op_end view_run(struct reader *reader, json_t *args, json_t **answer, struct error *e)
{
    const char *name = json_string_value(json_object_get(args, "name"));
    struct request_scope scope = {json_object_get(args, "source"),
                                  json_string_value(json_object_get(args, "kind"))};
    struct paging paging = paging_of(args);
    if (!name)
        return views_run(reader, args, answer, e);
    struct gathering g = {.view = store_view_find(name)};
    if (!g.view) {
        error_set(e, CAUSE_USAGE, "there is no view %s; `lattice-reads view` lists them", name);
        return OP_NOT_FOUND;
    }
    if (!request_begin(reader, scope, e))
        return OP_FAILED;
    g.rows = json_object();
    g.rebuilt = json_array();
    g.merged = is_merged(g.view);
    gather(reader, &g);
    *answer = json_pack("{s:s, s:s, s:o}", "view", name, "about", g.view->about, "columns",
                        column_names(g.view));
    paging_add(*answer, &paging, "rows", window(in_order(&g), &paging));
    json_object_set_new(*answer, "rebuilt", g.rebuilt);
    json_decref(g.rows);
    return request_finish(reader, *answer, e);
}
