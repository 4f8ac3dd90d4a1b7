/* The table of routes. */
#include "worker/reads/http_routes.h"

#include <string.h>

#include "worker/reads/events.h"
#include "worker/reads/http_api.h"
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
    {.path = "/assets/", .below = true, .methods = READ, .serve = web_serve_asset},
};
const size_t http_route_count = sizeof http_routes / sizeof *http_routes;

const struct http_route *http_route_find(const char *path)
{
    const struct http_route *best = NULL;
    for (size_t i = 0; i < http_route_count; i++) {
        const struct http_route *route = &http_routes[i];
        size_t length = strlen(route->path);
        if (strncmp(path, route->path, length) != 0 || (path[length] && !route->below))
            continue;
        if (!best || length > strlen(best->path))
            best = route;
    }
    return best;
}
