/* Making the OpenAPI document. */
#include "worker/reads/openapi.h"

#include <stdio.h>
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
    json_object_set_new(out, "responses", answers(route));
    return out;
}

/* "/api/v1/pages/" with "source path": "/api/v1/pages/{source}/{path}"; with one word: one. */
static void template_of(const struct http_route *route, char *out, size_t size)
{
    char first[32];
    char second[32];
    int words = route->filled ? sscanf(route->filled, "%31s %31s", first, second) : 0;
    if (words == 2)
        snprintf(out, size, "%s{%s}/{%s}", route->path, first, second);
    else if (words == 1)
        snprintf(out, size, "%s{%s}", route->path, first);
    else
        snprintf(out, size, "%s", route->path);
}

json_t *openapi_document(void)
{
    json_t *paths = json_object();
    for (size_t i = 0; i < http_route_count; i++) {
        const struct http_route *route = &http_routes[i];
        char path[128];
        if (!route->about && !(route->op && op_find(route->op)))
            continue;
        template_of(route, path, sizeof path);
        json_object_set_new(paths, path,
                            json_pack("{s:o}",
                                      strncmp(route->methods, "POST", 4) == 0 ? "post" : "get",
                                      operation(route)));
    }
    return json_pack("{s:s,s:{s:s,s:s,s:s},s:o}", "openapi", "3.1.0", "info", "title",
                     "lattice-reads", "version", LATTICE_VERSION, "description",
                     "Search and read what Lattice synced. Read-only.", "paths", paths);
}

void openapi_serve(struct http_request *request)
{
    struct http_answer out = {.status = 200, .type = "application/json"};
    json_t *document = openapi_document();
    json_format(&out.body, document);
    json_decref(document);
    http_answer(request, &out);
}
