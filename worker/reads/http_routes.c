/* The table of routes. */
#include "worker/reads/http_routes.h"

#include <stdio.h>
#include <string.h>

#include "worker/reads/events.h"
#include "worker/reads/http_api.h"
#include "worker/reads/http_push.h"
#include "worker/reads/mcp_http.h"
#include "worker/reads/metrics.h"
#include "worker/reads/openapi.h"
#include "worker/reads/web.h"

#define READ "GET, HEAD, OPTIONS"

const struct http_route http_routes[] = {
    {.path = "/api/v1/search", .methods = READ, .serve = api_serve, .op = "search"},
    {.path = "/api/v1/pages/",
     .below = true,
     .methods = READ,
     .serve = api_serve,
     .op = "page",
     .filled = "source path"},
    {.path = "/api/v1/context", .methods = READ, .serve = api_serve, .op = "context"},
    {.path = "/api/v1/links", .methods = READ, .serve = api_serve, .op = "links"},
    {.path = "/api/v1/recent", .methods = READ, .serve = api_serve, .op = "recent"},
    {.path = "/api/v1/sources",
     .methods = READ,
     .serve = api_serve,
     .op = "sources",
     .by_body = true},
    {.path = "/api/v1/runs", .methods = READ, .serve = api_serve, .op = "runs", .by_body = true},
    {.path = "/api/v1/stats", .methods = READ, .serve = api_serve, .op = "stats", .by_body = true},
    {.path = "/api/v1/views", .methods = READ, .serve = api_serve, .op = "views"},
    {.path = "/api/v1/views/",
     .below = true,
     .methods = READ,
     .serve = api_serve,
     .op = "view",
     .filled = "name"},
    {.path = "/api/v1/sessions", .methods = READ, .serve = api_serve, .op = "sessions"},
    {.path = "/api/v1/sessions/",
     .below = true,
     .methods = READ,
     .serve = api_serve,
     .op = "session",
     .filled = "id"},
    {.path = "/api/v1/sessions/",
     .end = "/init",
     .below = true,
     .writes = true,
     .methods = "POST, OPTIONS",
     .serve = push_serve_init,
     .filled = "id",
     .about = "A session begins, or goes on after its end: title, prompt, project, cwd, agent."},
    {.path = "/api/v1/sessions/",
     .end = "/observations",
     .below = true,
     .writes = true,
     .methods = "POST, OPTIONS",
     .serve = push_serve_observation,
     .filled = "id",
     .about = "What a session saw or did: type, title, text, facts, concepts, files_read, "
              "files_modified, supersedes."},
    {.path = "/api/v1/sessions/",
     .end = "/summarize",
     .below = true,
     .writes = true,
     .methods = "POST, OPTIONS",
     .serve = push_serve_summary,
     .filled = "id",
     .about = "What a session comes to so far."},
    {.path = "/api/v1/sessions/",
     .below = true,
     .writes = true,
     .methods = "DELETE, OPTIONS",
     .serve = push_serve_end,
     .filled = "id",
     .about = "A session ends. Nothing of it is deleted."},
    {.path = "/api/v1/notes",
     .writes = true,
     .methods = "POST, OPTIONS",
     .serve = push_serve_note,
     .about = "A note of no session; `supersedes` names what it replaces."},
    {.path = "/api/v1/archive",
     .writes = true,
     .methods = "POST, OPTIONS",
     .serve = push_serve_archive,
     .about = "Observations and notes are put away: `ids`. Search leaves them out then."},
    {.path = "/api/v1/queue", .methods = READ, .serve = api_serve, .op = "queue", .by_body = true},
    {.path = "/api/v1/events",
     .methods = READ,
     .serve = events_serve,
     .type = "text/event-stream",
     .about = "What happens, as server-sent events: run_started, run_progress, run_finished, "
              "source_fresh, source_stale. With Last-Event-ID those since then come first; `reset` "
              "says that some of them are gone."},
    {.path = "/mcp",
     .methods = "POST, OPTIONS",
     .serve = mcp_http_serve,
     .about = "Model Context Protocol, streamable HTTP, stateless: one JSON-RPC message."},
    {.path = "/openapi.json", .methods = READ, .serve = openapi_serve, .about = "This document."},
    {.path = "/healthz",
     .open = true,
     .methods = READ,
     .serve = api_health,
     .type = "text/plain; charset=utf-8",
     .about = "The process is alive."},
    {.path = "/readyz",
     .methods = READ,
     .serve = api_ready,
     .about = "200 if every store answers; else 503, and which do not."},
    {.path = "/metrics",
     .methods = READ,
     .serve = metrics_serve,
     .type = "text/plain; version=0.0.4; charset=utf-8",
     .about = "Counters for Prometheus."},
    {.path = "/", .methods = READ, .serve = web_serve_search, .type = WEB_TYPE},
    {.path = "/pages/", .below = true, .methods = READ, .serve = web_serve_page, .type = WEB_TYPE},
    {.path = "/sources", .methods = READ, .serve = web_serve_sources, .type = WEB_TYPE},
    {.path = "/sources/",
     .below = true,
     .methods = READ,
     .serve = web_serve_source,
     .type = WEB_TYPE},
    {.path = "/sessions", .methods = READ, .serve = web_serve_sessions, .type = WEB_TYPE},
    {.path = "/sessions/",
     .below = true,
     .methods = READ,
     .serve = web_serve_session,
     .type = WEB_TYPE},
    {.path = "/assets/", .below = true, .methods = READ, .serve = web_serve_asset},
};
const size_t http_route_count = sizeof http_routes / sizeof *http_routes;

