/* Breaking a source's lock. */

/* The kernel lock says whether somebody holds it, /proc says who, the row says since when. A
 * process is signalled only if it holds the kernel lock as a worker, or is the one that the row
 * names, by start time and boot. */
#include "supervisor/break_lock.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "common/cleanup.h"
#include "common/clock.h"
#include "common/duration.h"
#include "common/json_text.h"
#include "common/lock.h"
#include "common/log.h"
#include "common/marker.h"
#include "common/status.h"
#include "common/store_view.h"
#include "common/text.h"
#include "supervisor/end_process.h"
#include "supervisor/limits.h"
#include "supervisor/lock_owner.h"

/* A worker and its forks that have not come to their exec. */
enum { OWNERS_MAX = 16 };
/* Looks at a lock whose holder is not seen: it may change hands while /proc is read. */
enum { TRIES_MAX = 8 };
#define WORKER_COMMAND "lattice-worker"

struct breaking {
    const struct home *home;
    const struct break_options *options;
    struct break_verdict *verdict;
    char *lock_path; /* owned */
    struct store_view view;
    bool view_read;
    struct error view_error;
    struct lock_owner owners[OWNERS_MAX]; /* whom to end */
    size_t owner_count;
    bool unseen;          /* it is held, and no worker here is seen to hold it */
    bool ended;           /* at least one of them */
    enum end_stage stage; /* the hardest that was needed */
    char progress[160];   /* where the holder stood */
};

const char *break_answer_name(enum break_answer answer)
{
    switch (answer) {
    case BREAK_BROKEN:
        return "broken";
    case BREAK_REFUSED:
        return "refused";
    case BREAK_ABSENT:
        return "absent";
    case BREAK_FORCED:
        return "forced";
    case BREAK_RACE:
        return "race_already_cleared";
    case BREAK_ANSWERS:
        break;
    }
    return "";
}

bool break_answer_parse(const char *name, enum break_answer *answer)
{
    for (int i = 0; i < BREAK_ANSWERS; i++)
        if (strcmp(break_answer_name((enum break_answer)i), name) == 0) {
            *answer = (enum break_answer)i;
            return true;
        }
    return false;
}

