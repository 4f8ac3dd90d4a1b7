/* The operations there are. */
#include "common/observation.h"
#include "worker/reads/answer.h"
#include "worker/reads/links.h"
#include "worker/reads/ops.h"
#include "worker/reads/pages.h"
#include "worker/reads/search.h"
#include "worker/reads/sessions.h"
#include "worker/reads/sources.h"
#include "worker/reads/views.h"

enum { TEXT_MAX = 4096, ID_MAX = 64, COUNT_OF_IDS_MAX = 64 };

#define COUNT_OF(array) (sizeof(array) / sizeof *(array))

#define PARAM_SOURCES                                                                              \
    {                                                                                              \
        "source", OP_LIST, false, 1, ID_MAX, 0, "only in this source; repeatable"                  \
    }
#define PARAM_KIND                                                                                 \
    {                                                                                              \
        "kind", OP_TEXT, false, 1, ID_MAX, 0, "only in sources of this kind, such as git"          \
    }
#define PARAM_LIMIT(fallback)                                                                      \
    {                                                                                              \
        "limit", OP_COUNT, false, 1, PAGING_LIMIT_MAX, fallback, "at most so many"                 \
    }
#define PARAM_OFFSET(most)                                                                         \
    {                                                                                              \
        "offset", OP_COUNT, false, 0, most, 0, "leave out so many at the beginning"                \
    }

static const struct op_param search_params[] = {
    {"query", OP_TEXT, true, 1, QUERY_MAX_BYTES, 0,
     "words, all of them; \"a phrase\", -without, pre*, *part*, this OR that"},
    PARAM_SOURCES,
    PARAM_KIND,
    {"tag", OP_TEXT, false, 1, TEXT_MAX, 0, "only pages with this tag"},
    {"path", OP_TEXT, false, 1, TEXT_MAX, 0, "only pages whose path matches, as in .gitignore"},
    {"since", OP_TIME, false, 0, 0, 0, "only pages that came or changed at or after this"},
    {"until", OP_TIME, false, 0, 0, 0, "only pages that came or changed before this"},
    {"superseded", OP_FLAG, false, 0, 0, 0, "also observations that were superseded or archived"},
    PARAM_LIMIT(10),
    PARAM_OFFSET(SEARCH_OFFSET_MAX),
};

#define PARAM_PAGE                                                                                 \
    {"source", OP_TEXT, true, 1, ID_MAX, 0, "the source's id"},                                    \
    {                                                                                              \
        "path", OP_TEXT, true, 1, TEXT_MAX, 0, "the page's path in it"                             \
    }

static const struct op_param page_params[] = {PARAM_PAGE};

static const struct op_param context_params[] = {
    PARAM_PAGE,
    {"around", OP_COUNT, true, 0, INT32_MAX, 0, "a chunk's number, as hits have it"},
    {"before", OP_COUNT, false, 0, CONTEXT_CHUNKS_MAX, 1, "so many chunks before it"},
    {"after", OP_COUNT, false, 0, CONTEXT_CHUNKS_MAX, 1, "so many chunks behind it"},
};

static const struct op_param links_params[] = {
    PARAM_PAGE,
    PARAM_LIMIT(PAGING_LIMIT_MAX),
    PARAM_OFFSET(LINKS_OFFSET_MAX),
};

static const struct op_param recent_params[] = {
    PARAM_SOURCES,
    PARAM_KIND,
    PARAM_LIMIT(20),
    PARAM_OFFSET(RECENT_OFFSET_MAX),
};

static const struct op_param sources_params[] = {PARAM_SOURCES, PARAM_KIND};

static const struct op_param runs_params[] = {
    {"source", OP_TEXT, false, 1, ID_MAX, 0, "only of this source"},
    PARAM_LIMIT(20),
    PARAM_OFFSET(RUNS_OFFSET_MAX),
};

static const struct op_param view_params[] = {
    {"name", OP_TEXT, false, 1, ID_MAX, 0, "the view's name; none: which there are"},
    PARAM_SOURCES,
    PARAM_KIND,
    PARAM_LIMIT(20),
    PARAM_OFFSET(VIEW_OFFSET_MAX),
};

static const struct op_param sessions_params[] = {
    PARAM_SOURCES,
    {"state", OP_TEXT, false, 1, ID_MAX, 0, "only these: open, ended or orphaned"},
    {"project", OP_TEXT, false, 1, TEXT_MAX, 0, "only sessions of this project"},
    PARAM_LIMIT(20),
    PARAM_OFFSET(SESSIONS_OFFSET_MAX),
};

static const struct op_param session_params[] = {
    {"id", OP_TEXT, true, 1, OBSERVATION_SESSION_BYTES, 0, "the session's id"},
    PARAM_SOURCES,
    PARAM_LIMIT(PAGING_LIMIT_MAX),
    PARAM_OFFSET(OBSERVATIONS_OFFSET_MAX),
};

static const struct op_param queue_params[] = {PARAM_SOURCES};

const struct op ops[] = {
    {"search", "pages that match a query, the best first", search_params, COUNT_OF(search_params),
     search_run},
    {"page", "a page, as its chunks in order", page_params, COUNT_OF(page_params), page_run},
    {"context", "the chunks of a page around one of them", context_params, COUNT_OF(context_params),
     context_run},
    {"links", "where a page leads, and which pages lead to it", links_params,
     COUNT_OF(links_params), links_run},
    {"recent", "pages that came or changed last", recent_params, COUNT_OF(recent_params),
     recent_run},
    {"sources", "how every source stands: status, freshness, counts, last run", sources_params,
     COUNT_OF(sources_params), sources_run},
    {"runs", "past runs, the newest first", runs_params, COUNT_OF(runs_params), runs_run},
    {"stats", "what the stores hold", sources_params, COUNT_OF(sources_params), stats_run},
    {"views", "what there is of views over sessions of agents", sources_params,
     COUNT_OF(sources_params), views_run},
    {"sessions", "sessions that agents pushed, the last one first", sessions_params,
     COUNT_OF(sessions_params), sessions_run},
    {"session", "one session, with its observations in order", session_params,
     COUNT_OF(session_params), session_run},
    {"queue", "what was pushed and is not in a store yet", queue_params, COUNT_OF(queue_params),
     queue_run},
    {"view", "a view over sessions of agents, of all sources together", view_params,
     COUNT_OF(view_params), view_run},
};
const size_t op_count = COUNT_OF(ops);
