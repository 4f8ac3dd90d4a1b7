/* One run of one source: the table of phases and what they share. */
#include "worker/sync/sync.h"

#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "common/cleanup.h"
#include "common/clock.h"
#include "common/lock.h"
#include "common/log.h"
#include "common/text.h"
#include "worker/sync/leftovers.h"
#include "worker/sync/page.h"
#include "worker/sync/report.h"
#include "worker/sync/shape.h"
#include "worker/sync/stop.h"
#include "worker/sync/store_index.h"

/* Steps of index merging after an import; what is left over is the next run's. */
enum { MERGE_STEPS_MAX = 2000 };

const struct source_config *sync_source(const struct sync *s)
{
    return s->source;
}

const struct home *sync_home(const struct sync *s)
{
    return s->home;
}

const char *sync_bookmark(const struct sync *s)
{
    return s->state.bookmark;
}

const char *sync_target(const struct sync *s)
{
    return s->state.target;
}

bool sync_progress(struct sync *s, int64_t done, int64_t total, struct error *e)
{
    s->done = done;
    s->total = total;
    store_progress(s->store, s->phase, done, total);
    if (!report_progress(s->phase, done, total) || store_in_transaction(s->store))
        return true;
    return store_lock_refresh(s->store, e);
}

bool sync_fetching(struct sync *s, int64_t done, int64_t total, struct error *e)
{
    store_progress(s->store, "fetch", done, total);
    if (!report_progress("fetch", done, total) || store_in_transaction(s->store))
        return true;
    return store_lock_refresh(s->store, e);
}

void sync_banked(struct sync *s)
{
    s->banked = true;
}

bool sync_memo(struct sync *s, const char *key, char **value, struct error *e)
{
    return store_memo(s->store, key, value, e);
}

void sync_remember(struct sync *s, const char *key, const char *value)
{
    if (!s->memos)
        s->memos = json_object();
    json_object_set_new(s->memos, key, value ? json_string(value) : json_null());
}

static bool write_memos(struct sync *s, struct error *e)
{
    const char *key;
    json_t *value;
    json_object_foreach (s->memos, key, value)
        if (!store_set_memo(s->store, key, json_string_value(value), e))
            return false;
    return true;
}

bool sync_would_be_unchanged(const struct sync *s, const char *head)
{
    const struct sync_state *state = &s->state;
    return state->bookmark && strcmp(state->bookmark, head) == 0 && !state->target &&
           state->bookmark_shape && strcmp(state->bookmark_shape, s->shape) == 0 && !s->job->full &&
           !s->quarantine.moved && !s->recovered;
}

bool sync_begins_full(const struct sync *s)
{
    return s->job->full && !s->recovered;
}

bool sync_begin(struct sync *s, struct error *e)
{
    if (store_in_transaction(s->store))
        return true;
    return store_begin(s->store, e) &&
           (store_committed(s->store) || store_set_target(s->store, &s->state, e));
}

bool sync_commit(struct sync *s, struct error *e)
{
    if (!store_in_transaction(s->store))
        return true;
    if (!store_commit(s->store, e))
        return false;
    s->kept = s->now;
    return true;
}

static enum step fetch_run(struct sync *s, struct error *e)
{
    free(s->head);
    s->head = NULL;
    s->kind->release(s->kind_state);
    s->kind_state = NULL;
    s->missing = 0;
    s->moved = 0;
    s->head_read_at = clock_unix_s();
    return s->kind->fetch(s, &s->kind_state, &s->head, e);
}

/* Brings the index's segments together, in steps, after the work and before the bookmark; a stop
 * leaves the rest to the next run that changes something. */
static bool merge(struct sync *s, struct error *e)
{
    bool more = store_committed(s->store);
    for (int i = 0; more && i < MERGE_STEPS_MAX && !stop_requested(); i++)
        if (!store_merge_step(s->store, &more, e) || !sync_progress(s, s->done, s->total, e))
            return false;
    return true;
}

static enum step finish_run(struct sync *s, struct error *e)
{
    if (s->unchanged) /* but the views may be those of an older version */
        return sync_views_run(s, e);
    if (s->missing) {
        error_set(e, CAUSE_BAD_DATA,
                  "%" PRId64
                  " blobs are not in the repository (a partial or shallow clone?); fetch "
                  "them there with `git fetch --refetch --no-filter`, or give the remote's URL",
                  s->missing);
        return STEP_FAILED;
    }
    if (s->moved)
        return STEP_STOPPED;
    enum step step = merge(s, e) ? sync_views_run(s, e) : STEP_FAILED;
    if (step != STEP_DONE)
        return step;
    /* The bookmark moves in the transaction of the run row: see sync_run. */
    return s->kind->settled && !s->kind->settled(s->kind_state, e) ? STEP_FAILED : STEP_DONE;
}

