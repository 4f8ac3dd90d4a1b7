/* The operations `sessions`, `session` and `queue`: what agents pushed, and what is on its way. */
#ifndef LATTICE_WORKER_READS_SESSIONS_H
#define LATTICE_WORKER_READS_SESSIONS_H

#include "worker/reads/ops.h"

/* Deeper lists would keep that many in memory. */
enum { SESSIONS_OFFSET_MAX = 1000, OBSERVATIONS_OFFSET_MAX = 1000000 };

enum op_end sessions_run(struct reader *reader, json_t *args, json_t **answer, struct error *e);
enum op_end session_run(struct reader *reader, json_t *args, json_t **answer, struct error *e);
enum op_end queue_run(struct reader *reader, json_t *args, json_t **answer, struct error *e);

#endif
