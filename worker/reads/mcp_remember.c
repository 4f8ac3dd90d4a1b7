/* The tool that writes: its schema, and a push for each call. */
#include "worker/reads/mcp_remember.h"

#include <stdlib.h>
#include <string.h>

#include "common/cleanup.h"
#include "worker/reads/inbox.h"
#include "worker/reads/mcp_tools.h"
#include "worker/reads/serve.h"

struct remember_call {
    struct push push;
    struct http_request *request;
    struct mcp_message message;
    char *body; /* owned */
};

/* --- the schema ----------------------------------------------------------------------------------
 */

static json_t *text_schema(const char *about)
{
    return json_pack("{s:s,s:s}", "type", "string", "description", about);
}

static json_t *list_schema(const char *about)
{
    return json_pack("{s:s,s:{s:s},s:i,s:s}", "type", "array", "items", "type", "string",
                     "maxItems", OBSERVATION_LIST_ITEMS, "description", about);
}

static json_t *type_schema(void)
{
    json_t *names = json_array();
    for (int i = 0; i < OBSERVATION_TYPE_COUNT; i++)
        json_array_append_new(names, json_string(observation_type_name((enum observation_type)i)));
    return json_pack("{s:s,s:o}", "type", "string", "enum", names);
}

json_t *mcp_remember_tool(void)
{
    json_t *properties = json_object();
    json_object_set_new(properties, "text", text_schema("what is to be found again"));
    json_object_set_new(properties, "title", text_schema("one line"));
    json_object_set_new(properties, "type", type_schema());
    json_object_set_new(properties, "facts", list_schema("each for itself true"));
    json_object_set_new(properties, "concepts", list_schema("tags"));
    json_object_set_new(properties, "files_read", list_schema("paths"));
    json_object_set_new(properties, "files_modified", list_schema("paths"));
    json_object_set_new(properties, "project", text_schema("what it is about"));
    json_object_set_new(properties, "session", text_schema("none: it is a note"));
    json_object_set_new(properties, "supersedes", list_schema("ids of what it replaces"));
    json_object_set_new(properties, "id", text_schema("the same again is not written twice"));
    return json_pack("{s:s,s:s,s:{s:s,s:o,s:[s],s:b}}", "name", MCP_REMEMBER, "description",
                     "Keep something for later sessions; search finds it within seconds. Gives "
                     "its id.",
                     "inputSchema", "type", "object", "properties", properties, "required", "text",
                     "additionalProperties", 0);
}

/* --- a call --------------------------------------------------------------------------------------
 */

bool mcp_is_remember(const struct mcp_message *message)
{
    const char *name = json_string_value(json_object_get(message->params, "name"));
    return name && strcmp(name, MCP_REMEMBER) == 0;
}

/* Takes the result. */
static void reply(struct http_request *request, const struct mcp_message *message, json_t *result)
{
    struct http_answer answer = {.status = 200, .type = "application/json"};
    mcp_format_result(&answer.body, message, result);
    http_answer(request, &answer);
}

static json_t *closed_result(struct gate *gate)
{
    struct gate_state state = gate_why(gate);
    CLEANUP(free_json)
    json_t *value = json_pack("{s:s,s:s,s:b}", "cause", gate_reason_name(state.reason), "error",
                              state.text, "accepts_writes", 0);
    return mcp_text_result(value, true);
}

static json_t *result_of(const struct remember_call *call)
{
    CLEANUP(free_json) json_t *queued = NULL;
    switch (call->push.end) {
    case PUSH_QUEUED:
        queued = push_answer(&call->push);
        return mcp_text_result(queued, false);
    case PUSH_WRONG:
        return mcp_error_result(&call->push.error, NULL);
    case PUSH_CLOSED:
        break;
    }
    return closed_result(http_gate(call->request));
}

static void done(struct push *push)
{
    struct remember_call *call = (struct remember_call *)push;
    reply(call->request, &call->message, result_of(call));
    mcp_release(&call->message);
    free(call->body);
    free(call);
}

/* The gate is asked here as it is for the rows of the table of routes that write: it is the tool
 * that does, not the address. */
void mcp_remember(struct http_request *request, struct mcp_message *message)
{
    json_t *arguments = json_object_get(message->params, "arguments");
    struct gate_state state;
    if (!gate_admits(http_gate(request), &state)) {
        reply(request, message, closed_result(http_gate(request)));
        return;
    }
    struct remember_call *call = xcalloc(1, sizeof *call);
    call->request = request;
    call->message = *message;
    *message = (struct mcp_message){0};
    call->body = arguments ? json_dumps(arguments, JSON_COMPACT) : xstrdup("{}");
    call->push = (struct push){.op = json_object_get(arguments, "session") ? OBSERVATION_OBSERVE
                                                                           : OBSERVATION_NOTE,
                               .body = call->body,
                               .size = strlen(call->body),
                               .done = done};
    inbox_push(http_service(request)->inbox, &call->push);
}
