/* What supervisor and worker tell each other: JSON lines, writer and reader side by side. */
/* fd 3, worker to supervisor: `progress` lines, perhaps a `watch`, perhaps a `store`, then one
 * `result`.
 * fd 4, the lifeline, supervisor to worker: one `job` line, later perhaps `stop REASON`; its end
 * means that the supervisor is gone. */
#ifndef LATTICE_COMMON_MESSAGE_H
#define LATTICE_COMMON_MESSAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/error.h"

enum { RESULT_FD = 3, LIFELINE_FD = 4 };
/* A line longer than this is refused by the reader; the writers stay below it. */
enum { MESSAGE_MAX_BYTES = 1024 * 1024 };
enum { MESSAGE_VERSION = 1 };
enum { RUN_ID_SIZE = 33 }; /* 128 random bits in hex */

/* The result of one run of one source: filled by the worker, completed by the supervisor. The
 * store's `run` row holds the same. */
struct run_result {
    char run_id[RUN_ID_SIZE];
    enum outcome outcome;
    enum cause cause;              /* for OUTCOME_FAILED */
    char message[ERROR_TEXT_SIZE]; /* note for people; "" if none */
    int64_t started_at;            /* Unix seconds */
    int64_t pages;                 /* in the store after the run */
    int64_t added;                 /* pages; renames count in none of the three */
    int64_t changed;
    int64_t deleted;
    int64_t renamed;
    int64_t remaining;   /* pages still to import, rename or delete; -1: not known */
    int64_t errors;      /* pages of the source that cannot be imported */
    int64_t quarantined; /* pages skipped as quarantined */
    int64_t skipped;     /* symlinks and submodules, not followed */
    int64_t duration_ms;
    int64_t cpu_ms;         /* with children */
    int64_t peak_rss_bytes; /* of the worker alone */
    bool committed;         /* the store changed at least once */
};

/* Where a run stands; sent at most a few times a second. */
struct run_progress {
    char phase[16]; /* "fetch", "plan", "import", ... */
    int64_t done;   /* in units of the phase (pages, objects) */
    int64_t total;  /* -1: not known */
    /* The page about to be parsed, for quarantine; "" if none. */
    char item_path[4097];
    char item_blob[72];
};

struct page_name {
    char *path; /* owned */
    char *blob; /* owned */
};
/* Of a job's `config`. */
enum { JOB_CONFIG_MAX_BYTES = 128 * 1024 };
/* Takes `pages`. */
void page_names_free(struct page_name *pages, size_t count);

/* Where a source's news would be seen. A path that ends with '/' is a folder in which every name
 * counts; any other is a file, there or not, seen through its folder. All absolute. */
enum { WATCH_PATHS_MAX = 64, WATCH_PATH_BYTES_MAX = 4096 };
struct watch_list {
    char **paths; /* owned */
    size_t count;
};
void watch_list_release(struct watch_list *list);

/* What the store says once a run that found nothing to do has ended in it: nobody has to open it to
 * learn so. */
struct store_notice {
    char bookmark[80];
    int64_t version;
    int64_t last_success_at; /* Unix seconds */
};

/* What the supervisor asks for. Limits here are already resolved (flag, source, defaults). */
struct job {
    char run_id[RUN_ID_SIZE];
    int64_t timeout_ms; /* hard limit of the worker's life; the last-resort alarm is set by it */
    int64_t grace_ms;
    int64_t stall_ms; /* for the words of a stop; 0: not known */
    bool by_budget;   /* the timeout is what was left of the budget */
    bool full;
    bool allow_shrink;
    /* What earlier runs of this source left was ended, and all its runs since ended clean as far as
     * the supervisor knows: see leftovers_end. */
    bool swept;
    /* owned; a sources.json with this source alone, as the supervisor read it; NULL: the worker
     * reads the home's. */
    char *config;
    struct page_name *quarantine; /* owned */
    size_t quarantine_count;
};

/* Each gives one line with its '\n'; caller frees. */
char *message_write_progress(const struct run_progress *progress);
char *message_write_result(const struct run_result *result);
char *message_write_watch(const struct watch_list *list);
char *message_write_store(const struct store_notice *notice);
char *message_write_job(const struct job *job);

/* Why a run is stopped before it is done. */
enum stop_reason { STOP_NONE, STOP_DEADLINE, STOP_BUDGET, STOP_STALL, STOP_ASKED };
const char *message_stop(enum stop_reason reason); /* a line with its '\n'; static */
/* What was read behind the job. STOP_ASKED for a reason that is not known, STOP_NONE for no `stop`
 * line. */
enum stop_reason message_read_stop(const char *text, size_t size);

enum message_type { MESSAGE_PROGRESS, MESSAGE_RESULT, MESSAGE_WATCH, MESSAGE_STORE };
struct message {
    enum message_type type;
    struct run_progress progress;
    struct run_result result;
    struct watch_list watch;
    struct store_notice store;
};
/* One line without its '\n'; pure. CAUSE_BUG with what is wrong. Caller releases what was read. */
CHECKED bool message_read(const char *line, size_t size, struct message *message, struct error *e);
void message_release(struct message *message);
CHECKED bool message_read_job(const char *line, size_t size, struct job *job, struct error *e);
void job_release(struct job *job);

void run_id_make(char run_id[RUN_ID_SIZE]);

#endif
