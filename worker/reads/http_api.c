/* Operations over HTTP: parameters from the address, the answer as JSON. */
#include "worker/reads/http_api.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

#include "common/cleanup.h"
#include "common/version.h"
#include "worker/reads/http_internal.h"
#include "worker/reads/ops.h"
#include "worker/reads/serve.h"

/* A request that a thread works on. */
struct call {
    struct work work;
    struct http_request *request;
    const struct op *op;
    json_t *args; /* owned */
    struct http_answer answer;
    bool late;
};

/* --- parameters ------------------------------------------------------------------------------ */

/* `name`: all of the path. */
static bool fill_one(json_t *raw, const char *name, const char *rest, struct error *e)
{
    if (!rest[0])
        return error_set(e, CAUSE_USAGE, "%s: is missing in the address's path", name);
    if (json_object_get(raw, name))
        return error_set(e, CAUSE_USAGE, "%s is given in the address's path", name);
    json_object_set_new(raw, name, json_string(rest));
    return true;
}

/* `source path`: the first word of the path is the source, the rest of it the path. */
static bool fill(json_t *raw, const char *filled, const char *rest, struct error *e)
{
    if (!strchr(filled, ' '))
        return fill_one(raw, filled, rest, e);
    const char *slash = strchr(rest, '/');
    if (!slash || slash == rest || !slash[1])
        return error_set(e, CAUSE_USAGE, "expected /api/v1/pages/SOURCE/PATH");
    if (json_object_get(raw, "source") || json_object_get(raw, "path"))
        return error_set(e, CAUSE_USAGE, "source and path are given in the address's path");
    json_object_set_new(raw, "source", json_stringn(rest, (size_t)(slash - rest)));
    json_object_set_new(raw, "path", json_string(slash + 1));
    return true;
}

static bool take_args(struct http_request *request, const struct op *op, json_t **args,
                      struct error *e)
{
    CLEANUP(free_json) json_t *raw = json_copy(http_args(request));
    if (request->route->filled && !fill(raw, request->route->filled, http_rest(request), e))
        return false;
    return op_check_args(op, raw, args, e);
}

/* --- the thread's part ----------------------------------------------------------------------- */

/* The state of every store that was read, and what was asked of them. */
static uint64_t stamp(const struct call *call, const struct reader *reader)
{
    size_t count;
    const struct store_stamp *stamps = reader_stamps(reader, &count);
    CLEANUP(free_text) char *args = json_dumps(call->args, JSON_COMPACT | JSON_SORT_KEYS);
    struct buf all = {0};
    buf_printf(&all, "%s\n%s\n%s\n", LATTICE_VERSION, call->op->name, args);
    for (size_t i = 0; i < count; i++)
        buf_printf(&all, "%s %ju %" PRId64 " %" PRId64 "\n", stamps[i].source,
                   (uintmax_t)stamps[i].inode, stamps[i].version, stamps[i].last_success_at);
    uint64_t hash = XXH3_64bits(all.data, all.size);
    buf_release(&all);
    return hash;
}

/* Of what the stores hold: weak, since ages in the answer go on. Where a store did not answer,
 * nobody may keep what the others said. */
static void set_etag(struct call *call, const struct reader *reader, const json_t *answer)
{
    struct http_answer *out = &call->answer;
    if (json_is_true(json_object_get(answer, "partial")))
        out->cache = "no-store";
    else if (call->request->route->by_body)
        snprintf(out->etag, sizeof out->etag, "\"%016" PRIx64 "\"",
                 XXH3_64bits(out->body.data, out->body.size));
    else
        snprintf(out->etag, sizeof out->etag, "W/\"%016" PRIx64 "\"", stamp(call, reader));
}

static void fail(struct call *call, int status, json_t *found, const struct error *e)
{
    json_t *more = json_pack("{s:s}", "cause", cause_name(e->cause));
    if (found)
        json_object_set(more, "found", found);
    call->answer = (struct http_answer){.status = status,
                                        .type = "application/problem+json",
                                        .retry_after = status == 503 ? "1" : NULL};
    problem_format(&call->answer.body, status, more, e->text);
}

static int status_of(const struct error *e)
{
    return e->cause == CAUSE_USAGE ? 400 : e->cause == CAUSE_BUG ? 500 : 503;
}

static enum op_end run_op(struct call *call, struct reader *reader, json_t **answer,
                          struct error *e)
{
    reader_set_deadline(reader, work_timeout_ms(call->work.pool));
    enum op_end end = call->op->run(reader, call->args, answer, e);
    call->late = end == OP_LATE;
    return end;
}