static const struct {
    const char *name;
    enum step (*run)(struct sync *s, struct error *e);
    bool always; /* also once it is known that nothing changed */
} phases[] = {
    {"fetch", fetch_run, true},
    {"plan", plan_run, true},
    {"import", import_run, false},
    {"finish", finish_run, true},
};

enum { PHASE_COUNT = sizeof phases / sizeof *phases };

static enum step run_phases(struct sync *s, struct error *e)
{
    for (size_t i = 0; i < PHASE_COUNT;) {
        if (s->unchanged && !phases[i].always) {
            i++;
            continue;
        }
        s->phase = phases[i].name;
        /* The first of these writes the lock row: a fetch that hangs is seen as one. */
        enum step step = sync_progress(s, 0, -1, e) ? phases[i].run(s, e) : STEP_FAILED;
        if (step == STEP_DONE) {
            i++;
            continue;
        }
        store_rollback(s->store);
        s->now = s->kept;
        /* Fenced: what is there to recover belongs to the lock's holder. */
        if (step == STEP_FAILED && e->cause == CAUSE_BAD_DATA && !s->recovered &&
            s->kind->recover && store_lock_refresh(s->store, e) &&
            s->kind->recover(s->kind_state, e)) {
            log_line(LOG_WARN, s->source->id, s->phase, "%s; it is fetched anew, once", e->text);
            s->recovered = true;
            i = 0;
            continue;
        }
        if (step == STEP_FAILED)
            error_wrap(e, "%s", s->phase);
        return step;
    }
    return STEP_DONE;
}

/* A damaged store makes way for a new one. */
static bool set_aside(struct sync *s, const char *path, struct error *e)
{
    log_line(LOG_WARN, s->source->id, s->phase, "%s; set aside as %s.damaged, a new one is built",
             e->text, path);
    s->set_aside = true;
    *e = (struct error){0};
    return store_set_aside(path, s->kind->keeps, e);
}

/* Opens the store; a damaged one is set aside and made anew, once. */
static bool open_store(struct sync *s, struct error *e)
{
    CLEANUP(free_text) char *path = home_source_path(s->home, s->source->id, SOURCE_STORE);
    if (store_open(path, s->source->memory, &s->store, e))
        return true;
    return e->damaged && set_aside(s, path, e) && store_open(path, s->source->memory, &s->store, e);
}

static bool take_lock_row(struct sync *s, struct error *e)
{
    struct lock_row old;
    store_progress(s->store, "lock", 0, -1);
    if (!store_lock_take(s->store, s->job->run_id, &old, e))
        return false;
    if (old.run_id[0])
        log_line(
            LOG_INFO, s->source->id, "lock",
            "took over from a worker that is gone pid=%d host=%s phase=%s last_progress=%" PRId64
            "s",
            (int)old.holder.pid, old.holder.host, old.phase,
            clock_unix_s() - old.last_refreshed_at);
    if (!store_state_read(s->store, &s->state, e))
        return false;
    leftovers_end(s, old.run_id[0] != '\0');
    return true;
}

/* A store that was filled from another address or under other filters has never equalled what the
 * source is now: nothing shows it fresh until it does. */
static bool forget_other_source(struct sync *s, struct error *e)
{
    const struct sync_state *state = &s->state;
    if (!state->bookmark_shape || strcmp(state->bookmark_shape, s->shape) == 0 ||
        state->last_success_at == 0)
        return true;
    return store_begin(s->store, e) && store_set_fresh(s->store, 0, e) &&
           store_commit_quietly(s->store, e);
}

/* With the store open and the lock row taken. */
static enum step run_locked(struct sync *s, struct error *e)
{
    struct sync_state *state = &s->state;
    shape_of(s->source, s->shape);
    s->rules = (struct plan_rules){
        .shape = s->shape,
        .max_page_bytes = s->source->max_page_bytes,
        .quarantine = s->job->quarantine,
        .quarantine_count = s->job->quarantine_count,
    };
    if (s->job->full && !state->target_full) {
        state->target_full = true;
        state->full_count++;
    }
    s->rules.epoch = (int64_t)IMPORTER_VERSION * 1000000 + state->full_count;
    s->skipped = state->skipped;
    /* Without a page in error and without a list, as most are, there is nothing to compare. */
    bool quarantined = state->errors > 0 || s->rules.quarantine_count > 0;
    if (!forget_other_source(s, e) ||
        (quarantined && !plan_quarantine_view(s->store, &s->rules, &s->quarantine, e)))
        return STEP_FAILED;
    return run_phases(s, e);
}

