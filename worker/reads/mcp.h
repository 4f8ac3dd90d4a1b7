/* Model Context Protocol, revisions 2025-11-25 and 2026-07-28: messages in, messages out. */
#ifndef LATTICE_WORKER_READS_MCP_H
#define LATTICE_WORKER_READS_MCP_H

#include <jansson.h>
#include <stdbool.h>

#include "common/text.h"
#include "worker/reads/reader.h"

/* The newer one has no handshake: each request carries its version in `_meta`. */
#define MCP_MODERN "2026-07-28"
#define MCP_LEGACY "2025-11-25"

enum mcp_code {
    MCP_PARSE_ERROR = -32700,
    MCP_INVALID_REQUEST = -32600,
    MCP_METHOD_NOT_FOUND = -32601,
    MCP_INVALID_PARAMS = -32602,
    MCP_INTERNAL_ERROR = -32603,
    MCP_HEADER_MISMATCH = -32020,
    MCP_UNSUPPORTED_VERSION = -32022,
};

struct mcp_error {
    enum mcp_code code;
    char text[256];
    const char *requested; /* borrowed; of MCP_UNSUPPORTED_VERSION */
};

enum mcp_kind { MCP_REQUEST, MCP_NOTIFICATION, MCP_RESPONSE };

struct mcp_message {
    json_t *root; /* owned */
    enum mcp_kind kind;
    json_t *id;          /* borrowed from root, as the others; of a request */
    const char *method;  /* NULL: a response */
    json_t *params;      /* NULL: none */
    const char *version; /* from `_meta`; NULL: none */
    bool modern;         /* speaks a revision without a handshake */
    bool writing;        /* set by who took it: there is an inbox */
};

/* The headers that repeat what the body says; NULL: it was not sent. */
struct mcp_headers {
    const char *version;
    const char *method;
    const char *name;
};

/* One message; pure. False: *error. Caller releases, also on failure: `id` is set if it could be
 * read. */
bool mcp_decode(const char *text, size_t size, struct mcp_message *message,
                struct mcp_error *error);
void mcp_release(struct mcp_message *message);
/* Version, `_meta` and headers (NULL: not over HTTP) agree; pure. */
bool mcp_check(struct mcp_message *message, const struct mcp_headers *headers,
               struct mcp_error *error);

/* What needs no store: the handshake, discovery, lists, ping. Appends the whole reply and returns
 * true; false: it is a tool call, of which
 * mcp_is_remember says whether it writes. *unknown: there is no such method. */
bool mcp_answer(const struct mcp_message *message, struct buf *out, bool *unknown);
/* `tools/call`, with the reader of this thread. Appends the whole reply. */
void mcp_call(const struct mcp_message *message, struct reader *reader, int64_t timeout_ms,
              struct buf *out);
/* An error as a reply. `id` NULL: it is not known. */
void mcp_format_error(struct buf *out, json_t *id, const struct mcp_error *error);
/* A result (taken) as a reply. */
void mcp_format_result(struct buf *out, const struct mcp_message *message, json_t *result);

/* argv[0] is "mcp": serves stdin and stdout. The exit code. */
int command_mcp(int argc, char **argv);

#endif
