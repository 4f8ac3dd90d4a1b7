/* The tool `remember`: an agent writes an observation, or a note of no session. */
#ifndef LATTICE_WORKER_READS_MCP_REMEMBER_H
#define LATTICE_WORKER_READS_MCP_REMEMBER_H

#include "worker/reads/http.h"
#include "worker/reads/mcp.h"

#define MCP_REMEMBER "remember"

/* As in tools/list; caller owns. */
json_t *mcp_remember_tool(void);
bool mcp_is_remember(const struct mcp_message *message);
/* Takes the message; its reply comes when what it brings is on the disk. */
void mcp_remember(struct http_request *request, struct mcp_message *message);

#endif
