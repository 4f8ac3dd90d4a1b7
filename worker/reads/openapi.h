/* The OpenAPI document, made from the routes and the operations. OpenAPI 3.1. */
#ifndef LATTICE_WORKER_READS_OPENAPI_H
#define LATTICE_WORKER_READS_OPENAPI_H

#include <jansson.h>

#include "worker/reads/http.h"
#include "worker/reads/ops.h"

/* `writing`: with the routes that write. Caller owns. */
json_t *openapi_document(bool writing);
void openapi_serve(struct http_request *request);

/* A parameter as a JSON Schema; caller owns. */
json_t *op_param_schema(const struct op_param *param);

#endif
