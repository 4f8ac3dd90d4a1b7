/* Sessions of agents in the store: what views count, beside the page that holds their text. */
#ifndef LATTICE_WORKER_SYNC_STORE_SESSION_H
#define LATTICE_WORKER_SYNC_STORE_SESSION_H

#include "worker/sync/store_write.h"

struct session_tokens {
    int64_t input;
    int64_t output;
    int64_t cache_read;
    int64_t cache_creation;
};

/* Texts are borrowed; NULL counts as "not known". Times are Unix seconds, -1: not known. */
struct session_row {
    int64_t page; /* the row of its page */
    const char *uuid;
    const char *project; /* NULL: the last folder of cwd */
    const char *cwd;
    int64_t started_at;
    int64_t ended_at;
    int64_t duration_ms;
    int64_t prompts;
    int64_t messages;
    struct session_tokens tokens;
};

struct session_tool {
    const char *name;
    int64_t calls;
    int64_t errors;
};

/* What one model did on one day. */
struct session_use {
    const char *day; /* YYYY-MM-DD, UTC; "": not known */
    const char *model;
    int64_t messages;
    struct session_tokens tokens;
};

/* All within a transaction. A page that goes takes its session along. */

/* Puts the row of a session in place of what was there; its tools, models and repositories stay. */
CHECKED bool store_session_put(struct store *store, const struct session_row *row, struct error *e);
/* Takes away the tools, models and repositories of a session, to count anew. */
CHECKED bool store_session_reset(struct store *store, int64_t page, struct error *e);
/* These add to what is counted already. */
CHECKED bool store_session_tool(struct store *store, int64_t page, const struct session_tool *tool,
                                struct error *e);
CHECKED bool store_session_use(struct store *store, int64_t page, const struct session_use *use,
                               struct error *e);
/* A repository in which it worked; once is enough. */
CHECKED bool store_session_repo(struct store *store, int64_t page, const char *path,
                                const char *name, struct error *e);

#endif
