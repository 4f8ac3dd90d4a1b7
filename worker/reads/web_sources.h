/* The operator's view: how every source stands, and what its last runs did. */
#ifndef LATTICE_WORKER_READS_WEB_SOURCES_H
#define LATTICE_WORKER_READS_WEB_SOURCES_H

#include "worker/reads/web_search.h"

enum { WEB_STRIP_RUNS = 24 };

/* `sources`: of the operation sources; `runs`: by the source's id, its last runs, newest first;
 * `missing`: why these are not all, "" if they are. */
struct web_sources_parts {
    const json_t *sources;
    const json_t *runs;
    const char *missing;
};
void web_sources(struct html *h, const struct web_asked *asked,
                 const struct web_sources_parts *parts);
/* One source: `sources` has it alone; `runs`: of the operation runs; `recent`: of recent, NULL if
 * its store did not answer. */
struct web_source_parts {
    const json_t *sources;
    const json_t *runs;
    const json_t *recent;
};
void web_source(struct html *h, const struct web_asked *asked,
                const struct web_source_parts *parts);

/* How good it is that a run or source has this status: "good", "busy", "some", "bad", "off". */
const char *web_tone(const char *status);
/* Runs as a picture, the newest at the right. */
void web_strip(struct html *h, const json_t *runs, int64_t now_s);

#endif
