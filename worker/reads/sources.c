/* How sources stand, what their runs did, what their stores hold. */
#include "worker/reads/sources.h"

#include <string.h>

#include "common/clock.h"
#include "common/ledger_history.h"
#include "common/status.h"
#include "worker/reads/answer.h"
#include "worker/reads/history.h"
#include "worker/reads/request.h"
#include "worker/reads/store_words.h"

/* The lock is asked for before the store is read: a worker that ends in between is then shown as
 * running with an old row rather than as idle with a fresh one. */
static json_t *status_of(const struct home *home, const struct source_config *source,
                         struct ledger *ledger)
{
    struct store_view view;
    struct ledger_source history = {0};
    struct error view_error = {0};
    struct error ignored = {0};
    struct source_status status;
    bool locked = source_is_locked(home, source->id);
    bool read = store_view_read(home, source->id, &view, &view_error);
    bool known = ledger && ledger_read_source(ledger, source->id, &history, &ignored);
    struct status_parts parts = {.source = source,
                                 .view = read ? &view : NULL,
                                 .view_error = read ? NULL : &view_error,
                                 .ledger = known ? &history : NULL,
                                 .locked = locked,
                                 .now_s = clock_unix_s()};
    status_make(&parts, &status);
    return status_json(&status);
}

enum op_end sources_run(struct reader *reader, json_t *args, json_t **answer, struct error *e)
{
    struct request_scope scope = {json_object_get(args, "source"),
                                  json_string_value(json_object_get(args, "kind"))};
    if (!request_begin(reader, scope, e))
        return OP_FAILED;
    struct ledger *ledger = history_open(request_home(reader));
    json_t *list = json_array();
    for (size_t i = 0; i < request_count(reader); i++)
        json_array_append_new(list,
                              status_of(request_home(reader), request_source(reader, i), ledger));
    ledger_close(&ledger);
    *answer = json_object();
    json_object_set_new(*answer, "sources", list);
    request_end(reader);
    return OP_DONE;
}

struct listing {
    json_t *list;
    int64_t skip;
};

static void add_run(void *owner, const char *source, const struct attempt *attempt)
{
    struct listing *l = owner;
    if (l->skip > 0)
        l->skip--;
    else
        json_array_append_new(l->list, attempt_json(source, attempt));
}

enum op_end runs_run(struct reader *reader, json_t *args, json_t **answer, struct error *e)
{
    struct ledger *ledger = NULL;
    struct paging paging = paging_of(args);
    struct ledger_query query = {.source = json_string_value(json_object_get(args, "source")),
                                 .limit = paging.offset + paging_ask(&paging)};
    struct listing l = {.list = json_array(), .skip = paging.offset};
    bool ok = ledger_open_read(request_home(reader), &ledger, e) &&
              (!ledger || ledger_read_attempts(ledger, query, add_run, &l, e));
    ledger_close(&ledger);
    if (!ok) {
        json_decref(l.list);
        return OP_FAILED;
    }
    *answer = json_object();
    paging_add(*answer, &paging, "runs", l.list);
    return OP_DONE;
}

static void add_to(json_t *total, const char *key, int64_t count)
{
    json_int_t before = json_integer_value(json_object_get(total, key));
    json_object_set_new(total, key, json_integer(before + count));
}

static bool add_stats(struct reader *reader, size_t at, struct rstore *store, json_t *total,
                      json_t *list)
{
    struct rstore_totals totals;
    struct rstore_state state;
    struct error e = {0};
    if (!rstore_totals(store, &totals, &e) || !rstore_state_now(store, &state, &e)) {
        request_fail(reader, at, &e);
        return false;
    }
    const struct {
        const char *key;
        int64_t count;
        bool sum;
    } counts[] = {
        {"pages", state.pages, true},   {"chunks", totals.chunks, true},
        {"words", totals.tokens, true}, {"store_bytes", rstore_bytes(store), true},
        {"errors", state.errors, true}, {"version", state.version, false},
    };
    json_t *object = json_object();
    json_object_set_new(object, "source", json_string(request_source(reader, at)->id));
    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
        json_object_set_new(object, counts[i].key, json_integer(counts[i].count));
        if (counts[i].sum)
            add_to(total, counts[i].key, counts[i].count);
    }
    json_array_append_new(list, object);
    return true;
}

enum op_end stats_run(struct reader *reader, json_t *args, json_t **answer, struct error *e)
{
    struct request_scope scope = {json_object_get(args, "source"),
                                  json_string_value(json_object_get(args, "kind"))};
    if (!request_begin(reader, scope, e))
        return OP_FAILED;
    json_t *list = json_array();
    json_t *total = json_object();
    add_to(total, "pages", 0);
    for (size_t i = 0; i < request_count(reader); i++) {
        struct rstore *store = request_store(reader, i);
        if (store)
            add_stats(reader, i, store, total, list);
    }
    *answer = json_object();
    json_object_set_new(*answer, "stores", list);
    json_object_set_new(*answer, "total", total);
    request_describe(reader, *answer);
    request_end(reader);
    return OP_DONE;
}
