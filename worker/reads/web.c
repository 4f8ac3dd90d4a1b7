/* The pages for people: a request, the operations it takes, a page of HTML. */
#include "worker/reads/web.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

#include "common/cleanup.h"
#include "common/clock.h"
#include "worker/reads/http_internal.h"
#include "worker/reads/ops.h"
#include "worker/reads/serve.h"
#include "worker/reads/web_assets.h"
#include "worker/reads/web_page.h"
#include "worker/reads/web_sessions.h"
#include "worker/reads/web_sources.h"

/* Nothing but this service's own files is loaded, and nothing written into the page runs. */
static const char policy[] =
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

enum { HITS = 20, RECENT = 20, RUNS = 50, STRIPS_MAX = 200, SESSIONS = 50 };

/* A page while a thread makes it. */
struct web_call {
    struct work work;
    struct http_request *request;
    enum web_view view;
    struct web_asked asked; /* its texts are in the request */
    const char *offset;
    char *source;     /* owned; of a page or source: whose */
    const char *path; /* or the session's id */
    bool late;
    bool partial; /* a store did not answer */
    struct reader *reader;
    struct html html;
    int status;
};

/* --- asking ------------------------------------------------------------------------------------
 */

/* Runs an operation with these arguments (taken). */
static enum op_end ask(struct web_call *call, const char *name, json_t *raw, json_t **answer,
                       struct error *e)
{
    const struct op *op = op_find(name);
    CLEANUP(free_json) json_t *given = raw;
    CLEANUP(free_json) json_t *args = NULL;
    if (!op_check_args(op, given, &args, e))
        return OP_FAILED;
    enum op_end end = op->run(call->reader, args, answer, e);
    call->late |= end == OP_LATE;
    call->partial |= json_is_true(json_object_get(*answer, "partial"));
    return end;
}

static void add_source(json_t *args, const char *source)
{
    if (source[0])
        json_object_set_new(args, "source", json_string(source));
}

/* Why there is no page: `title` in short, and a status. */
struct reason {
    int status;
    const char *title;
};
static const struct reason reason_wrong = {400, "This cannot be asked"};
static const struct reason reason_nothing = {404, "There is nothing here"};
static const struct reason reason_bug = {500, "Something is wrong here"};
static const struct reason reason_setup = {503, "The settings cannot be used"};
static const struct reason reason_busy = {503, "No answer right now"};

static void show_problem(struct web_call *call, const struct reason *reason, const char *detail)
{
    struct web_frame frame = {call->view,        reason->title,
                              call->asked.query, call->view == WEB_PAGE ? "" : call->asked.source,
                              reason->title,     call->asked.fragment};
    call->status = reason->status;
    html_cut(&call->html, 0);
    web_problem(&call->html, &frame, reason->title, detail);
}

static void show_failure(struct web_call *call, enum op_end end, const struct error *e)
{
    const struct reason *reason = &reason_bug;
    if (end == OP_NOT_FOUND)
        reason = &reason_nothing;
    else if (end == OP_LATE || e->cause == CAUSE_STORE || e->cause == CAUSE_DEADLINE)
        reason = &reason_busy;
    else if (e->cause == CAUSE_USAGE)
        reason = &reason_wrong;
    else if (e->cause == CAUSE_CONFIG)
        reason = &reason_setup;
    show_problem(call, reason, e->text);
}

/* --- the pages ---------------------------------------------------------------------------------
 */

static void make_search(struct web_call *call)
{
    CLEANUP(free_json) json_t *answer = NULL;
    struct error e = {0};
    json_t *args = json_pack("{s:s,s:i,s:s}", "query", call->asked.query, "limit", HITS, "offset",
                             call->offset);
    add_source(args, call->asked.source);
    enum op_end end = ask(call, "search", args, &answer, &e);
    if (end == OP_DONE || (end == OP_LATE && answer)) {
        call->status = end == OP_LATE ? 503 : 200;
        web_search(&call->html, &call->asked, answer, end == OP_LATE);
    } else
        show_failure(call, end, &e);
}

static void make_start(struct web_call *call)
{
    CLEANUP(free_json) json_t *answer = NULL;
    struct error e = {0};
    json_t *args = json_pack("{s:i}", "limit", RECENT);
    add_source(args, call->asked.source);
    enum op_end end = ask(call, "recent", args, &answer, &e);
    if (end == OP_DONE || (end == OP_LATE && answer)) {
        call->status = end == OP_LATE ? 503 : 200;
        web_start(&call->html, &call->asked, answer);
    } else
        show_failure(call, end, &e);
}

