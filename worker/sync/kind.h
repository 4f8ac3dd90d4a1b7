/* A kind of source: a struct of functions in its own file. */
/* The phases, the deadline, the lock, the fence and the outcome rules are the same for all
 * (sync.c). */
#ifndef LATTICE_WORKER_SYNC_KIND_H
#define LATTICE_WORKER_SYNC_KIND_H

#include "common/config.h"
#include "common/home.h"
#include "worker/sync/store_plan.h"

struct sync;

/* How a phase ended: done, cut by a soft stop, or failed with `e` filled. */
enum step { STEP_DONE, STEP_STOPPED, STEP_FAILED };

enum not_followed { SKIPPED_SYMLINK, SKIPPED_SUBMODULE };

/* What a kind hands to the plan. `path` has no leading '/'; the filters are the caller's. */
struct listing {
    void *context;
    /* One entry; for a listing by change `blob` NULL means that it is gone. */
    bool (*entry)(void *context, const char *path, size_t path_size, const char *blob,
                  struct error *e);
    /* A symlink or a submodule: not followed, counted. `delta` is 1, or -1 where one went. */
    void (*skipped)(void *context, enum not_followed what, const char *path, int delta);
};

enum content {
    CONTENT_PAGE,
    CONTENT_TOO_LARGE,
    CONTENT_MISSING, /* the source names it and does not have it */
    CONTENT_MOVED,   /* it went or changed all the while it was read: another run's */
    CONTENT_CLOSED,  /* it is there and cannot be read: `bytes` says why, for people */
};

struct blob_content {
    enum content content;
    const char *bytes; /* borrowed until the next read */
    size_t size;       /* of the blob, also where it is too large */
    const char *blob; /* the id of these bytes, if they are newer than what was listed; else NULL */
};

struct source_kind {
    const char *name;
    /* Learns the source's head: allocates the kind's state into *state, sets *head (owned by the
     * caller) to a name of the exact state of the source, NULL never, and gets what list and
     * changes need unless sync_would_be_unchanged(). Moves nothing in the store. */
    enum step (*fetch)(struct sync *sync, void **state, char **head, struct error *e);
    /* The whole source at the head, in BINARY order of the paths. */
    enum step (*list)(void *state, struct listing *to, struct error *e);
    /* What differs between the bookmark and the head; *usable false: the bookmark's state cannot be
     * compared (history rewritten, objects missing), use list. */
    enum step (*changes)(void *state, const char *bookmark, struct listing *to, bool *usable,
                         struct error *e);
    /* Makes sure that the content of a block can be read (downloads it). May be NULL. */
    enum step (*prepare)(void *state, const struct plan_block *block, struct error *e);
    /* Asks for the content of a block ahead; the last block says that nothing follows. */
    bool (*request)(void *state, const struct plan_block *block, bool last, struct error *e);
    /* The content of the next item asked for, in order. */
    enum step (*read)(void *state, int64_t max_bytes, struct blob_content *content,
                      struct error *e);
    /* After a failure with CAUSE_BAD_DATA: can the kind start over from a clean copy of its own?
     * True: the run goes on with `fetch`. NULL: never. */
    bool (*recover)(void *state, struct error *e);
    /* The store now equals the head: pin it, drop what is not needed any more. May be NULL. */
    bool (*settled)(void *state, struct error *e);
    /* Behind the page of a content in the transaction in hand: what the kind derives from it. May
     * be NULL. */
    bool (*stored)(void *state, struct store *store, int64_t page,
                   const struct blob_content *content, struct error *e);
    /* For a kind whose pages are not listed: does the whole import, in batches (batch.h), and
     * counts in sync->now. Then list, changes, prepare, request, read and stored are NULL. */
    enum step (*import)(struct sync *sync, void *state, struct error *e);
    /* Ends children and frees; NULL-safe. */
    void (*release)(void *state);
    /* Its pages are sessions (store_session.h): views are made of them before the bookmark. */
    bool sessions;
    /* What it gave stands nowhere else once it is imported: no store of it is thrown away. */
    bool keeps;
    /* Somebody waits to find what it brings: its workers do not stand behind (priority.h). */
    bool waited_for;
    /* What it counts as left to import, for people; NULL: pages. */
    const char *items;
};

extern const struct source_kind kind_git;
extern const struct source_kind kind_dir;
extern const struct source_kind kind_recall;
extern const struct source_kind kind_feed;
extern const struct source_kind kind_log;
extern const struct source_kind kind_inbox;
/* NULL if this version does not know it. */
const struct source_kind *kind_find(const char *name);

/* What a kind may know of the run. */
const struct source_config *sync_source(const struct sync *sync);
const struct home *sync_home(const struct sync *sync);
/* What the store equalled last, and what a run that was cut was on its way to; NULL for none. */
const char *sync_bookmark(const struct sync *sync);
const char *sync_target(const struct sync *sync);
/* Is there nothing to do if the source's head is `head`? */
bool sync_would_be_unchanged(const struct sync *sync, const char *head);
/* Is this the first try of a run with `--full`? What was noted of the source is to be found anew.
 */
bool sync_begins_full(const struct sync *sync);
/* Progress of a long step: `done` of `total` (-1: not known) units. Refreshes the lock row at most
 * once a second; false with `e` filled if the lock was lost. */
CHECKED bool sync_progress(struct sync *sync, int64_t done, int64_t total, struct error *e);
/* The same for a download, whatever the phase: `done` of `total` objects. */
CHECKED bool sync_fetching(struct sync *sync, int64_t done, int64_t total, struct error *e);
/* Commits the transaction in hand, if there is one: before anything that may take long. */
CHECKED bool sync_commit(struct sync *sync, struct error *e);
/* Something durable was gained outside the store (a pack in the mirror). */
void sync_banked(struct sync *sync);
/* The content was asked for at `unix_s`, before this run began: the store is no fresher than that.
 */
void sync_read_at(struct sync *sync, int64_t unix_s);
/* For a kind whose source forgets: the pages that the store has. */
struct kept_sink {
    /* `text` is the page as it was imported; empty if nobody will ask for it, since the page is as
     * this run would make it. Good until the call ends. */
    bool (*page)(void *context, const char *path, const char *blob, const struct buf *text,
                 struct error *e);
    void *context;
};
CHECKED bool sync_kept_pages(struct sync *sync, const struct kept_sink *sink, struct error *e);
/* Does the store have this content at this path, be it as what cannot be a page? */
CHECKED bool sync_has_page(struct sync *sync, const char *path, const char *blob, bool *has,
                           struct error *e);
/* What a kind noted at its last run that came to its end; NULL if it did not. Caller frees. */
CHECKED bool sync_memo(struct sync *sync, const char *key, char **value, struct error *e);
/* Notes `value` (NULL: nothing any more) under `key`, in the transaction that makes the bookmark or
 * finds it unchanged: an ETag is never known without what it stands for. */
void sync_remember(struct sync *sync, const char *key, const char *value);

#endif
