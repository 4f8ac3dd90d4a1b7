/* A request, from its first line to the end of its answer. */
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "common/cleanup.h"
#include "worker/reads/auth.h"
#include "worker/reads/http_check.h"
#include "worker/reads/http_internal.h"

/* --- what handlers ask ----------------------------------------------------------------------- */

struct service *http_service(const struct http_request *request)
{
    return request->http->service;
}

const char *http_method(const struct http_request *request)
{
    return request->method;
}

const char *http_path(const struct http_request *request)
{
    return request->parts.path;
}

const char *http_rest(const struct http_request *request)
{
    return request->parts.path + strlen(request->route->path);
}

json_t *http_args(const struct http_request *request)
{
    return request->parts.args;
}

/* libmicrohttpd leaves the blanks behind a value; RFC 9110, section 5.5, does not. */
const char *http_header(struct http_request *request, const char *name)
{
    const char *value = MHD_lookup_connection_value(request->connection, MHD_HEADER_KIND, name);
    size_t size = value ? strlen(value) : 0;
    size_t kept = size;
    while (kept > 0 && (value[kept - 1] == ' ' || value[kept - 1] == '\t'))
        kept--;
    if (kept == size)
        return value;
    struct http_text *copy = xmalloc(sizeof *copy + kept + 1);
    memcpy(copy->text, value, kept);
    copy->text[kept] = '\0';
    copy->next = request->texts;
    request->texts = copy;
    return copy->text;
}

const struct buf *http_body(const struct http_request *request)
{
    return &request->body;
}

/* --- its beginning and end ------------------------------------------------------------------- */

void *http_request_begin(void *cls, const char *target, struct MHD_Connection *connection)
{
    struct http *http = cls;
    struct http_request *request = xcalloc(1, sizeof *request);
    request->http = http;
    request->connection = connection;
    request->peer =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT)->socket_context;
    request->raw = target;
    request->target = xstrdup(target ? target : "");
    request->next = http->requests;
    if (request->next)
        request->next->previous = request;
    http->requests = request;
    http->counters.requests++;
    http->counters.open_requests++;
    return request;
}

static void request_free(struct http_request *request)
{
    struct http *http = request->http;
    if (request->previous)
        request->previous->next = request->next;
    else
        http->requests = request->next;
    if (request->next)
        request->next->previous = request->previous;
    http->counters.open_requests--;
    http->counters.unsent_bytes -= request->unsent;
    if (request->response)
        MHD_destroy_response(request->response);
    for (struct http_text *text = request->texts, *next; text; text = next) {
        next = text->next;
        free(text);
    }
    http_target_release(&request->parts);
    buf_release(&request->body);
    free(request->target);
    free(request);
}

/* Of what it sent before, something may still wait to be answered. */
static bool sends_no_more(const struct http_peer *peer)
{
    char next;
    return recv(peer->fd, &next, sizeof next, MSG_PEEK | MSG_DONTWAIT) == 0;
}

void http_request_end(void *cls, struct MHD_Connection *connection, void **context,
                      enum MHD_RequestTerminationCode code)
{
    struct http *http = cls;
    struct http_request *request = *context;
    (void)connection;
    (void)code;
    if (!request)
        return;
    *context = NULL;
    http_count_status(http, request->status);
    http_peer_limit(request->peer,
                    http->stopping || sends_no_more(request->peer) ? 1 : HTTP_IDLE_MS);
    if (request->stream) {
        http->counters.open_streams--;
        request->stream->request = NULL;
        request->stream->gone(request->stream);
    }
    request_free(request);
}

void http_request_resume(struct http_request *request)
{
    if (!request->suspended)
        return;
    request->suspended = false;
    MHD_resume_connection(request->connection);
    http_run_soon(request->http);
}

/* --- its head -------------------------------------------------------------------------------- */

/* NOLINTNEXTLINE(readability-function-size): libmicrohttpd's parameters */
static enum MHD_Result take_field(void *cls, enum MHD_ValueKind kind, const char *name,
                                  size_t name_size, const char *value, size_t value_size)
{
    struct http_head *head = cls;
    (void)kind;
    if (head->count == HTTP_FIELDS_MAX) {
        head->too_many = true;
        return MHD_NO;
    }
    head->fields[head->count++] =
        (struct http_field){name, name_size, value ? value : "", value ? value_size : 0};
    return MHD_YES;
}

