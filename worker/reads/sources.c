/* How sources stand, what their runs did, what their stores hold. */
#include "worker/reads/sources.h"

#include <string.h>

#include "common/cleanup.h"
#include "common/clock.h"
#include "common/ledger_history.h"
#include "common/status.h"
#include "worker/reads/answer.h"
#include "worker/reads/history.h"
#include "worker/reads/request.h"
#include "worker/reads/store_words.h"

/* The lock is asked for before the store is read: a worker that ends in between is then shown as
 * running with an old row rather than as idle with a fresh one. */
static json_t *status_of(const struct reader *reader, size_t at, struct ledger *ledger)
{
    const struct home *home = request_home(reader);
    const struct source_config *source = request_source(reader, at);
    struct store_view view;
    struct ledger_source history = {0};
    struct error view_error = {0};
    struct error ignored = {0};
    struct source_status status;
    bool locked = source_is_locked(home, source->id);
    bool read = store_view_read_within(home, source->id, request_limit(reader), &view, &view_error);
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

/* What the deadline cut says nothing, and is left out. */
static json_t *list_sources(const struct reader *reader)
{
    struct ledger *ledger = history_open(reader);
    json_t *list = json_array();
    for (size_t i = 0; i < request_count(reader) && !request_late(request_clock(reader)); i++) {
        json_t *status = status_of(reader, i, ledger);
        if (!request_late(request_clock(reader)))
            json_array_append(list, status);
        json_decref(status);
    }
    ledger_close(&ledger);
    return list;
}

enum op_end sources_run(struct reader *reader, json_t *args, json_t **answer, struct error *e)
{
    struct request_scope scope = {json_object_get(args, "source"),
                                  json_string_value(json_object_get(args, "kind"))};
    if (!request_begin(reader, scope, e))
        return OP_FAILED;
    json_t *list = list_sources(reader);
    size_t read = json_array_size(list);
    size_t count = request_count(reader);
    *answer = json_object();
    json_object_set_new(*answer, "sources", list);
    request_end(reader);
    if (read == count)
        return OP_DONE;
    error_set(e, CAUSE_DEADLINE, "the deadline came when %zu of %zu sources had been read", read,
              count);
    return OP_LATE;
}

static void add_run(void *list, const char *source, const struct attempt *attempt)
{
    json_array_append_new(list, attempt_json(source, attempt));
}

static bool list_runs(const struct reader *reader, json_t *args, json_t *list, struct error *e)
{
    struct ledger *ledger = NULL;
    struct paging paging = paging_of(args);
    struct ledger_query query = {.source = json_string_value(json_object_get(args, "source")),
                                 .limit = paging_ask(&paging),
                                 .offset = paging.offset};
    bool ok = ledger_open_within(request_home(reader), request_limit(reader), &ledger, e) &&
              (!ledger || ledger_read_attempts(ledger, query, add_run, list, e));
    ledger_close(&ledger);
    return ok;
}

enum op_end runs_run(struct reader *reader, json_t *args, json_t **answer, struct error *e)
{
    struct paging paging = paging_of(args);
    struct request_scope none = {0}; /* runs of sources that were removed are listed, too */
    if (!request_begin(reader, none, e))
        return OP_FAILED;
    json_t *list = json_array();
    struct error cause = {0};
    bool ok = list_runs(reader, args, list, &cause);
    bool late = !ok && request_late(request_clock(reader));
    request_end(reader);
    *answer = json_object();
    paging_add(*answer, &paging, "runs", list);
    if (ok)
        return OP_DONE;
    if (late) {
        error_set(e, CAUSE_DEADLINE, "the deadline came before all runs had been read");
        return OP_LATE;
    }
    *e = cause;
    free_json(answer);
    return OP_FAILED;
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
    bool late = request_grace(reader);
    *answer = json_object();
    json_object_set_new(*answer, "stores", list);
    json_object_set_new(*answer, "total", total);
    request_describe(reader, *answer);
    request_end(reader);
    if (!late)
        return OP_DONE;
    error_set(e, CAUSE_DEADLINE, "the deadline came before all stores had answered");
    return OP_LATE;
}