static void make_page(struct web_call *call)
{
    CLEANUP(free_json) json_t *page = NULL;
    CLEANUP(free_json) json_t *links = NULL;
    struct error e = {0};
    struct error ignored = {0};
    enum op_end end =
        ask(call, "page", json_pack("{s:s,s:s}", "source", call->source, "path", call->path), &page,
            &e);
    if (end != OP_DONE) {
        show_failure(call, end, &e);
        return;
    }
    /* A page without its links is still a page. */
    ask(call, "links", json_pack("{s:s,s:s}", "source", call->source, "path", call->path), &links,
        &ignored);
    web_page(&call->html, &call->asked, page, links);
}

static json_t *ask_runs(struct web_call *call, const char *id, int limit)
{
    json_t *runs = NULL;
    struct error ignored = {0};
    ask(call, "runs", json_pack("{s:s,s:i}", "source", id, "limit", limit), &runs, &ignored);
    return runs;
}

static void make_sources(struct web_call *call)
{
    CLEANUP(free_json) json_t *sources = NULL;
    CLEANUP(free_json) json_t *runs = json_object();
    struct error e = {0};
    size_t i;
    json_t *source;
    enum op_end end = ask(call, "sources", json_object(), &sources, &e);
    if (end != OP_DONE && !(end == OP_LATE && sources)) {
        show_failure(call, end, &e);
        return;
    }
    call->status = end == OP_LATE ? 503 : 200;
    json_array_foreach (json_object_get(sources, "sources"), i, source) {
        const char *id = member_text(source, "id");
        CLEANUP(free_json)
        json_t *answer = i < STRIPS_MAX ? ask_runs(call, id, WEB_STRIP_RUNS) : NULL;
        if (answer)
            json_object_set(runs, id, json_object_get(answer, "runs"));
    }
    web_sources(&call->html, &call->asked,
                &(struct web_sources_parts){sources, runs, end == OP_LATE ? e.text : ""});
}

static void make_source(struct web_call *call)
{
    CLEANUP(free_json) json_t *sources = NULL;
    CLEANUP(free_json) json_t *runs = NULL;
    CLEANUP(free_json) json_t *recent = NULL;
    struct error e = {0};
    struct error ignored = {0};
    enum op_end end =
        ask(call, "sources", json_pack("{s:s}", "source", call->source), &sources, &e);
    if (end != OP_DONE) {
        bool unknown = end == OP_FAILED && e.cause == CAUSE_USAGE;
        show_failure(call, unknown ? OP_NOT_FOUND : end, &e);
        return;
    }
    runs = ask_runs(call, call->source, RUNS);
    ask(call, "recent", json_pack("{s:s,s:i}", "source", call->source, "limit", RECENT), &recent,
        &ignored);
    web_source(&call->html, &call->asked, &(struct web_source_parts){sources, runs, recent});
}

static json_t *ask_queue(struct web_call *call, json_t *args)
{
    json_t *queue = NULL;
    struct error ignored = {0};
    ask(call, "queue", args, &queue, &ignored);
    return queue;
}

static void make_sessions(struct web_call *call)
{
    CLEANUP(free_json) json_t *sessions = NULL;
    CLEANUP(free_json) json_t *queue = NULL;
    struct error e = {0};
    json_t *args = json_pack("{s:i,s:s}", "limit", SESSIONS, "offset", call->offset);
    enum op_end end = ask(call, "sessions", args, &sessions, &e);
    if (end != OP_DONE && !(end == OP_LATE && sessions)) {
        show_failure(call, end, &e);
        return;
    }
    call->status = end == OP_LATE ? 503 : 200;
    queue = ask_queue(call, json_object());
    web_sessions(&call->html, &call->asked, sessions, queue);
}

static void make_session(struct web_call *call)
{
    CLEANUP(free_json) json_t *session = NULL;
    CLEANUP(free_json) json_t *queue = NULL;
    struct error e = {0};
    json_t *args = json_pack("{s:s,s:s,s:s}", "source", call->source, "id", call->path, "offset",
                             call->offset);
    enum op_end end = ask(call, "session", args, &session, &e);
    if (end != OP_DONE) {
        bool unknown = end == OP_FAILED && e.cause == CAUSE_USAGE && call->offset[0] == '0';
        show_failure(call, unknown ? OP_NOT_FOUND : end, &e);
        return;
    }
    queue = ask_queue(call, json_pack("{s:s}", "source", call->source));
    web_session(&call->html, &call->asked, session, queue);
}

/* --- on a thread --------------------------------------------------------------------------------
 */

