/* The operation `search`: one ranked list of pages over all stores. */
#ifndef LATTICE_WORKER_READS_SEARCH_H
#define LATTICE_WORKER_READS_SEARCH_H

#include "worker/reads/ops.h"
#include "worker/reads/request.h"
#include "worker/reads/search_filter.h"
#include "worker/reads/search_hits.h"
#include "worker/reads/search_plan.h"

/* Deeper pages would keep that many in memory. */
enum { SEARCH_OFFSET_MAX = 1000 };

/* Hits that are looked at before a search is bounded; for measurements: INT64_MAX looks at all. */
extern int64_t search_cost_max;

enum op_end search_run(struct reader *reader, json_t *args, json_t **answer, struct error *e);

/* A search while it runs. */
struct search {
    struct reader *reader;
    json_t *args;
    struct query query;
    struct plan plan;
    struct search_filter filter;
    struct hits hits;
    enum plan_mode mode;        /* of the hits */
    struct plan_match *matches; /* owned; of the mode, one per source */
    struct rank_seen *seen;     /* owned; the same */
    size_t seen_count;          /* of all of them */
    struct search_kept *kept;   /* owned; see search_keep; NULL: none */
    int64_t cost;               /* of all matches that are not kept */
    int slices;                 /* of each of their stores, if they cost too much */
    int64_t ties;               /* pages looked up for the order of their paths alone */
    bool approximate;
    bool with_hidden; /* also observations that were superseded or archived */
};

/* Looks up the terms in one store, and its words if they shall be remembered. */
CHECKED bool search_look_up(struct search *search, size_t at, struct rstore *store,
                            struct error *e);
/* Keeps the hits of a store that is going to be closed, if they are few. */
CHECKED bool search_keep(struct search *search, size_t at, struct rstore *store, struct error *e);
/* Are those of its match kept? They need not be looked for. */
bool search_is_kept(const struct search *search, size_t at);
void search_take_kept(struct search *search, size_t at);
void search_kept_release(struct search *search);
/* The answer's hits, behind the offset and one more than the limit: source, path, title, kind,
 * heading, chunk, snippet, marks, score, more_hits (of the same page), created_at, updated_at;
 * `superseded` where it is. */
json_t *search_list(struct search *search);

#endif
