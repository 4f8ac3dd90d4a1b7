/* The tools that agents get. */
#ifndef LATTICE_WORKER_READS_MCP_TOOLS_H
#define LATTICE_WORKER_READS_MCP_TOOLS_H

#include <jansson.h>

#include "worker/reads/reader.h"

/* As in tools/list; caller owns. `writing`: with the one that writes. */
json_t *mcp_tools_list(bool writing);
bool mcp_tool_known(const char *name, bool writing);
/* A CallToolResult; caller owns. What goes wrong is one, too: with isError. */
json_t *mcp_tool_call(const char *name, json_t *arguments, struct reader *reader,
                      int64_t timeout_ms);

/* `value` as a CallToolResult; borrowed. Caller owns. */
json_t *mcp_text_result(json_t *value, bool is_error);
/* `found`: what was found until then; borrowed, may be NULL. */
json_t *mcp_error_result(const struct error *e, json_t *found);

#endif
