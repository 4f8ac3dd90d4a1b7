/* The methods that there are. */
#include <stdio.h>
#include <string.h>

#include "common/version.h"
#include "worker/reads/mcp.h"
#include "worker/reads/mcp_tools.h"

/* The tools do not change while a version is installed. */
#define LIST_TTL_MS 3600000

#define INSTRUCTIONS                                                                               \
    "Searches and reads synced notes, docs and sessions. search gives hits with ids; read takes "  \
    "ids. `fresh_s` is how many seconds ago a source was last known to be up to date; null: "      \
    "never."

static json_t *server_info(void)
{
    return json_pack("{s:s,s:s}", "name", "lattice-reads", "version", LATTICE_VERSION);
}

static json_t *answer_initialize(const struct mcp_message *message)
{
    const char *asked = json_string_value(json_object_get(message->params, "protocolVersion"));
    /* 2025-06-18 differs in nothing that is used here. */
    bool older = asked && strcmp(asked, "2025-06-18") == 0;
    return json_pack("{s:s,s:{s:{}},s:o,s:s}", "protocolVersion", older ? asked : MCP_LEGACY,
                     "capabilities", "tools", "serverInfo", server_info(), "instructions",
                     INSTRUCTIONS);
}

static json_t *answer_ping(const struct mcp_message *message)
{
    (void)message;
    return json_object();
}

static json_t *cached(const struct mcp_message *message, json_t *result)
{
    if (message->modern) {
        json_object_set_new(result, "ttlMs", json_integer(LIST_TTL_MS));
        json_object_set_new(result, "cacheScope", json_string("public"));
    }
    return result;
}

static json_t *answer_discover(const struct mcp_message *message)
{
    return cached(message, json_pack("{s:[s,s],s:{s:{}},s:o,s:s}", "supportedVersions", MCP_MODERN,
                                     MCP_LEGACY, "capabilities", "tools", "serverInfo",
                                     server_info(), "instructions", INSTRUCTIONS));
}

static json_t *answer_list(const struct mcp_message *message)
{
    return cached(message, json_pack("{s:o}", "tools", mcp_tools_list(message->writing)));
}

static const struct {
    const char *name;
    bool legacy;
    bool modern;
    json_t *(*answer)(const struct mcp_message *message); /* NULL: tools/call */
} methods[] = {
    {"initialize", true, false, answer_initialize},
    {"ping", true, false, answer_ping},
    {"server/discover", false, true, answer_discover},
    {"tools/list", true, true, answer_list},
    {"tools/call", true, true, NULL},
};

static void refuse(const struct mcp_message *message, struct buf *out, enum mcp_code code,
                   const char *text)
{
    struct mcp_error error = {.code = code};
    snprintf(error.text, sizeof error.text, "%s", text);
    mcp_format_error(out, message->id, &error);
}

/* What is wrong with a tool call before a thread takes it; NULL: nothing. */
static const char *check_call(const struct mcp_message *message)
{
    const char *name = json_string_value(json_object_get(message->params, "name"));
    json_t *arguments = json_object_get(message->params, "arguments");
    if (!name || !mcp_tool_known(name, message->writing))
        return "Unknown tool: tools/list names those that there are";
    return arguments && !json_is_object(arguments) ? "arguments must be an object" : NULL;
}

bool mcp_answer(const struct mcp_message *message, struct buf *out, bool *unknown)
{
    *unknown = false;
    for (size_t i = 0; i < sizeof methods / sizeof *methods; i++) {
        if (strcmp(methods[i].name, message->method) != 0 ||
            !(message->modern ? methods[i].modern : methods[i].legacy))
            continue;
        const char *wrong = methods[i].answer ? NULL : check_call(message);
        if (wrong)
            refuse(message, out, MCP_INVALID_PARAMS, wrong);
        else if (methods[i].answer)
            mcp_format_result(out, message, methods[i].answer(message));
        else
            return false;
        return true;
    }
    *unknown = true;
    refuse(message, out, MCP_METHOD_NOT_FOUND, "Method not found");
    return true;
}

void mcp_call(const struct mcp_message *message, struct reader *reader, int64_t timeout_ms,
              struct buf *out)
{
    const char *name = json_string_value(json_object_get(message->params, "name"));
    json_t *arguments = json_object_get(message->params, "arguments");
    mcp_format_result(out, message, mcp_tool_call(name, arguments, reader, timeout_ms));
}
