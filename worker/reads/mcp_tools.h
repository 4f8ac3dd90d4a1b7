/* The tools that agents get. */
#ifndef LATTICE_WORKER_READS_MCP_TOOLS_H
#define LATTICE_WORKER_READS_MCP_TOOLS_H

#include <jansson.h>

#include "worker/reads/reader.h"

/* As in tools/list; caller owns. */
json_t *mcp_tools_list(void);
bool mcp_tool_known(const char *name);
/* A CallToolResult; caller owns. What goes wrong is one, too: with isError. */
json_t *mcp_tool_call(const char *name, json_t *arguments, struct reader *reader,
                      int64_t timeout_ms);

#endif
