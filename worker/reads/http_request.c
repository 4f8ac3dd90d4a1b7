/* A request, from its first line to the end of its answer. */
#include <stdlib.h>
#include <string.h>
#include <strings.h>
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

struct gate *http_gate(const struct http_request *request)
{
    return request->http->options->gate;
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

bool http_is_json(struct http_request *request)
{
    static const char json[] = "application/json";
    const char *type = http_header(request, "Content-Type");
    size_t length = sizeof json - 1;
    return type && strncasecmp(type, json, length) == 0 &&
           (type[length] == '\0' || type[length] == ';' || type[length] == ' ');
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

void http_request_drop_body(struct http_request *request)
{
    request->http->counters.body_bytes -= request->held;
    request->held = 0;
    buf_release(&request->body);
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
    http_request_drop_body(request);
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
    const char *allow = request->route ? request->allow : "GET, HEAD, OPTIONS";
    struct http_answer answer = {.allow = allow, .type = "application/problem+json"};
    if (strcmp(request->method, "OPTIONS") == 0) {
        answer.status = 204;
        answer.type = NULL;
    } else {
        answer.status = 405;
        CLEANUP(free_text)
        char *detail = xasprintf(
            "%s is not answered here: %s%s", request->method,
            !http_allows(allow, "GET")     ? "use POST, with a JSON object"
            : http_allows(allow, "DELETE") ? "use "
                                           : "this service only reads; use GET. What is synced is "
                                             "changed in its source, by lattice-supervise, and "
                                             "nowhere else",
            http_allows(allow, "GET") && http_allows(allow, "DELETE") ? allow : "");
        problem_format(&answer.body, 405, NULL, detail);
    }
    http_answer(request, &answer);
}

void http_gate_closed(struct http_request *request)
{
    struct gate_state state = gate_why(request->http->options->gate);
    struct http_answer answer = {
        .status = 503, .type = "application/problem+json", .retry_after = GATE_RETRY_AFTER};
    problem_format(
        &answer.body, 503,
        json_pack("{s:b,s:s}", "accepts_writes", 0, "reason", gate_reason_name(state.reason)),
        state.text);
    http_answer(request, &answer);
}

/* What would be written cannot be: said before its body is read. True: it was. */
static bool answered_by_gate(struct http_request *request)
{
    struct gate_state state;
    bool closed = request->route->writes && !gate_admits(request->http->options->gate, &state);
    if (closed)
        http_gate_closed(request);
    return closed;
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
    struct http_match match =
        http_route_find(request->parts.path, request->method, request->http->options->gate != NULL);
    request->route = match.route;
    memcpy(request->allow, match.allow, sizeof request->allow);
    if (!may_ask(request))
        http_problem(request, 401, NULL,
                     "This needs the token of the service's --token-file: "
                     "Authorization: Bearer TOKEN.");
    else if (!request->route && only_reads(request->method) && !asks_server(request))
        http_problem(request, 404, NULL,
                     "There is nothing at %s; /openapi.json lists what there is.",
                     request->parts.path);
    else if (!request->route || strcmp(request->method, "OPTIONS") == 0 ||
             !http_allows(request->route->methods, request->method))
        answer_method(request);
    else
        return answered_by_gate(request);
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

/* 0: it is not known, or there is none. */
static size_t body_length(struct http_request *request)
{
    const char *length = http_header(request, "Content-Length");
    return length ? (size_t)strtoull(length, NULL, 10) : 0;
}

static size_t body_max(const struct http_request *request)
{
    return request->route->writes ? HTTP_PUSH_MAX : HTTP_BODY_MAX;
}

static void answer_too_long(struct http_request *request)
{
    http_problem(request, 413, NULL, "The body is longer than %zu bytes.", body_max(request));
}

/* Room for a body of this size; false: there is none. */
static bool hold(struct http_request *request, size_t size)
{
    struct http_counters *c = &request->http->counters;
    size_t more = size > request->held ? size - request->held : 0;
    if (c->body_bytes + more > HTTP_BODIES_MAX)
        return false;
    c->body_bytes += more;
    request->held += more;
    return true;
}

static void answer_no_room(struct http_request *request)
{
    request->http->counters.bodies_refused++;
    http_problem(request, 503, NULL,
                 "Too many bytes of requests wait already; send this again in a second.");
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
    else if (body_length(request) > body_max(request))
        answer_too_long(request);
    else if (!hold(request, body_length(request)))
        answer_no_room(request);
    else if (has_body(request))
        http_peer_limit(request->peer, HTTP_BODY_MS);
    return request->state != HTTP_ANSWERED;
}

static void take_body(struct http_request *request, const char *bytes, size_t *size)
{
    bool fits = !request->crowded && request->body.size + *size <= body_max(request);
    request->crowded |= fits && !hold(request, request->body.size + *size);
    if (fits && !request->crowded)
        buf_add(&request->body, bytes, *size);
    else
        request->discarded += *size;
    *size = 0;
}

/* The answer if there is one now, else it has to wait. */
static enum MHD_Result go(struct http_request *request)
{
    if (request->state == HTTP_BODY) {
        request->state = HTTP_WAITS;
        http_peer_limit(request->peer, 0);
        if (request->crowded)
            answer_no_room(request);
        else if (request->discarded)
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
