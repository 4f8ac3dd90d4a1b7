/* Reading and checking a message, writing a reply. JSON-RPC 2.0. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "common/version.h"
#include "worker/reads/http.h"
#include "worker/reads/mcp.h"

#define META_VERSION      "io.modelcontextprotocol/protocolVersion"
#define META_CAPABILITIES "io.modelcontextprotocol/clientCapabilities"
#define META_CLIENT       "io.modelcontextprotocol/clientInfo"
#define META_SERVER       "io.modelcontextprotocol/serverInfo"

static bool refuse(struct mcp_error *error, enum mcp_code code, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
static bool refuse(struct mcp_error *error, enum mcp_code code, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    vsnprintf(error->text, sizeof error->text, format, args);
    va_end(args);
    error->text[utf8_floor(error->text, strlen(error->text))] = '\0';
    error->code = code;
    return false;
}

/* --- reading --------------------------------------------------------------------------------- */

static const char *meta_text(const struct mcp_message *message, const char *key)
{
    return json_string_value(json_object_get(json_object_get(message->params, "_meta"), key));
}

static bool read_members(struct mcp_message *message, struct mcp_error *error)
{
    json_t *root = message->root;
    json_t *id = json_object_get(root, "id");
    json_t *method = json_object_get(root, "method");
    json_t *params = json_object_get(root, "params");
    const char *version = json_string_value(json_object_get(root, "jsonrpc"));
    if (json_is_string(id) || json_is_integer(id))
        message->id = id;
    if (!version || strcmp(version, "2.0") != 0)
        return refuse(error, MCP_INVALID_REQUEST, "jsonrpc must be \"2.0\"");
    if (id && !message->id)
        return refuse(error, MCP_INVALID_REQUEST, "id must be a text or a whole number");
    if (params && !json_is_object(params))
        return refuse(error, MCP_INVALID_REQUEST, "params must be an object");
    if (!method) {
        message->kind = MCP_RESPONSE;
        return json_object_get(root, "result") || json_object_get(root, "error") ||
               refuse(error, MCP_INVALID_REQUEST, "method is missing");
    }
    if (!json_is_string(method))
        return refuse(error, MCP_INVALID_REQUEST, "method must be a text");
    message->method = json_string_value(method);
    message->params = params;
    message->kind = id ? MCP_REQUEST : MCP_NOTIFICATION;
    message->version = meta_text(message, META_VERSION);
    return true;
}

bool mcp_decode(const char *text, size_t size, struct mcp_message *message, struct mcp_error *error)
{
    json_error_t where;
    *message = (struct mcp_message){0};
    message->root = json_loadb(text, size, JSON_REJECT_DUPLICATES, &where);
    if (!message->root)
        return refuse(error, MCP_PARSE_ERROR, "not JSON: line %d: %s", where.line, where.text);
    if (json_is_array(message->root))
        return refuse(error, MCP_INVALID_REQUEST, "send one message at a time, not a list");
    if (!json_is_object(message->root))
        return refuse(error, MCP_INVALID_REQUEST, "a message is an object");
    return read_members(message, error);
}

void mcp_release(struct mcp_message *message)
{
    json_decref(message->root);
    *message = (struct mcp_message){0};
}

/* --- checking -------------------------------------------------------------------------------- */

static bool same(const char *a, const char *b)
{
    return a && b && strcmp(a, b) == 0;
}

static int base64_digit(char c)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const char *at = c ? strchr(digits, c) : NULL;
    return at ? (int)(at - digits) : -1;
}

/* `=?base64?...?=` is what it stands for; anything else is itself. False: it is not well-formed. */
static bool header_means(const char *header, struct buf *out)
{
    static const char prefix[] = "=?base64?";
    size_t size = strlen(header);
    buf_add(out, "", 0);
    if (size < 11 || strncmp(header, prefix, 9) != 0 || strcmp(header + size - 2, "?=") != 0) {
        buf_add_text(out, header);
        return true;
    }
    size_t length = size - 11;
    unsigned bits = 0;
    const char *text = header + 9;
    if (length % 4 != 0)
        return false;
    while (length > 0 && text[length - 1] == '=')
        length--;
    for (size_t i = 0; i < length; i++) {
        int digit = base64_digit(text[i]);
        if (digit < 0)
            return false;
        bits = bits << 6 | (unsigned)digit;
        if (i % 4 != 0)
            buf_add_byte(out, (char)(bits >> (6 - 2 * (i % 4))));
    }
    return true;
}

