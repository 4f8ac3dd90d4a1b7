/* What agents pushed: the list of sessions, and one of them with its observations. */
#ifndef LATTICE_WORKER_READS_WEB_SESSIONS_H
#define LATTICE_WORKER_READS_WEB_SESSIONS_H

#include "worker/reads/web_search.h"

/* `sessions`: of the operation sessions; `queue`: of queue, NULL if it failed. */
void web_sessions(struct html *h, const struct web_asked *asked, const json_t *sessions,
                  const json_t *queue);
/* `session`: of the operation session; `queue`: the same, of its source. */
void web_session(struct html *h, const struct web_asked *asked, const json_t *session,
                 const json_t *queue);

#endif