static int64_t remaining(const struct sync *s)
{
    const struct plan_counts *c = &s->kept.left;
    if (strcmp(s->phase, "import") != 0 && strcmp(s->phase, "finish") != 0)
        return -1;
    return c->renames + c->adds + c->changes + c->deletes + c->forgets;
}

/* Cut before anything was kept: a failure that says what to raise, unless somebody wanted it. */
static void judge_stop(struct sync *s)
{
    struct run_result *r = &s->result;
    enum stop_reason reason = stop_why();
    char how[STOP_WORDS_SIZE];
    stop_describe(reason, s->job->stall_ms, how);
    r->outcome = OUTCOME_PARTIAL;
    if (s->moved && !stop_requested()) {
        snprintf(r->message, sizeof r->message,
                 "changed while being read: %" PRId64 "; run again to go on", s->moved);
        return;
    }
    if (!s->banked && !(s->store && store_committed(s->store))) {
        snprintf(r->message, sizeof r->message,
                 "stopped %s in phase %s before anything could be kept; %s", how, s->phase,
                 stop_remedy(reason));
        if (reason == STOP_ASKED)
            return;
        r->outcome = OUTCOME_FAILED;
        r->cause = CAUSE_DEADLINE;
    } else if (r->remaining >= 0)
        snprintf(r->message, sizeof r->message,
                 "stopped %s; %" PRId64 " %s left, run again to go on", how, r->remaining,
                 s->kind->items ? s->kind->items : "pages");
    else
        snprintf(r->message, sizeof r->message, "stopped %s in phase %s; run again to go on", how,
                 s->phase);
}

static void judge(struct sync *s, enum step step, const struct error *e)
{
    struct run_result *r = &s->result;
    r->added = s->kept.added;
    r->changed = s->kept.changed;
    r->deleted = s->kept.deleted;
    r->renamed = s->kept.renamed;
    r->quarantined = s->unchanged ? s->quarantine.held : s->kept.quarantined;
    r->remaining = step == STEP_DONE ? 0 : remaining(s);
    if (step == STEP_STOPPED) {
        judge_stop(s);
        return;
    }
    if (step == STEP_DONE) {
        r->outcome = s->unchanged ? OUTCOME_UNCHANGED : OUTCOME_OK;
        return;
    }
    r->outcome = s->store && store_lost_lock(s->store) ? OUTCOME_LOST_LOCK : OUTCOME_FAILED;
    r->cause = r->outcome == OUTCOME_FAILED ? e->cause : CAUSE_NONE;
    snprintf(r->message, sizeof r->message, "%s", e->text);
}

static void measure(struct sync *s, int64_t started_ms)
{
    struct rusage self;
    struct rusage children;
    getrusage(RUSAGE_SELF, &self);
    getrusage(RUSAGE_CHILDREN, &children);
    const struct timeval *const times[] = {&self.ru_utime, &self.ru_stime, &children.ru_utime,
                                           &children.ru_stime};
    int64_t us = 0;
    for (size_t i = 0; i < sizeof times / sizeof *times; i++)
        us += (int64_t)times[i]->tv_sec * 1000000 + times[i]->tv_usec;
    s->result.cpu_ms = us / 1000;
    s->result.peak_rss_bytes = (int64_t)self.ru_maxrss * 1024;
    s->result.duration_ms = clock_monotonic_ms() - started_ms;
}

/* What the store holds now, for the run row and for the supervisor. */
static bool read_counts(struct sync *s, struct error *e)
{
    struct sync_state now;
    if (!store_state_read(s->store, &now, e))
        return false;
    s->result.pages = now.pages;
    s->result.errors = now.errors;
    s->result.skipped = now.skipped;
    s->result.committed = store_committed(s->store);
    snprintf(s->notice.bookmark, sizeof s->notice.bookmark, "%s", now.bookmark ? now.bookmark : "");
    s->notice.version = now.version;
    s->notice.last_success_at = now.last_success_at;
    sync_state_release(&now);
    return true;
}