static void run(struct work *work, struct reader *reader)
{
    struct call *call = (struct call *)work;
    struct error e = {0};
    CLEANUP(free_json) json_t *answer = NULL;
    switch (run_op(call, reader, &answer, &e)) {
    case OP_DONE:
        call->answer.status = 200;
        call->answer.type = "application/json";
        json_format(&call->answer.body, answer);
        set_etag(call, reader, answer);
        break;
    case OP_NOT_FOUND:
        fail(call, 404, NULL, &e);
        break;
    case OP_LATE:
        fail(call, 503, answer, &e);
        break;
    case OP_FAILED:
        fail(call, status_of(&e), NULL, &e);
        break;
    }
}

static void failed(struct work *work, const struct error *e)
{
    fail((struct call *)work, status_of(e), NULL, e);
}

/* --- the loop's part ------------------------------------------------------------------------- */

static void done(struct work *work)
{
    struct call *call = (struct call *)work;
    http_service(call->request)->late += call->late;
    http_answer(call->request, &call->answer);
    json_decref(call->args);
    free(call);
}

static void start(struct http_request *request, const char *op_name,
                  void (*how)(struct work *work, struct reader *reader))
{
    const struct op *op = op_find(op_name);
    struct error e = {0};
    json_t *args = NULL;
    if (!op) {
        http_problem(request, 501, NULL, "%s is not there in this version.", op_name);
        return;
    }
    if (!take_args(request, op, &args, &e)) {
        http_problem(request, 400, NULL, "%s", e.text);
        return;
    }
    struct call *call = xcalloc(1, sizeof *call);
    call->work = (struct work){.run = how, .done = done, .failed = failed};
    call->request = request;
    call->op = op;
    call->args = args;
    work_start(http_service(request)->work, &call->work);
}

void api_serve(struct http_request *request)
{
    start(request, request->route->op, run);
}

void api_health(struct http_request *request)
{
    struct http_answer answer = {.status = 200, .type = request->route->type};
    buf_add_text(&answer.body, "ok\n");
    http_answer(request, &answer);
}

/* Whether it writes is no part of being ready: reads work all the same. */
static void add_writes(struct call *call, json_t *more)
{
    struct gate *gate = http_gate(call->request);
    struct gate_state state = {.text = "The service was started without --inbox."};
    if (gate)
        state = gate_now(gate);
    bool open = gate && state.reason == GATE_OPEN;
    json_object_set_new(more, "accepts_writes", json_boolean(open));
    if (open)
        return;
    json_object_set_new(more, "reason", json_string(gate ? gate_reason_name(state.reason) : "off"));
    json_object_set_new(more, "writes", json_string(state.text));
}

/* 503 with those stores that do not answer, in time. */
static void compose_ready(struct call *call, json_t *answer)
{
    json_t *sources = json_object_get(answer, "sources");
    json_t *missing = json_array();
    json_t *source;
    size_t i;
    json_array_foreach (sources, i, source) {
        if (!json_is_false(json_object_get(source, "answered")))
            continue;
        json_t *one = json_object();
        static const char *const keys[] = {"id", "problem", "message"};
        for (size_t k = 0; k < sizeof keys / sizeof *keys; k++)
            if (json_object_get(source, keys[k]))
                json_object_set(one, keys[k], json_object_get(source, keys[k]));
        json_array_append_new(missing, one);
    }
    bool ready = json_array_size(missing) == 0;
    json_t *more = json_pack("{s:b,s:I,s:o}", "ready", ready, "sources",
                             (json_int_t)json_array_size(sources), "not_answering", missing);
    add_writes(call, more);
    call->answer.status = ready ? 200 : 503;
    call->answer.type = ready ? "application/json" : "application/problem+json";
    if (!ready) {
        problem_format(&call->answer.body, 503, more, "Not every store answers; the others do.");
        return;
    }
    json_format(&call->answer.body, more);
    json_decref(more);
}

static void run_ready(struct work *work, struct reader *reader)
{
    struct call *call = (struct call *)work;
    struct error e = {0};
    CLEANUP(free_json) json_t *answer = NULL;
    run_op(call, reader, &answer, &e);
    if (answer)
        compose_ready(call, answer);
    else
        fail(call, status_of(&e), NULL, &e);
}

void api_ready(struct http_request *request)
{
    struct gate_state state;
    if (http_gate(request))
        gate_admits(http_gate(request), &state); /* it is looked at again */
    start(request, "stats", run_ready);
}
