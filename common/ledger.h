/* The ledger: runs, attempts and events of the supervisor, its only writer; readers open it too. */
#ifndef LATTICE_COMMON_LEDGER_H
#define LATTICE_COMMON_LEDGER_H

#include "common/clock.h"
#include "common/config.h"
#include "common/home.h"
#include "common/message.h"

/* Bounds: the newest events of all, the newest attempts of each source, and the newest invocations
 * beside those that such an attempt is of. */
#define LEDGER_EVENTS_MAX      100000
#define LEDGER_ATTEMPTS_MAX    1000
#define LEDGER_INVOCATIONS_MAX 1000

/* One worker that was started, or a source that was skipped. */
struct attempt {
    struct run_result result;
    int wave;
    int64_t ended_at; /* Unix seconds */
    int exit_code;    /* -1: none, it was ended by a signal or never started */
    int signal;       /* 0: none */
    char kill_stage[24];
    int64_t failures;        /* in a row, after it: see backoff.h */
    int64_t next_attempt_at; /* Unix seconds, 0: any time */
};

/* What is known of one source over all invocations. */
struct ledger_source {
    bool has_last;
    struct attempt last;     /* the newest, skipped ones too */
    int64_t attempts;        /* since the last success; skipped ones do not count */
    int64_t last_attempt_at; /* Unix seconds, 0: never; skipped ones do not count */
    int64_t last_success_at; /* Unix seconds, 0: never */
    int64_t failures;        /* invocations in a row that brought nothing */
    int64_t next_attempt_at; /* Unix seconds, 0: any time */
};

/* A page on which a run crashed, was killed or stalled; on two of them it is quarantined. Kept for
 * the newest LEDGER_PAGES_MAX of each source. */
#define LEDGER_QUARANTINE_AFTER 2
#define LEDGER_PAGES_MAX        200
struct blamed_page {
    struct page_name name;
    int64_t runs; /* that ended on it */
};
struct blamed_pages {
    struct blamed_page *pages; /* owned */
    size_t count;
};
void blamed_pages_release(struct blamed_pages *pages);
struct ledger_page {
    const char *source; /* borrowed, as the others */
    const char *path;
    const char *blob;
    int64_t at; /* Unix seconds */
};

/* What `retry` took away. */
struct ledger_retry {
    bool backoff;
    int64_t pages; /* blamed ones, quarantined or not */
};

/* One run of the supervisor. */
struct invocation {
    int64_t started_at;
    int64_t ended_at;
    int waves;
    int exit_code;
};

/* Names of events; the text of an event is a JSON object. */
#define EVENT_TYPE_RUN_STARTED  "run_started"
#define EVENT_TYPE_RUN_PROGRESS "run_progress"
#define EVENT_TYPE_RUN_FINISHED "run_finished"
#define EVENT_TYPE_SOURCE_FRESH "source_fresh"
#define EVENT_TYPE_SOURCE_STALE "source_stale"
struct ledger_event {
    int64_t seq; /* set by the ledger */
    int64_t at;  /* Unix seconds */
    const char *source;
    const char *type;
    const char *json;
};

struct ledger; /* one thread at a time */

/* For the running supervisor: makes it if it is missing. CAUSE_STORE. */
CHECKED bool ledger_open(const struct home *home, struct ledger **ledger, struct error *e);
/* Read-only; *ledger is NULL if there is none yet. */
CHECKED bool ledger_open_read(const struct home *home, struct ledger **ledger, struct error *e);
/* The same; `limit` (NULL: none) is borrowed for the ledger's life. */
CHECKED bool ledger_open_within(const struct home *home, const struct clock_limit *limit,
                                struct ledger **ledger, struct error *e);
/* See db_is_immutable: it is not for keeping. */
bool ledger_is_immutable(const struct ledger *ledger);
void ledger_close(struct ledger **ledger);

/* All-zero for a source that the ledger does not know. */
CHECKED bool ledger_read_source(struct ledger *ledger, const char *id, struct ledger_source *out,
                                struct error *e);
/* Events after `after`, oldest first, at most `limit`. The event is borrowed for the call. */
typedef void (*ledger_event_handler)(void *owner, const struct ledger_event *event);
struct ledger_range {
    int64_t after; /* a seq */
    int64_t limit;
};
CHECKED bool ledger_read_events(struct ledger *ledger, struct ledger_range range,
                                ledger_event_handler handle, void *owner, struct error *e);

/* The seqs of the oldest and the newest event; 0: there is none. */
CHECKED bool ledger_event_bounds(struct ledger *ledger, int64_t *oldest, int64_t *newest,
                                 struct error *e);

/* The newest first. Caller releases, also on failure. */
CHECKED bool ledger_read_blamed(struct ledger *ledger, const char *id, struct blamed_pages *pages,
                                struct error *e);

/* All that is read until ledger_roll_back is of one moment. */
CHECKED bool ledger_begin_read(struct ledger *ledger, struct error *e);

/* Writing: begin, any number of these, commit. After a failure, roll back. */
CHECKED bool ledger_begin(struct ledger *ledger, struct error *e);
CHECKED bool ledger_commit(struct ledger *ledger, struct error *e);
void ledger_roll_back(struct ledger *ledger);
CHECKED bool ledger_add_invocation(struct ledger *ledger, int64_t started_at, int64_t *id,
                                   struct error *e);
CHECKED bool ledger_end_invocation(struct ledger *ledger, int64_t id,
                                   const struct invocation *invocation, struct error *e);
CHECKED bool ledger_add_attempt(struct ledger *ledger, int64_t invocation, const char *source,
                                const struct attempt *attempt, struct error *e);
CHECKED bool ledger_blame_page(struct ledger *ledger, const struct ledger_page *page,
                               struct error *e);
/* Forgets backoff and blamed pages of a source; with `path` that page only. */
CHECKED bool ledger_retry(struct ledger *ledger, const char *source, const char *path,
                          struct ledger_retry *taken, struct error *e);
CHECKED bool ledger_add_event(struct ledger *ledger, const struct ledger_event *event,
                              struct error *e);

#endif
