/* The operation `links`: where a page leads, and which pages lead to it. */
#ifndef LATTICE_WORKER_READS_LINKS_H
#define LATTICE_WORKER_READS_LINKS_H

#include "worker/reads/ops.h"

enum { LINKS_OFFSET_MAX = 100000 };

/* `out` and `back`, each a list `links` with limit, offset, has_more:
 *   out   kind (wiki, markdown), target (as written), label, chunk, outside, path and title of the
 *         page in the same source that is meant, null if there is none
 *   back  path and title of the page that has the link, kind, target, label, chunk */
enum op_end links_run(struct reader *reader, json_t *args, json_t **answer, struct error *e);

#endif