static bool say(struct breaking *b, enum break_answer answer, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Gives the verdict; always false, so that a step can `return say(...)`. */
static bool say(struct breaking *b, enum break_answer answer, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    b->verdict->answer = answer;
    vsnprintf(b->verdict->reason, sizeof b->verdict->reason, format, args);
    va_end(args);
    return false;
}

static void read_view(struct breaking *b)
{
    memset(&b->view, 0, sizeof b->view);
    b->view_error = (struct error){0};
    b->view_read = store_view_read(b->home, b->verdict->id, &b->view, &b->view_error);
}

static const struct lock_row *row_of(const struct breaking *b)
{
    return b->view_read && b->view.lock.run_id[0] ? &b->view.lock : NULL;
}

static bool same_process(const struct process_identity *a, const struct process_identity *b)
{
    return a->pid == b->pid && a->pid_start == b->pid_start &&
           a->pid_namespace == b->pid_namespace && strcmp(a->boot_id, b->boot_id) == 0;
}

static void name_holder(struct breaking *b, const struct process_identity *id, int64_t age_s)
{
    b->verdict->pid = id->pid;
    memcpy(b->verdict->host, id->host, sizeof b->verdict->host);
    b->verdict->age_s = age_s > 0 ? age_s : 0;
}

static int64_t row_age_s(const struct lock_row *row)
{
    return clock_unix_s() - row->last_refreshed_at;
}

/* How long a process has lived: what it cannot have refreshed for longer. */
static int64_t life_s(const struct process_identity *id)
{
    struct timespec now;
    clock_gettime(CLOCK_BOOTTIME, &now);
    return now.tv_sec - (int64_t)(id->pid_start / (uint64_t)sysconf(_SC_CLK_TCK));
}

/* --- whom to end ----------------------------------------------------------------------------- */

/* Keeps only those that may be ended: the row's process, and workers. Anybody else who holds the
 * lock (a sweep, a purge) does so for a moment only. */
static void keep_workers(struct breaking *b, const struct lock_row *row)
{
    size_t kept = 0;
    for (size_t i = 0; i < b->owner_count; i++) {
        bool named = row && same_process(&b->owners[i].id, &row->holder);
        if (named || strcmp(b->owners[i].command, WORKER_COMMAND) == 0)
            b->owners[kept++] = b->owners[i];
    }
    b->owner_count = kept;
}

/* The lock is held, but nobody here is seen to hold it. */
static bool refuse_unseen(struct breaking *b, const struct lock_row *row)
{
    if (b->owners[0].id.pid)
        return say(b, BREAK_REFUSED,
                   "pid %d (%s) holds the lock and is no worker; it does so for a moment only, try "
                   "again",
                   (int)b->owners[0].id.pid, b->owners[0].command);
    if (row && process_liveness(&row->holder) == PROCESS_UNKNOWN)
        return say(b, BREAK_REFUSED,
                   "it is held by pid %d of host %s, of another host or container; end it there",
                   (int)row->holder.pid, row->holder.host);
    return say(b, BREAK_REFUSED,
               "it is held by a process that cannot be seen from here: of another user, host or "
               "container; end it there");
}

static bool find_owners(struct breaking *b)
{
    const struct lock_row *row = row_of(b);
    memset(b->owners, 0, sizeof b->owners);
    b->owner_count = lock_owners(b->lock_path, b->owners, OWNERS_MAX);
    keep_workers(b, row);
    /* Another user's, as far as the row tells. */
    if (b->owner_count == 0 && !b->owners[0].id.pid && row &&
        process_liveness(&row->holder) == PROCESS_ALIVE)
        b->owners[b->owner_count++].id = row->holder;
    b->unseen = b->owner_count == 0;
    return !b->unseen || refuse_unseen(b, row);
}

/* Its last refresh is the row's if the row is its own; a worker that wrote none has not refreshed
 * since it started. */
static int64_t describe_owner(struct breaking *b)
{
    const struct lock_row *row = row_of(b);
    for (size_t i = 0; row && i < b->owner_count; i++) {
        if (!same_process(&b->owners[i].id, &row->holder))
            continue;
        status_progress(row, clock_unix_s(), b->progress, sizeof b->progress);
        name_holder(b, &row->holder, row_age_s(row));
        return row_age_s(row);
    }
    int64_t age_s = life_s(&b->owners[0].id);
    snprintf(b->progress, sizeof b->progress, "starting for %llds", (long long)age_s);
    name_holder(b, &b->owners[0].id, age_s);
    return age_s;
}

static bool may_end(struct breaking *b)
{
    char limit[DURATION_TEXT_SIZE];
    int64_t age_s = describe_owner(b);
    if (b->options->force)
        return true;
    if (!b->options->max_age_ms)
        return say(b, BREAK_REFUSED,
                   "pid %d is alive (%s); --max-age D ends it if it has hung for D, --force anyway",
                   (int)b->verdict->pid, b->progress);
    if (age_s * 1000 >= b->options->max_age_ms)
        return true;
    duration_format_exact(b->options->max_age_ms, limit);
    return say(b, BREAK_REFUSED, "pid %d is at work (%s): refreshed within %s",
               (int)b->verdict->pid, b->progress, limit);
}

static bool end_owners(struct breaking *b)
{
    int64_t grace_ms = b->options->grace_ms ? b->options->grace_ms : BREAK_GRACE_MS;
    for (size_t i = 0; i < b->owner_count; i++) {
        enum end_stage stage = end_process(&b->owners[i].id, grace_ms);
        if (stage == END_DENIED)
            return say(b, BREAK_REFUSED, "pid %d belongs to another user; end it as that one",
                       (int)b->owners[i].id.pid);
        if (stage == END_STUCK)
            return say(b, BREAK_REFUSED, "pid %d (%s) did not end within %d s of SIGKILL",
                       (int)b->owners[i].id.pid, b->progress, STUCK_AFTER_MS / 1000);
        if (stage > b->stage)
            b->stage = stage;
    }
    b->ended = true;
    return true;
}

/* --- the row --------------------------------------------------------------------------------- */

/* What is said of a holder that was ended; `row` is what it left. */
static bool say_ended(struct breaking *b, const char *more)
{
    return say(b, b->options->force ? BREAK_FORCED : BREAK_BROKEN, "ended pid %d (%s) by %s%s",
               (int)b->verdict->pid, b->progress, end_stage_name(b->stage), more);
}

static bool say_cleared(struct breaking *b, const struct lock_row *row)
{
    char text[LEFT_ROW_TEXT_SIZE];
    if (b->ended)
        return say_ended(b, " and cleared its row");
    name_holder(b, &row->holder, row_age_s(row));
    status_left_row(row, clock_unix_s(), text);
    return say(b, BREAK_BROKEN, "cleared %s", text);
}

/* With the kernel lock in hand: whatever is left is a leftover. */
static bool clear_row(struct breaking *b)
{
    struct error e = {0};
    bool cleared = false;
    marker_end(b->home, b->verdict->id, NULL, STUCK_AFTER_MS);
    read_view(b);
    const struct lock_row *row = row_of(b);
    if (!b->view_read && b->ended)
        return say_ended(b, "; its row cannot be read");
    if (!b->view_read)
        return say(b, BREAK_REFUSED, "%s", b->view_error.text);
    if (!row)
        return b->ended ? say_ended(b, "; it cleared its row itself")
                        : say(b, BREAK_RACE, "somebody else cleared it meanwhile");
    if (!store_clear_lock(b->home, b->verdict->id, row, &cleared, &e))
        return say(b, BREAK_REFUSED, "%s", e.text);
    return cleared ? say_cleared(b, row)
                   : say(b, BREAK_RACE, "the row changed while it was to be cleared");
}

static bool take_and_clear(struct breaking *b)
{
    struct error e = {0};
    int fd = -1;
    switch (lock_kernel_acquire(b->lock_path, &fd, &e)) {
    case LOCK_TAKEN:
        break;
    case LOCK_BUSY:
        return b->ended ? say_ended(b, "; another worker has taken over since")
                        : say(b, BREAK_RACE, "a worker has taken over meanwhile");
    case LOCK_FAILED:
        return say(b, BREAK_REFUSED, "%s", e.text);
    }
    clear_row(b);
    lock_kernel_release(&fd);
    return false;
}

/* --- all of it ------------------------------------------------------------------------------- */

static bool end_holder(struct breaking *b)
{
    char run_id[RUN_ID_SIZE] = "";
    if (!find_owners(b) || !may_end(b))
        return false;
    if (row_of(b) && same_process(&b->owners[0].id, &b->view.lock.holder))
        memcpy(run_id, b->view.lock.run_id, sizeof run_id);
    if (!end_owners(b))
        return false;
    /* Its own run's alone: another worker may have the lock by now. */
    if (run_id[0])
        marker_end(b->home, b->verdict->id, run_id, STUCK_AFTER_MS);
    return true;
}

static void decide(struct breaking *b)
{
    CLEANUP(free_text) char *folder = home_source_path(b->home, b->verdict->id, "");
    struct stat st;
    if (stat(folder, &st) != 0) {
        say(b, BREAK_ABSENT, "nothing is kept of it");
        return;
    }
    for (int tries = 0; tries < TRIES_MAX; tries++) {
        /* The lock before the row: who starts in between is seen by the row. */
        bool held = source_is_locked(b->home, b->verdict->id);
        read_view(b);
        if (!held && b->view_read && !row_of(b)) {
            say(b, BREAK_ABSENT, "nobody holds it");
            return;
        }
        if (!held || end_holder(b)) {
            take_and_clear(b);
            return;
        }
        if (!b->unseen)
            return;
    }
}

static enum log_level level_of(enum break_answer answer)
{
    return answer == BREAK_REFUSED ? LOG_WARN : answer == BREAK_ABSENT ? LOG_DEBUG : LOG_INFO;
}

void break_lock_one(const struct home *home, const char *id, const struct break_options *options,
                    struct break_verdict *verdict)
{
    *verdict = (struct break_verdict){.age_s = -1};
    snprintf(verdict->id, sizeof verdict->id, "%s", id);
    CLEANUP(free_text) char *lock_path = home_source_path(home, id, SOURCE_LOCK);
    struct breaking b = {
        .home = home, .options = options, .verdict = verdict, .lock_path = lock_path};
    decide(&b);
    log_line(level_of(verdict->answer), id, "break-lock", "%s: %s",
             break_answer_name(verdict->answer), verdict->reason);
}

json_t *break_verdict_json(const struct break_verdict *verdict)
{
    json_t *object = json_object();
    json_object_set_new(object, "id", json_string(verdict->id));
    json_object_set_new(object, "verdict", json_string(break_answer_name(verdict->answer)));
    json_object_set_new(object, "reason", text_json(verdict->reason));
    json_object_set_new(object, "pid", verdict->pid ? json_integer(verdict->pid) : json_null());
    json_object_set_new(object, "host", text_or_null(verdict->host));
    json_object_set_new(object, "age_s",
                        verdict->age_s >= 0 ? json_integer(verdict->age_s) : json_null());
    return object;
}
