/* Answers: whole ones, problems, streams. */
#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "common/cleanup.h"
#include "worker/reads/http_internal.h"

/* Of a stream's own buffer: chunks are made in the connection's memory. */
enum { STREAM_BLOCK = 128 };

static int add_bytes(const char *bytes, size_t size, void *owner)
{
    buf_add(owner, bytes, size);
    return 0;
}

void json_format(struct buf *out, const json_t *value)
{
    json_dump_callback(value, add_bytes, out, JSON_COMPACT | JSON_ENCODE_ANY);
}

static void add_header(struct MHD_Response *response, const char *name, const char *value)
{
    if (value)
        MHD_add_response_header(response, name, value);
}

/* What every answer has: nothing here is for anybody's frame, cache or guess of types. */
static void add_headers(struct MHD_Response *response, const struct http_answer *answer)
{
    add_header(response, "Content-Type", answer->type);
    add_header(response, "ETag", answer->etag[0] ? answer->etag : NULL);
    add_header(response, "Allow", answer->allow);
    add_header(response, "Retry-After", answer->retry_after);
    add_header(response, "Cache-Control",
               answer->cache           ? answer->cache
               : answer->status >= 400 ? "no-store"
                                       : "no-cache");
    add_header(response, "Content-Security-Policy",
               answer->policy ? answer->policy : "default-src 'none'; frame-ancestors 'none'");
    add_header(response, "X-Content-Type-Options", "nosniff");
    add_header(response, "Referrer-Policy", "no-referrer");
    add_header(response, "Cross-Origin-Resource-Policy", "same-origin");
    add_header(response, "WWW-Authenticate", answer->status == 401 ? "Bearer" : NULL);
    add_header(response, "WWW-Authenticate",
               answer->status == 401 ? "Basic realm=\"Lattice\", charset=\"UTF-8\"" : NULL);
    add_header(response, "Connection", answer->close ? "close" : NULL);
}

/* RFC 9110, section 13.1.2: weak comparison; "*" is any. */
static bool client_has(struct http_request *request, const char *etag)
{
    const char *list = http_header(request, "If-None-Match");
    if (!list || !etag[0])
        return false;
    if (strcmp(list, "*") == 0)
        return true;
    const char *opaque = strchr(etag, '"');
    size_t size = strlen(opaque);
    for (const char *at = strchr(list, '"'); at; at = strchr(at + 1, '"')) {
        const char *end = strchr(at + 1, '"');
        if (!end)
            return false;
        if ((size_t)(end - at) + 1 == size && strncmp(at, opaque, size) == 0)
            return true;
        at = end;
    }
    return false;
}

static void hand_over(struct http_request *request, struct MHD_Response *response, int status)
{
    http_request_drop_body(request);
    request->response = response;
    request->status = status;
    request->state = HTTP_ANSWERED;
    if (request->suspended) {
        http_request_resume(request);
        http_run(request->http);
    }
}

/* Whoever has not taken his answer for the longest time, and longer than that takes. */
static struct http_request *find_slowest(struct http *http)
{
    struct http_request *slowest = NULL;
    int64_t before_ms = (int64_t)uv_now(http->loop) - HTTP_UNSENT_MS;
    for (struct http_request *request = http->requests; request; request = request->next)
        if (request->unsent && request->answered_ms <= before_ms &&
            (!slowest || request->answered_ms <= slowest->answered_ms))
            slowest = request;
    return slowest;
}

/* An answer is in memory until its client has taken it. Beyond a bound those go who do not take
 * theirs; if there are none, it is the newest that does not fit. One alone always does. */
static bool make_room(struct http_request *request, size_t size)
{
    struct http_counters *c = &request->http->counters;
    struct http_request *slowest;
    if (size < HTTP_UNSENT_LEAST)
        return true;
    while (c->unsent_bytes && c->unsent_bytes + size > HTTP_UNSENT_MAX &&
           (slowest = find_slowest(request->http)) != NULL) {
        c->unsent_bytes -= slowest->unsent;
        c->unsent_dropped++;
        slowest->unsent = 0;
        shutdown(slowest->peer->fd, SHUT_RDWR); /* libmicrohttpd lets go of it */
    }
    if (c->unsent_bytes && c->unsent_bytes + size > HTTP_UNSENT_MAX) {
        c->unsent_dropped++;
        return false;
    }
    c->unsent_bytes += size;
    request->unsent = size;
    request->answered_ms = (int64_t)uv_now(request->http->loop);
    return true;
}

