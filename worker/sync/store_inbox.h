/* What agents pushed, in the store: observations, and the sessions they are of. */
#ifndef LATTICE_WORKER_SYNC_STORE_INBOX_H
#define LATTICE_WORKER_SYNC_STORE_INBOX_H

#include "common/observation.h"
#include "worker/sync/store_write.h"

/* A session that says nothing for so long is closed. */
#define INBOX_ORPHAN_MS (INT64_C(24) * 60 * 60 * 1000)

enum inbox_state { INBOX_OPEN, INBOX_ENDED, INBOX_ORPHANED };

/* Of a title: a better one replaces one of a lower rank. */
enum inbox_title { INBOX_TITLE_NAME, INBOX_TITLE_PROMPT, INBOX_TITLE_GIVEN };

struct inbox_session {
    int64_t page; /* 0: there is none */
    const char *name;
    char title[OBSERVATION_TITLE_BYTES + 1];
    enum inbox_title title_rank;
    char project[OBSERVATION_NAME_BYTES + 1]; /* "": not known, as the two below */
    char cwd[OBSERVATION_PATH_BYTES + 1];
    char agent[OBSERVATION_NAME_BYTES + 1];
    enum inbox_state state;
    int64_t size_bytes;
    int64_t position; /* of the next chunk */
    int64_t last_ms;  /* Unix milliseconds, of the last message */
};

/* A row of observation. Borrowed. */
struct inbox_row {
    const char *id;
    int64_t page;
    int64_t position; /* of its first chunk */
    int64_t chunks;
    enum observation_type type;
    int64_t at_ms;
    const char *project;
    const char *agent;
    const char *title;
    const char *detail;
};

/* All within a transaction but those that only read. */

/* session->page is 0 if there is none of that name. */
CHECKED bool store_inbox_session(struct store *store, const char *name,
                                 struct inbox_session *session, struct error *e);
/* The first message of a new one, whose page is there. */
CHECKED bool store_inbox_session_add(struct store *store, const struct inbox_session *session,
                                     struct error *e);
/* What is known of it now, and how many prompts and messages came. */
CHECKED bool store_inbox_session_set(struct store *store, const struct inbox_session *session,
                                     int64_t prompts, int64_t messages, struct error *e);

CHECKED bool store_inbox_known(struct store *store, const char *id, bool *known, struct error *e);
/* Adds it, with what came before it about its id; its chunks are there. */
CHECKED bool store_inbox_add(struct store *store, const struct inbox_row *row, struct error *e);
/* What became of it; of each the first stays. */
struct inbox_mark {
    const char *id;
    const char *superseded_by; /* NULL: not */
    int64_t archived_ms;       /* Unix milliseconds; 0: not */
};
/* Its chunks are hidden. One that has not come yet is marked once it comes. */
CHECKED bool store_inbox_mark(struct store *store, const struct inbox_mark *mark, struct error *e);
CHECKED bool store_inbox_tag(struct store *store, int64_t page, const char *tag, struct error *e);

/* Open sessions whose last message is older than `before_ms`. */
CHECKED bool store_inbox_silent(struct store *store, int64_t before_ms, int64_t *sessions,
                                struct error *e);
/* How many are closed as orphaned. */
CHECKED bool store_inbox_orphans(struct store *store, int64_t *sessions, struct error *e);
/* Closes up to `most` of the silent ones; *closed says how many. */
CHECKED bool store_inbox_close_silent(struct store *store, int64_t before_ms, int64_t most,
                                      int64_t *closed, struct error *e);

#endif