/* From here on libmicrohttpd 0.9.76 and later check by themselves, and keep a head otherwise. */
#define MHD_CHECKS_HEADS (MHD_VERSION >= 0x00097600)

static struct http_verdict check_head(struct http_request *request, const char *version)
{
    struct http_head head = {.method = request->method,
                             .target = request->raw ? request->raw : "",
                             .target_size = strlen(request->target),
                             .version = version};
    MHD_get_connection_values_n(request->connection, MHD_HEADER_KIND, take_field, &head);
    struct http_verdict verdict = http_check_head(&head);
    if (verdict.status)
        return verdict;
    size_t size =
        MHD_get_connection_info(request->connection, MHD_CONNECTION_INFO_REQUEST_HEADER_SIZE)
            ->header_size;
    if (size > HTTP_HEAD_MAX)
        return (struct http_verdict){431, "The head of the request is too long."};
    if (!MHD_CHECKS_HEADS && !http_head_is_whole(&head, request->method, size))
        return (struct http_verdict){400, "The head of the request has a NUL byte, a bare line "
                                          "feed, a folded line or stray blanks."};
    return (struct http_verdict){0};
}

static struct http_verdict check_who(struct http_request *request)
{
    const struct http_options *options = request->http->options;
    const char *host = request->parts.host ? request->parts.host : http_header(request, "Host");
    const char *origin = http_header(request, "Origin");
    if (!request->peer->local && host && !http_host_allowed(&options->hosts, host, strlen(host)))
        return (struct http_verdict){
            403, "This name is not one that is answered here: ask by an address, or start the "
                 "service with --allow-host."};
    if (origin && !http_origin_allowed(&options->hosts, origin, strlen(origin)))
        return (struct http_verdict){
            403, "Pages of this origin may not ask here: start the service with --allow-host."};
    return (struct http_verdict){0};
}

static bool may_ask(struct http_request *request)
{
    const char *token = request->http->options->token;
    const char *shown = http_header(request, "Authorization");
    return !token || request->peer->local || (request->route && request->route->open) ||
           token_matches(token, shown, shown ? strlen(shown) : 0);
}

/* Is `method` one of the words of an Allow header? */
static bool allows(const char *methods, const char *method)
{
    size_t length = strlen(method);
    for (const char *at = methods; at; at = strchr(at, ','), at = at ? at + 2 : NULL)
        if (strncmp(at, method, length) == 0 && (at[length] == ',' || at[length] == '\0'))
            return true;
    return false;
}

static bool only_reads(const char *method)
{
    return strcmp(method, "GET") == 0 || strcmp(method, "HEAD") == 0 ||
           strcmp(method, "OPTIONS") == 0;
}

/* RFC 9110, section 9.3.7. */
static bool asks_server(const struct http_request *request)
{
    return strcmp(request->parts.path, "*") == 0 && strcmp(request->method, "OPTIONS") == 0;
}

static void answer_method(struct http_request *request)
{
    const struct http_route *route = request->route;
    struct http_answer answer = {.allow = route ? route->methods : "GET, HEAD, OPTIONS",
                                 .type = "application/problem+json"};
    if (strcmp(request->method, "OPTIONS") == 0) {
        answer.status = 204;
        answer.type = NULL;
    } else {
        answer.status = 405;
        CLEANUP(free_text)
        char *detail = xasprintf(
            "%s is not answered here: %s", request->method,
            route && !allows(route->methods, "GET")
                ? "use POST, with one JSON-RPC message"
                : "this service only reads; use GET. What is synced is changed in its source, by "
                  "lattice-supervise, and nowhere else");
        problem_format(&answer.body, 405, NULL, detail);
    }
    http_answer(request, &answer);
}

