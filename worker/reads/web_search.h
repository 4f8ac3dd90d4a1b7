/* The search page: hits, or what changed last where nothing was asked. */
#ifndef LATTICE_WORKER_READS_WEB_SEARCH_H
#define LATTICE_WORKER_READS_WEB_SEARCH_H

#include "worker/reads/web_frame.h"

/* Everything borrowed. */
struct web_asked {
    const char *query;
    const char *source; /* "" : everywhere */
    int64_t now_s;
    bool fragment;
};
/* `answer`: of the operation search. `late`: its deadline came, this is what was found until then;
 * then it may be NULL. */
void web_search(struct html *h, const struct web_asked *asked, const json_t *answer, bool late);
/* `answer`: of the operation recent. */
void web_start(struct html *h, const struct web_asked *asked, const json_t *answer);

/* A list of pages, as `recent` has them. */
void web_recent_list(struct html *h, const json_t *pages, int64_t now_s);
/* One sentence for each source that did not answer. */
void web_silent_sources(struct html *h, const json_t *answer);

#endif
