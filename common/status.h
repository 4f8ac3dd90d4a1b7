/* source_status: what is known of one source now, one object for table, JSON and services. */
#ifndef LATTICE_COMMON_STATUS_H
#define LATTICE_COMMON_STATUS_H

#include <jansson.h>

#include "common/config.h"
#include "common/ledger.h"
#include "common/store_view.h"

/* What `status` says: the outcome of the last run, or one of these. */
enum status_word { STATUS_OUTCOME, STATUS_RUNNING, STATUS_STALLED, STATUS_NEVER, STATUS_DISABLED };

struct source_status {
    char id[SOURCE_ID_MAX + 1];
    char kind[32];
    bool enabled;
    enum status_word word;
    bool has_result;          /* anything in `result` but pages and errors */
    struct run_result result; /* of the last run; remaining -1: not known */
    struct lock_row holder;   /* of the living worker; run_id "" if there is none */
    int64_t ended_at;         /* 0: runs, or not known */
    int64_t last_success_at;  /* 0: never */
    int64_t fresh_s;          /* -1: never */
    char bookmark[80];
    char target[80];
    int64_t store_bytes;
    int64_t attempts; /* since the last success */
    int64_t next_attempt_at;
    char kill_stage[24];
};

/* What a status is made of; everything borrowed. */
struct status_parts {
    const struct source_config *source;
    const struct store_view *view;      /* NULL if the store cannot be read, */
    const struct error *view_error;     /* then why */
    const struct ledger_source *ledger; /* NULL if the ledger knows nothing */
    bool locked;                        /* a living worker holds the source's kernel lock */
    int64_t stall_ms;                   /* --stall; 0: the source's own */
    int64_t now_s;
};

void status_make(const struct status_parts *parts, struct source_status *status);

/* `import, 12,400 of 61,200, last progress 3s ago` */
void status_progress(const struct lock_row *row, int64_t now_s, char *out, size_t size);

enum { LEFT_ROW_TEXT_SIZE = 384 };
/* `the lock row of pid 4711 on host, 3h12m old, phase import: its process is gone`; for a row that
 * is left over, since no worker lives. */
void status_left_row(const struct lock_row *row, int64_t now_s, char out[LEFT_ROW_TEXT_SIZE]);

/* The name shown: "ok", "partial", "running", "never", ... */
const char *status_name(const struct source_status *status);

/* The fields of one source as a JSON object; the caller owns it. What is not known is null. */
json_t *status_json(const struct source_status *status);

/* The fields of one past run, of any source; the caller owns it. What is not known is null. */
json_t *attempt_json(const char *source, const struct attempt *attempt);

/* Does a living worker hold the source's kernel lock? Asks without taking it. */
bool source_is_locked(const struct home *home, const char *id);

#endif