static void run(struct work *work, struct reader *reader)
{
    struct web_call *call = (struct web_call *)work;
    call->reader = reader;
    call->status = 200;
    reader_set_deadline(reader, work_timeout_ms(work->pool));
    switch (call->view) {
    case WEB_SEARCH:
        if (call->asked.query[0])
            make_search(call);
        else
            make_start(call);
        break;
    case WEB_PAGE:
        make_page(call);
        break;
    case WEB_SOURCES:
        make_sources(call);
        break;
    case WEB_SOURCE:
        make_source(call);
        break;
    case WEB_SESSIONS:
        make_sessions(call);
        break;
    case WEB_SESSION:
        make_session(call);
        break;
    }
}

static void failed(struct work *work, const struct error *e)
{
    show_failure((struct web_call *)work, OP_FAILED, e);
}

/* --- on the loop --------------------------------------------------------------------------------
 */

static void answer_call(struct web_call *call)
{
    struct http_answer answer = {.status = call->status,
                                 .type = WEB_TYPE,
                                 .policy = policy,
                                 .retry_after = call->status == 503 ? "1" : NULL,
                                 .body = call->html.out};
    if (call->late || call->partial)
        answer.cache = "no-store";
    else if (call->status == 200)
        snprintf(answer.etag, sizeof answer.etag, "\"%016" PRIx64 "\"",
                 XXH3_64bits(answer.body.data, answer.body.size));
    http_answer(call->request, &answer);
    free(call->source);
    free(call);
}

static void done(struct work *work)
{
    struct web_call *call = (struct web_call *)work;
    http_service(call->request)->late += call->late;
    answer_call(call);
}

/* "" if it is not there; of a repeated one the first. */
static const char *arg(struct http_request *request, const char *name)
{
    const json_t *value = json_object_get(http_args(request), name);
    if (json_is_array(value))
        value = json_array_get(value, 0);
    return json_string_value(value) ? json_string_value(value) : "";
}

static struct web_call *call_new(struct http_request *request, enum web_view view)
{
    struct web_call *call = xcalloc(1, sizeof *call);
    call->work = (struct work){.run = run, .done = done, .failed = failed};
    call->request = request;
    call->view = view;
    call->asked = (struct web_asked){.query = arg(request, "q"),
                                     .source = arg(request, "source"),
                                     .now_s = clock_unix_s(),
                                     .fragment = strcmp(arg(request, "fragment"), "1") == 0};
    call->asked.query += strspn(call->asked.query, " \t\n");
    call->offset = arg(request, "offset")[0] ? arg(request, "offset") : "0";
    return call;
}

static void start(struct web_call *call)
{
    work_start(http_service(call->request)->work, &call->work);
}

void web_serve_search(struct http_request *request)
{
    start(call_new(request, WEB_SEARCH));
}

void web_serve_sources(struct http_request *request)
{
    start(call_new(request, WEB_SOURCES));
}

void web_serve_source(struct http_request *request)
{
    struct web_call *call = call_new(request, WEB_SOURCE);
    call->source = xstrdup(http_rest(request));
    start(call);
}

/* What is named by its source and more behind that; `form` says how. */
static void serve_below(struct http_request *request, enum web_view view, const char *form)
{
    struct web_call *call = call_new(request, view);
    const char *rest = http_rest(request);
    const char *slash = strchr(rest, '/');
    if (slash && slash > rest && slash[1]) {
        call->source = xstrndup(rest, (size_t)(slash - rest));
        call->path = slash + 1;
        start(call);
        return;
    }
    show_problem(call, &reason_nothing, form);
    answer_call(call);
}

void web_serve_page(struct http_request *request)
{
    serve_below(request, WEB_PAGE, "The address of a page is /pages/SOURCE/PATH.");
}

void web_serve_sessions(struct http_request *request)
{
    start(call_new(request, WEB_SESSIONS));
}

void web_serve_session(struct http_request *request)
{
    serve_below(request, WEB_SESSION, "The address of a session is /sessions/SOURCE/ID.");
}

void web_serve_asset(struct http_request *request)
{
    const char *rest = http_rest(request);
    const char *slash = strchr(rest, '/');
    const struct web_asset *asset = slash ? web_asset_find(slash + 1) : NULL;
    if (!asset) {
        http_problem(request, 404, NULL, "There is no such file.");
        return;
    }
    /* An address of another version gets this one's content, and must not keep it. */
    bool same = (size_t)(slash - rest) == strlen(web_assets_hash()) &&
                strncmp(rest, web_assets_hash(), (size_t)(slash - rest)) == 0;
    struct http_answer answer = {.status = 200,
                                 .type = asset->type,
                                 .cache =
                                     same ? "public, max-age=31536000, immutable" : "no-cache"};
    buf_add(&answer.body, asset->bytes, asset->size);
    snprintf(answer.etag, sizeof answer.etag, "\"%016" PRIx64 "\"",
             XXH3_64bits(asset->bytes, asset->size));
    http_answer(request, &answer);
}