bool http_allows(const char *methods, const char *method)
{
    size_t length = strlen(method);
    for (const char *at = methods; at; at = strchr(at, ','), at = at ? at + 2 : NULL)
        if (strncmp(at, method, length) == 0 && (at[length] == ',' || at[length] == '\0'))
            return true;
    return false;
}

void http_route_template(const struct http_route *route, char *out, size_t size)
{
    char first[32];
    char second[32];
    const char *end = route->end ? route->end : "";
    int words = route->filled ? sscanf(route->filled, "%31s %31s", first, second) : 0;
    if (words == 2)
        snprintf(out, size, "%s{%s}/{%s}%s", route->path, first, second, end);
    else if (words == 1)
        snprintf(out, size, "%s{%s}%s", route->path, first, end);
    else
        snprintf(out, size, "%s", route->path);
}

void http_routes_print_writing(struct buf *out)
{
    for (size_t i = 0; i < http_route_count; i++) {
        char address[128];
        if (!http_routes[i].writes)
            continue;
        http_route_template(&http_routes[i], address, sizeof address);
        buf_printf(out, "%s%.*s %s", out->size ? ", " : "",
                   (int)strcspn(http_routes[i].methods, ","), http_routes[i].methods, address);
    }
}

/* Does something stand between a row's beginning and its end? */
static bool is_at(const struct http_route *route, const char *path)
{
    size_t begin = strlen(route->path);
    size_t size = strlen(path);
    size_t end = route->end ? strlen(route->end) : 0;
    return strncmp(path, route->path, begin) == 0 && (size == begin || route->below) &&
           (!end || (size > begin + end && strcmp(path + size - end, route->end) == 0));
}

/* The longest beginning wins, then what answers the method, then the longest end. */
static size_t rank_of(const struct http_route *route, const char *method)
{
    size_t end = route->end ? strlen(route->end) : 0;
    return (2 * strlen(route->path) + http_allows(route->methods, method)) * 256 + end;
}

static void set_allow(struct http_match *match, const char *path, bool writing)
{
    static const char *const methods[] = {"GET", "HEAD", "POST", "DELETE", "OPTIONS"};
    for (size_t m = 0; m < sizeof methods / sizeof *methods; m++) {
        bool allowed = false;
        for (size_t i = 0; i < http_route_count; i++) {
            const struct http_route *route = &http_routes[i];
            allowed |= strcmp(route->path, match->route->path) == 0 && is_at(route, path) &&
                       (writing || !route->writes) && http_allows(route->methods, methods[m]);
        }
        size_t size = strlen(match->allow);
        if (allowed)
            snprintf(match->allow + size, sizeof match->allow - size, "%s%s", size ? ", " : "",
                     methods[m]);
    }
}

struct http_match http_route_find(const char *path, const char *method, bool writing)
{
    struct http_match match = {0};
    for (size_t i = 0; i < http_route_count; i++) {
        const struct http_route *route = &http_routes[i];
        if ((!route->writes || writing) && is_at(route, path) &&
            (!match.route || rank_of(route, method) > rank_of(match.route, method)))
            match.route = route;
    }
    if (match.route)
        set_allow(&match, path, writing);
    return match;
}