static void refuse_answer(struct http_answer *answer)
{
    buf_release(&answer->body);
    *answer = (struct http_answer){.status = 503,
                                   .type = "application/problem+json",
                                   .retry_after = "1",
                                   .close = answer->close};
    problem_format(&answer->body, 503, NULL,
                   "Too many bytes of answers wait for their clients; ask again in a second.");
}

void http_answer(struct http_request *request, struct http_answer *answer)
{
    if (answer->status == 200 && client_has(request, answer->etag)) {
        answer->status = 304;
        answer->type = NULL;
        buf_release(&answer->body);
    }
    answer->close |= request->http->stopping;
    if (!make_room(request, answer->body.size))
        refuse_answer(answer);
    size_t size = answer->body.size;
    char *bytes = size ? buf_take(&answer->body) : NULL;
    buf_release(&answer->body);
    struct MHD_Response *response = MHD_create_response_from_buffer(
        size, bytes, bytes ? MHD_RESPMEM_MUST_FREE : MHD_RESPMEM_PERSISTENT);
    add_headers(response, answer);
    hand_over(request, response, answer->status);
}

/* --- problems -------------------------------------------------------------------------------- */

static const char *title_of(int status)
{
    static const struct {
        int status;
        const char *title;
    } titles[] = {
        {400, "Bad request"},
        {401, "Token needed"},
        {403, "Forbidden"},
        {404, "Not found"},
        {405, "Method not allowed"},
        {406, "Not acceptable"},
        {413, "Body too long"},
        {415, "Unsupported media type"},
        {431, "Head too long"},
        {500, "Internal error"},
        {501, "Not implemented"},
        {503, "Not now"},
        {505, "HTTP version not supported"},
    };
    for (size_t i = 0; i < sizeof titles / sizeof *titles; i++)
        if (titles[i].status == status)
            return titles[i].title;
    return "Problem";
}

void problem_format(struct buf *out, int status, json_t *more, const char *detail)
{
    struct buf clean = {0};
    utf8_sanitize(&clean, detail, strlen(detail));
    json_t *problem =
        json_pack("{s:s,s:s,s:i,s:s}", "type", "about:blank", "title", title_of(status), "status",
                  status, "detail", clean.size ? clean.data : "");
    if (more)
        json_object_update_missing(problem, more);
    json_format(out, problem);
    json_decref(problem);
    json_decref(more);
    buf_release(&clean);
}

void http_problem(struct http_request *request, int status, json_t *more, const char *format, ...)
{
    char detail[1024];
    va_list args;
    va_start(args, format);
    vsnprintf(detail, sizeof detail, format, args);
    va_end(args);
    detail[utf8_floor(detail, strlen(detail))] = '\0';
    struct http_answer answer = {.status = status,
                                 .type = "application/problem+json",
                                 .retry_after = status == 503 ? "1" : NULL,
                                 .close = status == 413};
    problem_format(&answer.body, status, more, detail);
    http_answer(request, &answer);
}

/* --- streams --------------------------------------------------------------------------------- */

static ssize_t read_stream(void *cls, uint64_t position, char *out, size_t size)
{
    struct http_request *request = cls;
    struct http_stream *stream = request->stream;
    (void)position;
    if (request->http->stopping)
        return MHD_CONTENT_READER_END_OF_STREAM;
    int64_t n = stream->read(stream, out, size);
    if (n < 0)
        return MHD_CONTENT_READER_END_OF_STREAM;
    if (n == 0) {
        stream->waiting = true;
        request->suspended = true;
        MHD_suspend_connection(request->connection);
    }
    return (ssize_t)n;
}

bool http_answer_stream(struct http_request *request, struct http_stream *stream)
{
    struct http *http = request->http;
    if (http->counters.open_streams >= HTTP_STREAMS_MAX || http->stopping)
        return false;
    struct http_answer answer = {.status = 200, .type = "text/event-stream", .cache = "no-store"};
    struct MHD_Response *response = MHD_create_response_from_callback(
        MHD_SIZE_UNKNOWN, STREAM_BLOCK, read_stream, request, NULL);
    add_headers(response, &answer);
    add_header(response, "X-Accel-Buffering", "no");
    http->counters.open_streams++;
    request->stream = stream;
    stream->request = request;
    stream->waiting = false;
    hand_over(request, response, 200);
    return true;
}

void http_stream_wake(struct http_stream *stream)
{
    struct http_request *request = stream->request;
    if (!request || !stream->waiting)
        return;
    stream->waiting = false;
    http_request_resume(request);
}

void http_stream_drop(struct http_stream *stream)
{
    struct http_request *request = stream->request;
    if (!request)
        return;
    request->http->counters.streams_dropped++;
    shutdown(request->peer->fd, SHUT_RDWR);
    http_stream_wake(stream);
}
