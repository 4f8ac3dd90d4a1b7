/* One source in one invocation: its limits, what is known of it, what its runs did. */
#ifndef LATTICE_SUPERVISOR_TASK_H
#define LATTICE_SUPERVISOR_TASK_H

#include "common/config.h"
#include "common/ledger.h"
#include "common/status.h"
#include "common/store_view.h"
#include "supervisor/backoff.h"
#include "supervisor/child.h"
#include "supervisor/options.h"
#include "supervisor/schedule.h"

struct news;
struct run;

/* Where its worker stands, for the live line and the progress events. */
struct task_progress {
    char phase[16];
    int64_t done;
    int64_t total;
    int64_t phase_done;  /* `done` when the phase began */
    int64_t phase_at_ms; /* and when that was */
    int64_t at_ms;       /* the last progress, or the start */
    int64_t event_at_ms; /* the last progress event; 0: none */
};

struct task {
    struct run *run;                    /* borrowed */
    const struct source_config *source; /* borrowed */
    bool shown;                         /* in the table */
    bool selected;                      /* the first wave takes it */
    bool queued;                        /* waits for a slot */
    bool kicked;                        /* runs once more when its run has ended */
    bool gone;           /* no longer in sources.json, and its run goes on; or it was purged */
    struct config entry; /* owned; of one that is gone; else empty */
    struct run_limits limits;
    struct schedule_entry order;
    struct ledger_source history; /* this invocation's attempts included */
    bool swept; /* nothing of earlier runs is left as far as we know: see struct job */
    bool view_read;
    struct store_view view;   /* as of the last sweep or run */
    struct error *view_error; /* owned; NULL if the store was read */
    struct child *child;      /* borrowed; NULL unless it runs */
    struct task_progress progress;
    struct news *news;  /* owned; the service's notice of its changes; NULL: none */
    int64_t due_ms;     /* the service runs it then; on uv_now()'s clock */
    int64_t started_ms; /* its last run, on the same */
    int tries;
    bool tried_once_more;
    bool again;                    /* the next wave takes it */
    struct run_result sum;         /* counts and times of all tries */
    struct backoff backoff_before; /* as of the start of this invocation, or of the last progress */
    struct blamed_pages blamed;    /* owned; of this source */
    struct page_name item;         /* owned; the page that its worker named last; no path: none */
};

#define TASK_GONE_TEXT "the source was removed"

struct task_list {
    struct task *tasks; /* owned; in the order of sources.json */
    size_t count;
};

/* CAUSE_USAGE for an unknown id, CAUSE_CONFIG if there is no source at all. */
CHECKED bool task_list_check(const struct config *config, const struct run_options *options,
                             struct error *e);
/* All sources; those that `options` names, or all, are shown. CAUSE_USAGE for a bad limit. `ledger`
 * may be NULL. */
CHECKED bool task_list_make(const struct config *config, const struct run_options *options,
                            struct ledger *ledger, struct task_list *list, struct error *e);
/* The one of that name, gone or not; NULL if there is none. */
struct task *task_find_any(const struct task_list *list, const char *id);
/* NULL if there is none, or it is gone. */
struct task *task_find(const struct task_list *list, const char *id);
void task_list_release(struct task_list *list);

/* Brings the order up to date with view and history. */
void task_update_order(struct task *task);
void task_set_view(struct task *task, const struct store_view *view, const struct error *why_not);
/* Has it failed so often that it must be left alone now? */
bool task_in_backoff(const struct task *task, int64_t now_s);
/* What the attempt means for the next invocation; goes into `attempt`. */
void task_back_off(const struct task *task, struct attempt *attempt);
/* The worker names the page it is at, or none. */
void task_name_item(struct task *task, const struct run_progress *progress);
/* Counts one more attempt. */
void task_add_attempt(struct task *task, const struct attempt *attempt);
/* How it stands in a service: its last run, or that one goes on. Asks no kernel. */
void task_status_now(const struct task *task, struct source_status *status);
/* What the table shows after the invocation: counts are sums over its waves. */
void task_status(const struct task *task, const struct home *home, struct source_status *status);

#endif
