/* Which path and method are answered by what. */
#include "worker/reads/http_routes.h"

#include <stdio.h>
#include <string.h>

#include "tests/unit/harness.h"

/* The row's path and end, and the methods of the address: "PATH END: ALLOW". */
static const char *found(const char *method, const char *path, bool writing)
{
    static char text[256];
    struct http_match match = http_route_find(path, method, writing);
    if (!match.route)
        return "none";
    snprintf(text, sizeof text, "%s%s%s%s: %s", match.route->path, match.route->end ? "*" : "",
             match.route->end ? match.route->end : "", match.route->writes ? " writes" : "",
             match.allow);
    return text;
}

#define READ "GET, HEAD, OPTIONS"

TEST(the_longest_path_answers)
{
    CHECK_STR(found("GET", "/", false), "/: " READ);
    CHECK_STR(found("GET", "/nowhere", false), "none");
    CHECK_STR(found("GET", "/api/v1/pages/notes/a.md", false), "/api/v1/pages/: " READ);
    CHECK_STR(found("GET", "/api/v1/pages", false), "none");
    CHECK_STR(found("GET", "/sources", false), "/sources: " READ);
    CHECK_STR(found("GET", "/sources/notes", false), "/sources/: " READ);
    CHECK_STR(found("PUT", "/sources", false), "/sources: " READ);
}

TEST(without_an_inbox_nothing_that_writes_is_there)
{
    for (size_t i = 0; i < http_route_count; i++) {
        const struct http_route *route = &http_routes[i];
        if (!route->writes)
            continue;
        char path[128];
        snprintf(path, sizeof path, "%s%s%s", route->path, route->below ? "x" : "",
                 route->end ? route->end : "");
        struct http_match match = http_route_find(path, "POST", false);
        CHECK(!match.route || !match.route->writes);
        CHECK(!http_allows(match.allow, "POST") && !http_allows(match.allow, "DELETE"));
    }
}

TEST(at_one_address_each_method_has_its_row)
{
    static const char all[] = "/api/v1/sessions/: GET, HEAD, DELETE, OPTIONS";
    CHECK_STR(found("GET", "/api/v1/sessions/x", true), all);
    CHECK_STR(found("DELETE", "/api/v1/sessions/x", true),
              "/api/v1/sessions/ writes: GET, HEAD, DELETE, OPTIONS");
    CHECK_STR(found("POST", "/api/v1/sessions/x", true), all);
    CHECK_STR(found("OPTIONS", "/api/v1/sessions/x", true), all);
    CHECK_STR(found("POST", "/api/v1/sessions/x/observations", true),
              "/api/v1/sessions/*/observations writes: GET, HEAD, POST, DELETE, OPTIONS");
    CHECK_STR(found("GET", "/api/v1/sessions/x/observations", true),
              "/api/v1/sessions/: GET, HEAD, POST, DELETE, OPTIONS");
    CHECK_STR(found("POST", "/api/v1/sessions/a/b/init", true),
              "/api/v1/sessions/*/init writes: GET, HEAD, POST, DELETE, OPTIONS");
    CHECK_STR(found("POST", "/api/v1/sessions/init", true), all);
    CHECK_STR(found("POST", "/api/v1/sessions//init", true), all);
    CHECK_STR(found("GET", "/api/v1/sessions/x", false), "/api/v1/sessions/: " READ);
}

TEST(all_that_writes_is_a_post_or_a_delete_and_read_methods_never_write)
{
    for (size_t i = 0; i < http_route_count; i++) {
        const struct http_route *route = &http_routes[i];
        CHECK(!route->writes ||
              (!http_allows(route->methods, "GET") && !http_allows(route->methods, "HEAD")));
        CHECK(route->writes || !http_allows(route->methods, "DELETE"));
        CHECK(!route->writes || route->about);
    }
}