/* Answers what can be answered by the head alone. *wrong: no more may be read behind it. */
static bool answered_by_head(struct http_request *request, const char *version, bool *wrong)
{
    struct error e = {0};
    struct http_verdict verdict = check_head(request, version);
    if (!verdict.status &&
        !http_target_parse(request->target, strlen(request->target), &request->parts, &e))
        verdict = (struct http_verdict){400, e.text};
    if (!verdict.status)
        verdict = check_who(request);
    if (verdict.status) {
        struct http_answer answer = {
            .status = verdict.status, .type = "application/problem+json", .close = true};
        problem_format(&answer.body, verdict.status, NULL, verdict.why);
        http_answer(request, &answer);
        return true;
    }
    *wrong = false;
    request->route = http_route_find(request->parts.path);
    if (!may_ask(request))
        http_problem(request, 401, NULL,
                     "This needs the token of the service's --token-file: "
                     "Authorization: Bearer TOKEN.");
    else if (!request->route && only_reads(request->method) && !asks_server(request))
        http_problem(request, 404, NULL,
                     "There is nothing at %s; /openapi.json lists what there is.",
                     request->parts.path);
    else if (!request->route || strcmp(request->method, "OPTIONS") == 0 ||
             !allows(request->route->methods, request->method))
        answer_method(request);
    else
        return false;
    return true;
}

/* --- its way --------------------------------------------------------------------------------- */

static enum MHD_Result queue(struct http_request *request)
{
    enum MHD_Result result =
        MHD_queue_response(request->connection, (unsigned)request->status, request->response);
    MHD_destroy_response(request->response);
    request->response = NULL;
    request->state = HTTP_SENDING;
    http_peer_limit(request->peer, request->stream ? 0 : HTTP_ANSWER_MS);
    return result;
}

static bool has_body(struct http_request *request)
{
    const char *length = http_header(request, "Content-Length");
    return http_header(request, "Transfer-Encoding") ||
           (length && strspn(length, "0") != strlen(length));
}

static bool is_too_long(struct http_request *request)
{
    const char *length = http_header(request, "Content-Length");
    return length && strtoll(length, NULL, 10) > HTTP_BODY_MAX;
}

static void answer_too_long(struct http_request *request)
{
    http_problem(request, 413, NULL, "The body is longer than %d bytes.", HTTP_BODY_MAX);
}

/* Looks at the head. What is wrong with it is answered at once: then libmicrohttpd reads nothing
 * more from this connection, and closes it. */
static bool begin(struct http_request *request, const char *version)
{
    bool wrong = true;
    request->state = HTTP_BODY;
    if (answered_by_head(request, version, &wrong))
        return !wrong && !has_body(request);
    if (has_body(request) && only_reads(request->method))
        http_problem(request, 400, NULL,
                     "A %s request has no body here: its parameters are in the address.",
                     request->method);
    else if (is_too_long(request))
        answer_too_long(request);
    else if (has_body(request))
        http_peer_limit(request->peer, HTTP_BODY_MS);
    return request->state != HTTP_ANSWERED;
}

static void take_body(struct http_request *request, const char *bytes, size_t *size)
{
    if (request->body.size + *size > HTTP_BODY_MAX)
        request->discarded += *size;
    else
        buf_add(&request->body, bytes, *size);
    *size = 0;
}

/* The answer if there is one now, else it has to wait. */
static enum MHD_Result go(struct http_request *request)
{
    if (request->state == HTTP_BODY) {
        request->state = HTTP_WAITS;
        http_peer_limit(request->peer, 0);
        if (request->discarded)
            answer_too_long(request);
        else
            request->route->serve(request);
    }
    if (request->state == HTTP_ANSWERED)
        return queue(request);
    /* A connection is resumed in the state in which it was suspended. In this turn libmicrohttpd
     * still thinks that it reads, and would take who sends no more for one who is gone. */
    if (request->state == HTTP_WAITS && !request->read) {
        request->read = true;
        return MHD_YES;
    }
    if (request->state == HTTP_WAITS && !request->suspended) {
        request->suspended = true;
        MHD_suspend_connection(request->connection);
    }
    return MHD_YES;
}

/* NOLINTNEXTLINE(readability-function-size): libmicrohttpd's parameters */
enum MHD_Result http_request_go_on(void *cls, struct MHD_Connection *connection, const char *url,
                                   const char *method, const char *version, const char *upload,
                                   size_t *upload_size, void **context)
{
    struct http_request *request = *context;
    (void)cls;
    (void)connection;
    (void)url;
    if (!request)
        return MHD_NO;
    if (request->state == HTTP_HEAD) {
        request->method = method;
        return begin(request, version) ? MHD_YES : queue(request);
    }
    if (*upload_size > 0) {
        take_body(request, upload, upload_size);
        return request->discarded > HTTP_BODY_DISCARD_MAX ? MHD_NO : MHD_YES;
    }
    return request->state == HTTP_SENDING ? MHD_YES : go(request);
}
