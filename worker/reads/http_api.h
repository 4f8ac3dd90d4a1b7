/* Routes that run an operation. */
#ifndef LATTICE_WORKER_READS_HTTP_API_H
#define LATTICE_WORKER_READS_HTTP_API_H

#include "worker/reads/http.h"

void api_serve(struct http_request *request);
void api_health(struct http_request *request);
void api_ready(struct http_request *request);

#endif
