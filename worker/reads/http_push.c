/* Observations over HTTP. */
#include "worker/reads/http_push.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "common/cleanup.h"
#include "worker/reads/http_internal.h"
#include "worker/reads/inbox.h"
#include "worker/reads/serve.h"

struct push_call {
    struct push push;
    struct http_request *request;
    char *session; /* owned; NULL: none */
};

static void answer_queued(const struct push_call *call)
{
    struct http_answer answer = {.status = 202, .type = "application/json", .cache = "no-store"};
    CLEANUP(free_json) json_t *queued = push_answer(&call->push);
    json_format(&answer.body, queued);
    http_answer(call->request, &answer);
}

static void done(struct push *push)
{
    struct push_call *call = (struct push_call *)push;
    switch (push->end) {
    case PUSH_QUEUED:
        answer_queued(call);
        break;
    case PUSH_WRONG:
        http_problem(call->request, 400, NULL, "%s", push->error.text);
        break;
    case PUSH_CLOSED:
        http_gate_closed(call->request);
        break;
    }
    free(call->session);
    free(call);
}

/* What is between the route's beginning and end; NULL where there is nothing. */
static char *session_of(const struct http_request *request)
{
    const char *rest = http_rest(request);
    const char *end = request->route->end;
    return request->route->below ? xstrndup(rest, strlen(rest) - (end ? strlen(end) : 0)) : NULL;
}

static void start(struct http_request *request, enum observation_op op)
{
    static const char nothing[] = "{}";
    const struct buf *body = http_body(request);
    if (body->size && !http_is_json(request)) {
        http_problem(request, 415, NULL, "Content-Type must be application/json.");
        return;
    }
    if (json_object_size(http_args(request)) > 0) {
        http_problem(request, 400, NULL, "There are no parameters here: all of it is in the body.");
        return;
    }
    struct push_call *call = xcalloc(1, sizeof *call);
    call->request = request;
    call->session = session_of(request);
    call->push = (struct push){.op = op,
                               .session = call->session,
                               .body = body->size ? body->data : nothing,
                               .size = body->size ? body->size : sizeof nothing - 1,
                               .done = done};
    inbox_push(http_service(request)->inbox, &call->push);
}

void push_serve_init(struct http_request *request)
{
    start(request, OBSERVATION_INIT);
}

void push_serve_observation(struct http_request *request)
{
    start(request, OBSERVATION_OBSERVE);
}

void push_serve_summary(struct http_request *request)
{
    start(request, OBSERVATION_SUMMARIZE);
}

void push_serve_end(struct http_request *request)
{
    start(request, OBSERVATION_END);
}

void push_serve_note(struct http_request *request)
{
    start(request, OBSERVATION_NOTE);
}

void push_serve_archive(struct http_request *request)
{
    start(request, OBSERVATION_ARCHIVE);
}
