/* /mcp: one message per POST. */
#ifndef LATTICE_WORKER_READS_MCP_HTTP_H
#define LATTICE_WORKER_READS_MCP_HTTP_H

#include "worker/reads/http.h"

void mcp_http_serve(struct http_request *request);

#endif
