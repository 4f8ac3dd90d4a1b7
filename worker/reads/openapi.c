/* Making the OpenAPI document. */
#include "worker/reads/openapi.h"

#include <string.h>

#include "common/version.h"
#include "worker/reads/http_routes.h"

json_t *op_param_schema(const struct op_param *param)
{
    switch (param->type) {
    case OP_TEXT:
        return json_pack("{s:s,s:I,s:I}", "type", "string", "minLength",
                         (json_int_t)(param->least > 0), "maxLength", (json_int_t)param->most);
    case OP_COUNT:
        return json_pack("{s:s,s:I,s:I,s:I}", "type", "integer", "minimum",
                         (json_int_t)param->least, "maximum", (json_int_t)param->most, "default",
                         (json_int_t)param->fallback);
    case OP_TIME:
        return json_pack("{s:s}", "type", "string");
    case OP_FLAG:
        return json_pack("{s:s}", "type", "boolean");
    case OP_LIST:
        return json_pack("{s:s,s:{s:s},s:i}", "type", "array", "items", "type", "string",
                         "maxItems", OP_LIST_MAX);
    }
    return json_object();
}

/* Is it one of the words of the route's path? */
static bool is_filled(const struct http_route *route, const char *name)
{
    const char *at = route->filled ? strstr(route->filled, name) : NULL;
    size_t length = strlen(name);
    return at && (at == route->filled || at[-1] == ' ') && (at[length] == ' ' || !at[length]);
}

/* Of a route that runs no operation: what is in its path. */
static json_t *path_parameters(const struct http_route *route)
{
    json_t *list = json_array();
    if (route->filled)
        json_array_append_new(list, json_pack("{s:s,s:s,s:b,s:{s:s}}", "name", route->filled, "in",
                                              "path", "required", 1, "schema", "type", "string"));
    return list;
}

static json_t *parameters(const struct http_route *route, const struct op *op)
{
    json_t *list = json_array();
    for (size_t i = 0; i < op->param_count; i++) {
        const struct op_param *param = &op->params[i];
        bool in_path = is_filled(route, param->name);
        json_array_append_new(list, json_pack("{s:s,s:s,s:b,s:s,s:o}", "name", param->name, "in",
                                              in_path ? "path" : "query", "required",
                                              param->required || in_path, "description",
                                              param->about, "schema", op_param_schema(param)));
    }
    return list;
}

static json_t *answer(const char *about, const char *type)
{
    return json_pack("{s:s,s:{s:{s:{}}}}", "description", about, "content", type, "schema");
}

static json_t *answers_to_writes(void)
{
    static const struct {
        const char *status;
        const char *about;
        const char *type;
    } all[] = {
        {"202", "It is on the disk: `id`, and `queue_length` before it is in the store.",
         "application/json"},
        {"400", "It is not taken; `detail` names the field.", "application/problem+json"},
        {"413", "It is too long.", "application/problem+json"},
        {"415", "It is no JSON.", "application/problem+json"},
        {"503", "Nothing can be written now; `reason` says why.", "application/problem+json"},
    };
    json_t *out = json_object();
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        json_object_set_new(out, all[i].status, answer(all[i].about, all[i].type));
    return out;
}

static json_t *answers(const struct http_route *route)
{
    static const struct {
        const char *status;
        const char *about;
    } problems[] = {
        {"400", "The parameters are wrong; `detail` names which."},
        {"404", "What was named is not there."},
        {"503", "A store or the time did not suffice; `found` has what was found out."},
    };
    if (route->writes)
        return answers_to_writes();
    json_t *all = json_object();
    json_object_set_new(all, "200",
                        answer("The answer.", route->type ? route->type : "application/json"));
    if (!route->op)
        return all;
    json_object_set_new(all, "304",
                        json_pack("{s:s}", "description", "What If-None-Match names is current."));
    for (size_t i = 0; i < sizeof problems / sizeof *problems; i++)
        json_object_set_new(all, problems[i].status,
                            answer(problems[i].about, "application/problem+json"));
    return all;
}

static json_t *operation(const struct http_route *route)
{
    const struct op *op = route->op ? op_find(route->op) : NULL;
    json_t *out = json_pack("{s:s}", "summary", op ? op->about : route->about);
    if (op) {
        json_object_set_new(out, "operationId", json_string(op->name));
        json_object_set_new(out, "parameters", parameters(route, op));
    }
    if (route->writes) {
        json_object_set_new(out, "parameters", path_parameters(route));
        if (http_allows(route->methods, "POST"))
            json_object_set_new(out, "requestBody",
                                json_pack("{s:b,s:{s:{s:{s:s}}}}", "required", 1, "content",
                                          "application/json", "schema", "type", "object"));
    }
    json_object_set_new(out, "responses", answers(route));
    return out;
}

static const char *method_of(const struct http_route *route)
{
    return http_allows(route->methods, "GET")    ? "get"
           : http_allows(route->methods, "POST") ? "post"
                                                 : "delete";
}

json_t *openapi_document(bool writing)
{
    json_t *paths = json_object();
    for (size_t i = 0; i < http_route_count; i++) {
        const struct http_route *route = &http_routes[i];
        char path[128];
        if ((!route->about && !(route->op && op_find(route->op))) || (route->writes && !writing))
            continue;
        http_route_template(route, path, sizeof path);
        if (!json_object_get(paths, path))
            json_object_set_new(paths, path, json_object());
        json_object_set_new(json_object_get(paths, path), method_of(route), operation(route));
    }
    return json_pack("{s:s,s:{s:s,s:s,s:s},s:o}", "openapi", "3.1.0", "info", "title",
                     "lattice-reads", "version", LATTICE_VERSION, "description",
                     "Search and read what Lattice synced, and push to it where there is an inbox.",
                     "paths", paths);
}

void openapi_serve(struct http_request *request)
{
    struct http_answer out = {.status = 200, .type = "application/json"};
    json_t *document = openapi_document(http_gate(request) != NULL);
    json_format(&out.body, document);
    json_decref(document);
    http_answer(request, &out);
}
