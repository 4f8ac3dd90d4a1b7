/* The operations there are. */
#include "worker/reads/answer.h"
#include "worker/reads/ops.h"
#include "worker/reads/search.h"

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
    PARAM_LIMIT(10),
    PARAM_OFFSET(SEARCH_OFFSET_MAX),
};

const struct op ops[] = {
    {"search", "pages that match a query, the best first", search_params, COUNT_OF(search_params),
     search_run},
};
const size_t op_count = COUNT_OF(ops);