/* The last transaction: bookmark and freshness if the run got there, run row, lock row. */
static bool end_run(struct sync *s, struct error *e)
{
    const struct run_result *r = &s->result;
    if (!store_begin(s->store, e))
        return false;
    bool ok = true;
    if (r->outcome == OUTCOME_OK)
        ok = store_set_bookmark(s->store, s->head, s->shape, e) &&
             store_set_fresh(s->store, s->head_read_at, e) &&
             store_set_skipped(s->store, s->skipped, e);
    else if (r->outcome == OUTCOME_UNCHANGED)
        ok = store_set_fresh(s->store, s->head_read_at, e);
    if (r->outcome == OUTCOME_OK || r->outcome == OUTCOME_UNCHANGED)
        ok = ok && write_memos(s, e);
    ok = ok && read_counts(s, e) && store_end_run(s->store, r, e);
    if (!ok)
        store_rollback(s->store);
    return ok;
}

/* Store, lock row, phases. */
static enum step attempt(struct sync *s, struct error *e)
{
    s->phase = "lock";
    if (open_store(s, e))
        return take_lock_row(s, e) ? run_locked(s, e) : STEP_FAILED;
    if (e->cause != CAUSE_DEADLINE)
        return STEP_FAILED;
    s->phase = STORE_PHASE_MIGRATE;
    return STEP_STOPPED;
}

/* Damage that only reading found: the store is set aside and all is done anew. */
static bool start_over(struct sync *s, struct error *e)
{
    CLEANUP(free_text) char *path = home_source_path(s->home, s->source->id, SOURCE_STORE);
    s->kind->release(s->kind_state);
    s->kind_state = NULL;
    store_close(&s->store);
    sync_state_release(&s->state);
    s->now = s->kept = (struct tally){0};
    s->unchanged = false;
    return set_aside(s, path, e);
}

/* The run's last words into the store; a failure there is the run's if it had none. */
static void end_in_store(struct sync *s)
{
    struct run_result *r = &s->result;
    struct error e = {0};
    if (!s->store || !store_has_lock(s->store))
        return;
    if (end_run(s, &e)) {
        if (r->outcome == OUTCOME_UNCHANGED)
            report_store(&s->notice);
        return;
    }
    bool lost = store_lost_lock(s->store);
    if (r->outcome == OUTCOME_FAILED && !lost)
        return;
    r->outcome = lost ? OUTCOME_LOST_LOCK : OUTCOME_FAILED;
    r->cause = r->outcome == OUTCOME_FAILED ? e.cause : CAUSE_NONE;
    snprintf(r->message, sizeof r->message, "%s", e.text);
}

static void run_with_lock(struct sync *s, int64_t started_ms)
{
    struct error e = {0};
    enum step step = attempt(s, &e);
    if (step == STEP_FAILED && e.damaged && start_over(s, &e))
        step = attempt(s, &e);
    s->kind->release(s->kind_state);
    leftovers_end_own(s, step == STEP_DONE);
    judge(s, step, &e);
    measure(s, started_ms);
    end_in_store(s);
    if (s->store && s->result.outcome == OUTCOME_OK)
        store_settle(s->store);
    store_close(&s->store);
}

static void fail(struct run_result *r, enum outcome outcome, const struct error *e)
{
    r->outcome = outcome;
    r->cause = outcome == OUTCOME_FAILED ? e->cause : CAUSE_NONE;
    r->remaining = -1;
    snprintf(r->message, sizeof r->message, "%s", e->text);
}

void sync_run(const struct home *home, const struct source_config *source, const struct job *job,
              struct run_result *result)
{
    struct error e = {0};
    struct sync s = {.home = home, .source = source, .job = job, .total = -1};
    CLEANUP(free_text) char *path = home_source_path(home, source->id, SOURCE_LOCK);
    int64_t started_ms = clock_monotonic_ms();
    int fd = -1;
    snprintf(s.result.run_id, sizeof s.result.run_id, "%s", job->run_id);
    s.result.started_at = clock_unix_s();
    s.kind = kind_find(source->kind);
    if (!s.kind)
        error_set(&e, CAUSE_CONFIG, "kind \"%s\" is not known to this worker", source->kind);
    if (!s.kind || !home_make_source(home, source->id, &e)) {
        fail(&s.result, OUTCOME_FAILED, &e);
        *result = s.result;
        return;
    }
    switch (lock_kernel_acquire(path, &fd, &e)) {
    case LOCK_TAKEN:
        run_with_lock(&s, started_ms);
        break;
    case LOCK_BUSY:
        error_set(&e, CAUSE_LOCKED, "another worker of this source is running");
        fail(&s.result, OUTCOME_LOCKED, &e);
        break;
    case LOCK_FAILED:
        fail(&s.result, OUTCOME_FAILED, &e);
        break;
    }
    lock_kernel_release(&fd);
    sync_state_release(&s.state);
    json_decref(s.memos);
    free(s.head);
    *result = s.result;
}
