/* MCP's streamable HTTP: every answer is one JSON document, so nothing needs a stream. */
#include "worker/reads/mcp_http.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "worker/reads/mcp.h"
#include "worker/reads/mcp_remember.h"
#include "worker/reads/serve.h"

struct call {
    struct work work;
    struct http_request *request;
    struct mcp_message message;
    struct http_answer answer;
};

static void answer_error(struct http_request *request, const struct mcp_message *message,
                         const struct mcp_error *error)
{
    struct http_answer answer = {.status = 400, .type = "application/json"};
    mcp_format_error(&answer.body, message->id, error);
    http_answer(request, &answer);
}

static void run(struct work *work, struct reader *reader)
{
    struct call *call = (struct call *)work;
    mcp_call(&call->message, reader, work_timeout_ms(work->pool), &call->answer.body);
}

static void failed(struct work *work, const struct error *e)
{
    struct call *call = (struct call *)work;
    struct mcp_error error = {.code = MCP_INTERNAL_ERROR};
    snprintf(error.text, sizeof error.text, "%.255s", e->text);
    call->answer.status = 503;
    call->answer.retry_after = "1";
    mcp_format_error(&call->answer.body, call->message.id, &error);
}

static void done(struct work *work)
{
    struct call *call = (struct call *)work;
    http_answer(call->request, &call->answer);
    mcp_release(&call->message);
    free(call);
}

/* Takes the message. */
static void start(struct http_request *request, struct mcp_message *message)
{
    struct call *call = xcalloc(1, sizeof *call);
    call->work = (struct work){.run = run, .done = done, .failed = failed};
    call->request = request;
    call->message = *message;
    call->answer = (struct http_answer){.status = 200, .type = "application/json"};
    *message = (struct mcp_message){0};
    work_start(http_service(request)->work, &call->work);
}

static void serve_request(struct http_request *request, struct mcp_message *message)
{
    struct http_answer answer = {.status = 200, .type = "application/json"};
    bool unknown;
    message->writing = http_gate(request) != NULL;
    if (!mcp_answer(message, &answer.body, &unknown)) {
        if (mcp_is_remember(message))
            mcp_remember(request, message);
        else
            start(request, message);
        return;
    }
    if (unknown && message->modern)
        answer.status = 404;
    http_answer(request, &answer);
}

void mcp_http_serve(struct http_request *request)
{
    struct mcp_headers headers = {.version = http_header(request, "MCP-Protocol-Version"),
                                  .method = http_header(request, "Mcp-Method"),
                                  .name = http_header(request, "Mcp-Name")};
    const struct buf *body = http_body(request);
    struct mcp_message message;
    struct mcp_error error = {0};
    if (!http_is_json(request)) {
        http_problem(request, 415, NULL, "Content-Type must be application/json.");
        return;
    }
    bool ok = mcp_decode(body->size ? body->data : "", body->size, &message, &error) &&
              mcp_check(&message, &headers, &error);
    if (!ok)
        answer_error(request, &message, &error);
    else if (message.kind == MCP_REQUEST)
        serve_request(request, &message);
    else {
        struct http_answer answer = {.status = 202};
        http_answer(request, &answer);
    }
    mcp_release(&message);
}
