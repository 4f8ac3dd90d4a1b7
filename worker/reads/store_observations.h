/* Sessions and observations of a store, and how far its spool was imported, by row. */
#ifndef LATTICE_WORKER_READS_STORE_OBSERVATIONS_H
#define LATTICE_WORKER_READS_STORE_OBSERVATIONS_H

#include "worker/reads/store_pages.h"

/* All text in rows is borrowed for the call of the handler; "": not known. Of a store of a format
 * without observations there are no rows. */
struct session_row {
    int64_t page;
    const char *id;
    const char *path;
    const char *title;
    const char *project;
    const char *cwd;
    const char *agent;
    const char *state;  /* open, ended, orphaned */
    int64_t started_at; /* Unix seconds, 0: not known; as the next */
    int64_t ended_at;
    int64_t last_ms; /* Unix milliseconds */
};
struct observation_row {
    const char *id;
    const char *type;
    const char *project;
    const char *agent;
    const char *title;
    const char *detail; /* a JSON object: facts, concepts, files_read, files_modified */
    const char *text;   /* of its chunks */
    size_t text_size;
    const char *superseded_by; /* "" if it is not */
    int64_t at_ms;             /* Unix milliseconds, as the next */
    int64_t archived_ms;       /* 0: it is not */
    int64_t chunk;             /* the first one */
};
struct spool_row {
    const char *name;
    int64_t offset; /* in bytes */
    int64_t lines;
};

typedef void (*session_handler)(void *owner, const struct session_row *session);
typedef void (*observation_handler)(void *owner, const struct observation_row *observation);
typedef void (*spool_handler)(void *owner, const struct spool_row *file);

/* The last one first. NULL: any. */
struct session_range {
    const char *state;
    const char *project;
    int64_t limit;
};
CHECKED bool rstore_sessions(struct rstore *store, const struct session_range *range,
                             session_handler handle, void *owner, struct error *e);
CHECKED bool rstore_session(struct rstore *store, const char *id, session_handler handle,
                            void *owner, struct error *e);
/* In order. */
struct observation_range {
    int64_t page;
    int64_t offset;
    int64_t limit;
};
CHECKED bool rstore_observations(struct rstore *store, const struct observation_range *range,
                                 observation_handler handle, void *owner, struct error *e);
/* How many of each type a page has. */
CHECKED bool rstore_observation_types(struct rstore *store, int64_t page,
                                      void (*handle)(void *owner, const char *type, int64_t count),
                                      void *owner, struct error *e);
/* Is there any chunk that search leaves out unless it is asked for: of an observation that was
 * superseded or archived? */
CHECKED bool rstore_hides(struct rstore *store, bool *any, struct error *e);
/* Is this one of them? Only where there are any. */
CHECKED bool rstore_is_hidden(struct rstore *store, int64_t chunk, bool *hidden, struct error *e);
CHECKED bool rstore_spool_files(struct rstore *store, spool_handler handle, void *owner,
                                struct error *e);

#endif