static bool name_matches(const char *header, const char *name)
{
    struct buf meant = {0};
    bool ok = header && name && header_means(header, &meant) && same(meant.data, name);
    buf_release(&meant);
    return ok;
}

static bool check_headers(const struct mcp_message *message, const struct mcp_headers *headers,
                          struct mcp_error *error)
{
    const char *name = json_string_value(json_object_get(message->params, "name"));
    if (!same(headers->version, message->version))
        return refuse(error, MCP_HEADER_MISMATCH,
                      "MCP-Protocol-Version is \"%s\", _meta says \"%s\"",
                      headers->version ? headers->version : "", message->version);
    if (!same(headers->method, message->method))
        return refuse(error, MCP_HEADER_MISMATCH, "Mcp-Method is \"%s\", the method is \"%s\"",
                      headers->method ? headers->method : "", message->method);
    if (strcmp(message->method, "tools/call") == 0 && !name_matches(headers->name, name))
        return refuse(error, MCP_HEADER_MISMATCH, "Mcp-Name is \"%s\", the tool is \"%s\"",
                      headers->name ? headers->name : "", name ? name : "");
    return true;
}

static bool unsupported(struct mcp_error *error, const char *version)
{
    error->requested = version;
    return refuse(error, MCP_UNSUPPORTED_VERSION, "Unsupported protocol version");
}

static bool check_modern(struct mcp_message *message, const struct mcp_headers *headers,
                         struct mcp_error *error)
{
    json_t *meta = json_object_get(message->params, "_meta");
    json_t *client = json_object_get(meta, META_CLIENT);
    if (!message->version)
        return refuse(error, MCP_INVALID_PARAMS, "_meta: %s is missing", META_VERSION);
    if (headers && !check_headers(message, headers, error))
        return false;
    if (!same(message->version, MCP_MODERN))
        return unsupported(error, message->version);
    if (!json_is_object(json_object_get(meta, META_CAPABILITIES)))
        return refuse(error, MCP_INVALID_PARAMS, "_meta: %s is missing", META_CAPABILITIES);
    return !client || json_is_object(client) ||
           refuse(error, MCP_INVALID_PARAMS, "_meta: %s must be an object", META_CLIENT);
}

bool mcp_check(struct mcp_message *message, const struct mcp_headers *headers,
               struct mcp_error *error)
{
    const char *told = headers ? headers->version : NULL;
    if (message->kind == MCP_RESPONSE)
        return true;
    message->modern = message->version || same(told, MCP_MODERN);
    if (message->modern && message->kind == MCP_REQUEST)
        return check_modern(message, headers, error);
    /* Before the handshake there is no version; what it was in 2025 is close enough to ours. */
    if (told && !message->modern && !same(told, MCP_LEGACY) && !same(told, "2025-06-18"))
        return unsupported(error, told);
    return true;
}

/* --- writing --------------------------------------------------------------------------------- */

void mcp_format_error(struct buf *out, json_t *id, const struct mcp_error *error)
{
    struct buf clean = {0};
    utf8_sanitize(&clean, error->text, strlen(error->text));
    json_t *body =
        json_pack("{s:i,s:s}", "code", (int)error->code, "message", clean.size ? clean.data : "");
    if (error->code == MCP_UNSUPPORTED_VERSION)
        json_object_set_new(body, "data",
                            json_pack("{s:[s,s],s:s}", "supported", MCP_MODERN, MCP_LEGACY,
                                      "requested", error->requested ? error->requested : ""));
    json_t *reply = json_pack("{s:s}", "jsonrpc", "2.0");
    if (id)
        json_object_set(reply, "id", id);
    json_object_set_new(reply, "error", body);
    json_format(out, reply);
    json_decref(reply);
    buf_release(&clean);
}

void mcp_format_result(struct buf *out, const struct mcp_message *message, json_t *result)
{
    if (message->modern) {
        json_object_set_new(result, "resultType", json_string("complete"));
        json_object_set_new(result, "_meta",
                            json_pack("{s:{s:s,s:s}}", META_SERVER, "name", "lattice-reads",
                                      "version", LATTICE_VERSION));
    }
    json_t *reply =
        json_pack("{s:s,s:O,s:o}", "jsonrpc", "2.0", "id", message->id, "result", result);
    json_format(out, reply);
    json_decref(reply);
}
