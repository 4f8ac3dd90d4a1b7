/* Tools over the table of operations: short schemas in, compact answers out. */
#include "worker/reads/mcp_tools.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "common/cleanup.h"
#include "worker/reads/answer.h"
#include "worker/reads/http.h"
#include "worker/reads/mcp_ids.h"
#include "worker/reads/mcp_remember.h"
#include "worker/reads/openapi.h"
#include "worker/reads/ops.h"

/* Pages of one `read`; its answer stays below this, since an agent has to read it all. */
#define READ_IDS_MAX   20
#define READ_TEXT_MAX  (1024 * 1024)
#define CONTEXT_CHUNKS 2
#define CONTEXT_MAX    20

struct tool {
    const char *name;
    const char *about;
    const char *op;     /* NULL: `call` */
    const char *params; /* of the operation's those that agents need, with a blank around each */
    bool by_id;         /* `id` instead of source and path */
    void (*shorten)(json_t *answer);
};

/* --- answers --------------------------------------------------------------------------------- */

/* A hit needs only what an agent reads, and the id to read on. */
static void shorten_hits(json_t *answer)
{
    static const char *const left_out[] = {"marks", "score", "source", "path", "chunk", "page"};
    static const char *const lists[] = {"hits", "pages"};
    for (size_t l = 0; l < sizeof lists / sizeof *lists; l++) {
        json_t *hit;
        size_t i;
        json_array_foreach (json_object_get(answer, lists[l]), i, hit) {
            struct page_id id = {
                .source = json_string_value(json_object_get(hit, "source")),
                .path = json_string_value(json_object_get(hit, "path")),
                .chunk = json_is_integer(json_object_get(hit, "chunk"))
                             ? json_integer_value(json_object_get(hit, "chunk"))
                             : -1,
            };
            CLEANUP(free_text) char *text = page_id_format(&id);
            if (text)
                json_object_set_new(hit, "id", json_string(text));
            for (size_t k = 0; k < sizeof left_out / sizeof *left_out; k++)
                json_object_del(hit, left_out[k]);
        }
    }
}

/* Of sources that answered their age is enough. */
static void shorten_sources(json_t *answer)
{
    static const char *const kept[] = {"id", "fresh_s", "problem", "message"};
    json_t *sources = json_object_get(answer, "sources");
    json_t *source;
    size_t i;
    json_array_foreach (sources, i, source) {
        json_t *short_one = json_object();
        for (size_t k = 0; k < sizeof kept / sizeof *kept; k++)
            if (json_object_get(source, kept[k]))
                json_object_set(short_one, kept[k], json_object_get(source, kept[k]));
        json_array_set_new(sources, i, short_one);
    }
}

static void drop_nulls(json_t *object)
{
    const char *key;
    json_t *value;
    void *next;
    json_object_foreach_safe(object, next, key, value)
    {
        if (json_is_null(value) && strcmp(key, "fresh_s") != 0) /* null: never */
            json_object_del(object, key);
    }
}

static void shorten_all(json_t *answer)
{
    shorten_hits(answer);
    shorten_sources(answer);
}

/* What the operator's view has besides is not for agents. */
static void shorten_status(json_t *answer)
{
    static const char *const kept[] = {"id",     "kind",  "status",    "fresh_s", "last_success_at",
                                       "phase",  "pages", "remaining", "cause",   "message",
                                       "errors", NULL};
    json_t *source;
    size_t i;
    json_array_foreach (json_object_get(answer, "sources"), i, source) {
        json_t *short_one = json_object();
        for (size_t k = 0; kept[k]; k++)
            if (json_object_get(source, kept[k]))
                json_object_set(short_one, kept[k], json_object_get(source, kept[k]));
        drop_nulls(short_one);
        json_array_set_new(json_object_get(answer, "sources"), i, short_one);
    }
}

/* The other end of a link within the sources can be read by its id. */
static void shorten_links(json_t *answer)
{
    static const char *const ways[] = {"out", "back"};
    for (size_t w = 0; w < 2; w++) {
        json_t *link;
        size_t i;
        json_array_foreach (json_object_get(json_object_get(answer, ways[w]), "links"), i, link) {
            const char *path = json_string_value(json_object_get(link, "path"));
            struct page_id id = {json_string_value(json_object_get(answer, "source")), path, -1,
                                 NULL};
            CLEANUP(free_text) char *text = page_id_format(&id);
            if (text)
                json_object_set_new(link, "id", json_string(text));
            json_object_del(link, "path");
            drop_nulls(link);
        }
    }
    shorten_sources(answer);
}

json_t *mcp_text_result(json_t *value, bool is_error)
{
    struct buf text = {0};
    json_format(&text, value);
    json_t *result = json_pack("{s:[{s:s,s:s}],s:b}", "content", "type", "text", "text",
                               text.size ? text.data : "", "isError", is_error);
    buf_release(&text);
    return result;
}

