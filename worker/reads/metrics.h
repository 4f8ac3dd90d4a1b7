/* /metrics: how the service does, for Prometheus (text format 0.0.4). */
#ifndef LATTICE_WORKER_READS_METRICS_H
#define LATTICE_WORKER_READS_METRICS_H

#include "worker/reads/http.h"

void metrics_serve(struct http_request *request);

#endif
