/* Views over sessions of all sources that have some, put together. */
#ifndef LATTICE_WORKER_READS_VIEWS_H
#define LATTICE_WORKER_READS_VIEWS_H

#include "worker/reads/ops.h"

enum { VIEW_OFFSET_MAX = 1000000 };

/* views: a list of name, about, columns, rows, rebuilt_at (the oldest of the sources'). */
enum op_end views_run(struct reader *reader, json_t *args, json_t **answer, struct error *e);
/* view: name, columns, `rows` as objects, `rebuilt`: source, rebuilt_at, rows. Without a name it
 * is the list. */
enum op_end view_run(struct reader *reader, json_t *args, json_t **answer, struct error *e);

#endif