json_t *mcp_error_result(const struct error *e, json_t *found)
{
    json_t *value =
        json_pack("{s:s,s:o}", "cause", cause_name(e->cause), "error", json_text(e->text));
    if (found)
        json_object_set(value, "found", found);
    json_t *result = mcp_text_result(value, true);
    json_decref(value);
    return result;
}

/* --- read ------------------------------------------------------------------------------------ */

static bool read_count(json_t *arguments, const char *name, int64_t *count, struct error *e)
{
    json_t *value = json_object_get(arguments, name);
    *count = value ? json_integer_value(value) : CONTEXT_CHUNKS;
    return !value || (json_is_integer(value) && *count >= 0 && *count <= CONTEXT_MAX) ||
           error_set(e, CAUSE_USAGE, "%s: expected a number from 0 to %d", name, CONTEXT_MAX);
}

struct read_order {
    json_t *ids; /* borrowed */
    int64_t before;
    int64_t after;
};

static bool read_arguments(json_t *arguments, struct read_order *order, struct error *e)
{
    static const char *const names[] = {"ids", "before", "after"};
    const char *key;
    json_t *value;
    json_object_foreach (arguments, key, value) {
        bool known = false;
        for (size_t i = 0; i < sizeof names / sizeof *names; i++)
            known |= strcmp(names[i], key) == 0;
        if (!known)
            return error_set(e, CAUSE_USAGE, "%s: no such argument; read has ids, before, after",
                             key);
    }
    order->ids = json_object_get(arguments, "ids");
    size_t count = json_array_size(order->ids);
    if (count < 1 || count > READ_IDS_MAX)
        return error_set(e, CAUSE_USAGE, "ids: expected a list of 1 to %d ids", READ_IDS_MAX);
    return read_count(arguments, "before", &order->before, e) &&
           read_count(arguments, "after", &order->after, e);
}

static enum op_end run_op(const char *name, json_t *raw, struct reader *reader, json_t **answer,
                          struct error *e)
{
    const struct op *op = op_find(name);
    CLEANUP(free_json) json_t *args = NULL;
    if (!op) {
        error_set(e, CAUSE_BUG, "%s is not there in this version", name);
        return OP_FAILED;
    }
    if (!op_check_args(op, raw, &args, e))
        return OP_FAILED;
    return op->run(reader, args, answer, e);
}

/* A page, or a chunk of it with those around it. */
static enum op_end read_one(const struct page_id *id, const struct read_order *order,
                            struct reader *reader, json_t **answer, struct error *e)
{
    CLEANUP(free_json) json_t *raw = json_pack("{s:s,s:s}", "source", id->source, "path", id->path);
    if (id->chunk < 0)
        return run_op("page", raw, reader, answer, e);
    json_object_set_new(raw, "around", json_integer(id->chunk));
    json_object_set_new(raw, "before", json_integer(order->before));
    json_object_set_new(raw, "after", json_integer(order->after));
    return run_op("context", raw, reader, answer, e);
}

static void add_page(json_t *pages, const char *text, json_t *answer, const struct error *e)
{
    json_t *page = json_pack("{s:s}", "id", text);
    if (answer) {
        shorten_sources(answer);
        drop_nulls(answer);
        json_object_update_missing(page, answer);
    } else
        json_object_set_new(page, "error", json_text(e->text));
    json_array_append_new(pages, page);
}

static size_t size_of(json_t *value)
{
    struct buf text = {0};
    json_format(&text, value);
    size_t size = text.size;
    buf_release(&text);
    return size;
}

/* What cannot be read is said at its place; the others come all the same. */
static json_t *call_read(json_t *arguments, struct reader *reader)
{
    struct read_order order = {0};
    struct error e = {0};
    if (!read_arguments(arguments, &order, &e))
        return mcp_error_result(&e, NULL);
    CLEANUP(free_json) json_t *pages = json_array();
    size_t size = 0;
    size_t failed = 0;
    json_t *value;
    size_t i;
    json_array_foreach (order.ids, i, value) {
        const char *text = json_string_value(value);
        struct page_id id = {0};
        struct error why = {0};
        CLEANUP(free_json) json_t *answer = NULL;
        if (size > READ_TEXT_MAX)
            error_set(&why, CAUSE_USAGE, "not read: this answer is long enough; ask for it alone");
        else if (page_id_parse(text, &id, &why) &&
                 read_one(&id, &order, reader, &answer, &why) != OP_DONE)
            free_json(&answer);
        if (answer)
            size += size_of(answer);
        failed += !answer;
        add_page(pages, text ? text : "", answer, &why);
        page_id_release(&id);
    }
    CLEANUP(free_json) json_t *result = json_pack("{s:O}", "pages", pages);
    return mcp_text_result(result, failed == json_array_size(order.ids));
}

