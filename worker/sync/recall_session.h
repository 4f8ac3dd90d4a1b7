/* A session as repo-recall tells of it, and the page that it becomes; pure, bounded, fuzzed. */
#ifndef LATTICE_WORKER_SYNC_RECALL_SESSION_H
#define LATTICE_WORKER_SYNC_RECALL_SESSION_H

#include <jansson.h>

#include "common/text.h"
#include "worker/sync/store_session.h"

/* More of one session are left out. */
enum { RECALL_NAMES_MAX = 200 };
/* Of session_uuid, and of a name of a tool, a model or a repository. */
enum { RECALL_NAME_MAX_BYTES = 200 };

/* Borrowed from the session's `json`, not NUL-terminated: a JSON string may hold U+0000. */
struct recall_text {
    const char *at; /* NULL: not there */
    size_t size;
};

struct recall_count {
    struct recall_text name;
    int64_t calls;
    int64_t errors;
};

struct recall_repo {
    struct recall_text name;
    struct recall_text path;
};

/* Lists are sorted and without doubles: their order in the answer means nothing, and may change
 * from scan to scan. Times are Unix seconds, -1: not known; counts at least 0. */
struct recall_session {
    json_t *json;   /* owned */
    json_t *counts; /* owned; what was in tool_call_counts_json; NULL: nothing of use */
    json_t *stops;  /* owned; the same of stop_reason_counts_json */
    char *said;     /* owned; memory of the prompt */
    struct recall_text uuid;
    struct recall_text cwd;
    struct recall_text log;
    struct recall_text prompt; /* without its <private> blocks */
    int64_t started_at;
    int64_t ended_at;
    int64_t duration_ms;
    int64_t messages;
    int64_t prompts;
    int64_t answers;
    struct session_tokens tokens;
    struct recall_text models[RECALL_NAMES_MAX];
    size_t model_count;
    struct recall_count tools[RECALL_NAMES_MAX];
    size_t tool_count;
    struct recall_count reasons[RECALL_NAMES_MAX]; /* why its turns stopped; `calls` times */
    size_t reason_count;
    struct recall_repo repos[RECALL_NAMES_MAX];
    size_t repo_count;
};

/* Reads `{"session":{...},"repos":[[id,"name","/path"],...]}`. CAUSE_BAD_DATA if it is no such
 * object or has no session_uuid; what else is missing or of another type counts as not known.
 * Release it always. */
CHECKED bool recall_session_parse(const char *bytes, size_t size, struct recall_session *session,
                                  struct error *e);
void recall_session_release(struct recall_session *session);

/* Where its page is: `<uuid>.md`, with `%XX` for what is not at home in a path. */
void recall_session_path(const struct recall_session *session, struct buf *path);
/* Appends the page's Markdown. Everything that store_session keeps of it is in there too: who
 * compares pages misses no change. */
void recall_session_page(const struct recall_session *session, struct buf *page);
/* The name under which its tokens are counted: its model, or all of them, since nobody knows what
 * each of them used; "unknown" if it has none. */
void recall_session_model(const struct recall_session *session, struct buf *name);

#endif