static json_t *read_schema(void)
{
    return json_pack("{s:s,s:{s:{s:s,s:{s:s},s:i,s:i,s:s},s:{s:s,s:i,s:i,s:i,s:s},"
                     "s:{s:s,s:i,s:i,s:i,s:s}},s:[s],s:b}",
                     "type", "object", "properties", "ids", "type", "array", "items", "type",
                     "string", "minItems", 1, "maxItems", READ_IDS_MAX, "description",
                     "as search gives them: source/path, or source/path#chunk", "before", "type",
                     "integer", "minimum", 0, "maximum", CONTEXT_MAX, "default", CONTEXT_CHUNKS,
                     "description", "chunks before it", "after", "type", "integer", "minimum", 0,
                     "maximum", CONTEXT_MAX, "default", CONTEXT_CHUNKS, "description",
                     "chunks behind it", "required", "ids", "additionalProperties", 0);
}

/* --- the table ------------------------------------------------------------------------------- */

static const struct tool tools[] = {
    {"search", "Search all sources: words, \"phrases\", prefix*, -not, OR. Gives hits with ids.",
     "search", " query source kind tag path since until superseded limit offset ", false,
     shorten_all},
    {"read", "Read pages, or chunks with what is around them, by the ids that search gives.", NULL,
     NULL, false, NULL},
    {"recent", "Pages that changed last.", "recent", " source kind since limit offset ", false,
     shorten_all},
    {"sources", "The sources, and how fresh what you read of each is.", "sources", " source ",
     false, shorten_status},
    {"links", "Links of a page, out and back.", "links", " limit offset ", true, shorten_links},
};
enum { TOOL_COUNT = sizeof tools / sizeof *tools };

static const struct tool *find(const char *name)
{
    for (size_t i = 0; i < TOOL_COUNT; i++)
        if (strcmp(tools[i].name, name) == 0)
            return &tools[i];
    return NULL;
}

static bool shows(const struct tool *tool, const char *param)
{
    CLEANUP(free_text) char *word = xasprintf(" %s ", param);
    return strstr(tool->params, word) != NULL;
}

static json_t *schema(const struct tool *tool)
{
    const struct op *op = op_find(tool->op);
    json_t *properties = json_object();
    json_t *required = json_array();
    if (tool->by_id) {
        json_object_set_new(properties, "id",
                            json_pack("{s:s,s:s}", "type", "string", "description",
                                      "as search gives it: source/path"));
        json_array_append_new(required, json_string("id"));
    }
    for (size_t i = 0; op && i < op->param_count; i++) {
        const struct op_param *param = &op->params[i];
        if (!shows(tool, param->name))
            continue;
        json_t *one = op_param_schema(param);
        json_object_set_new(one, "description", json_string(param->about));
        json_object_set_new(properties, param->name, one);
        if (param->required)
            json_array_append_new(required, json_string(param->name));
    }
    return json_pack("{s:s,s:o,s:o,s:b}", "type", "object", "properties", properties, "required",
                     required, "additionalProperties", 0);
}

json_t *mcp_tools_list(bool writing)
{
    json_t *list = json_array();
    for (size_t i = 0; i < TOOL_COUNT; i++)
        json_array_append_new(list,
                              json_pack("{s:s,s:s,s:o,s:{s:b,s:b}}", "name", tools[i].name,
                                        "description", tools[i].about, "inputSchema",
                                        tools[i].op ? schema(&tools[i]) : read_schema(),
                                        "annotations", "readOnlyHint", 1, "openWorldHint", 0));
    if (writing)
        json_array_append_new(list, mcp_remember_tool());
    return list;
}

bool mcp_tool_known(const char *name, bool writing)
{
    return find(name) || (writing && strcmp(name, MCP_REMEMBER) == 0);
}

/* Only what the tool shows; `id` becomes source and path. */
static bool translate(const struct tool *tool, json_t *arguments, json_t **raw, struct error *e)
{
    const char *key;
    json_t *value;
    json_object_foreach (arguments, key, value) {
        bool is_id = tool->by_id && strcmp(key, "id") == 0;
        if (!is_id && !shows(tool, key))
            return error_set(e, CAUSE_USAGE, "%s: %s has no such argument", key, tool->name);
    }
    *raw = arguments ? json_copy(arguments) : json_object();
    if (!tool->by_id)
        return true;
    struct page_id id;
    if (!page_id_parse(json_string_value(json_object_get(*raw, "id")), &id, e))
        return false;
    json_object_del(*raw, "id");
    json_object_set_new(*raw, "source", json_string(id.source));
    json_object_set_new(*raw, "path", json_string(id.path));
    page_id_release(&id);
    return true;
}

json_t *mcp_tool_call(const char *name, json_t *arguments, struct reader *reader,
                      int64_t timeout_ms)
{
    const struct tool *tool = find(name);
    CLEANUP(free_json) json_t *raw = NULL;
    CLEANUP(free_json) json_t *answer = NULL;
    struct error e = {0};
    reader_set_deadline(reader, timeout_ms);
    if (!tool || !tool->op) /* `read` is the only one without; unknown ones do not come here */
        return call_read(arguments, reader);
    if (!translate(tool, arguments, &raw, &e))
        return mcp_error_result(&e, NULL);
    enum op_end end = run_op(tool->op, raw, reader, &answer, &e);
    if (answer && tool->shorten)
        tool->shorten(answer);
    return end == OP_DONE ? mcp_text_result(answer, false) : mcp_error_result(&e, answer);
}
