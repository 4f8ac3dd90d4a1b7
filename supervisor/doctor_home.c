/* The doctor on a home: folder, supervisor, config, stores, locks, leftovers, clock, disk. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "common/cleanup.h"
#include "common/clock.h"
#include "common/config.h"
#include "common/duration.h"
#include "common/ledger.h"
#include "common/status.h"
#include "common/store_check.h"
#include "supervisor/control_client.h"
#include "supervisor/doctor.h"
#include "supervisor/holder.h"
#include "supervisor/id_list.h"
#include "supervisor/leftovers.h"
#include "supervisor/limits.h"
#include "supervisor/lock_owner.h"

/* Of each store: a gigabyte takes some seconds. */
enum { QUICK_CHECK_MS = 20 * 1000 };
/* Clocks differ by this much without anybody having set one. */
enum { CLOCK_SLACK_S = 60 };
/* Less than this is not enough for one more batch and its log; or for comfort. */
#define DISK_FAIL_BYTES (INT64_C(100) << 20)
#define DISK_WARN_BYTES (INT64_C(1) << 30)

struct patient {
    struct findings *findings;
    const struct home *home;
    struct config config;
    struct id_list ids;
    int64_t now_s;
};

static struct finding *add(struct patient *p, enum finding_level level, const char *check,
                           const char *source)
{
    return finding_add(p->findings, level, check, source);
}

/* By writing, since a filesystem may be full or read-only whatever the mode says. */
static bool can_write(const char *path)
{
    CLEANUP(close_fd) int fd = open(path, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    if (fd < 0 && (errno == EOPNOTSUPP || errno == EISDIR))
        return access(path, W_OK) == 0;
    return fd >= 0 && write(fd, "", 1) == 1;
}

static void check_folder(struct patient *p)
{
    struct stat st;
    const char *path = p->home->path;
    bool writable = can_write(path);
    int reason = errno;
    bool open_to_all = stat(path, &st) == 0 && (st.st_mode & 077) != 0;
    if (!writable)
        finding_say(add(p, FINDING_FAIL, "home", NULL),
                    "make it writable for its user, or set LATTICE_HOME", "%s: not writable: %s",
                    path, strerror(reason));
    else if (open_to_all)
        finding_say(add(p, FINDING_WARN, "home", NULL), "chmod 700 it",
                    "%s: writable and local, but others may look into it (mode %04o)", path,
                    (unsigned)(st.st_mode & 07777));
    else
        finding_say(add(p, FINDING_OK, "home", NULL), NULL, "%s: writable and local", path);
}

static void check_disk(struct patient *p)
{
    struct statvfs fs;
    if (statvfs(p->home->path, &fs) != 0)
        return;
    int64_t left = (int64_t)fs.f_bavail * (int64_t)fs.f_frsize;
    int64_t all = (int64_t)fs.f_blocks * (int64_t)fs.f_frsize;
    enum finding_level level = left < DISK_FAIL_BYTES   ? FINDING_FAIL
                               : left < DISK_WARN_BYTES ? FINDING_WARN
                                                        : FINDING_OK;
    finding_say(add(p, level, "disk", NULL),
                level == FINDING_OK ? NULL
                                    : "make room: `remove ID --purge` deletes what is not needed",
                "%" PRId64 " MB of %" PRId64 " MB are free", left >> 20, all >> 20);
}

/* One that holds its lock and does not answer holds up everything. */
static void check_supervisor(struct patient *p)
{
    char who[HOLDER_TEXT_SIZE];
    struct control_request request = {.command = "status"};
    struct control_reply reply = {0};
    struct control_line line;
    struct error e = {0};
    if (!holder_find(p->home, who)) {
        finding_say(add(p, FINDING_OK, "supervisor", NULL), NULL, "none runs");
        return;
    }
    bool answers = control_ask(p->home, &request, &line, &e);
    while (answers && reply.type != REPLY_END)
        answers = control_next(&line, CONTROL_ANSWER_MS, &reply, &e);
    control_line_release(&line);
    finding_say(add(p, answers ? FINDING_OK : FINDING_WARN, "supervisor", NULL),
                answers ? NULL
                        : "if that lasts, `kill -KILL` it: its workers end with it, and the next "
                          "run goes on where they were",
                "%s%s", who, answers ? "" : " does not answer");
}

static void check_config(struct patient *p)
{
    CLEANUP(free_text) char *path = home_path(p->home, HOME_SOURCES_JSON);
    struct error e = {0};
    if (config_read(path, &p->config, NULL, &e))
        finding_say(add(p, FINDING_OK, "config", NULL), NULL, "%zu source%s", p->config.count,
                    p->config.count == 1 ? "" : "s");
    else
        finding_say(add(p, FINDING_FAIL, "config", NULL),
                    "`lattice-supervise check-config` names every mistake", "%s", e.text);
}

static void check_store(struct patient *p, const char *id)
{
    char limit[DURATION_TEXT_SIZE];
    struct error e = {0};
    switch (store_quick_check(p->home, id, QUICK_CHECK_MS, &e)) {
    case CHECK_NONE:
        return;
    case CHECK_SOUND:
        finding_say(add(p, FINDING_OK, "store", id), NULL, "quick_check says ok");
        return;
    case CHECK_DAMAGED:
        finding_say(add(p, FINDING_FAIL, "store", id),
                    "sync it: a damaged store is set aside and rebuilt; or delete store.db and "
                    "its -wal and -shm",
                    "%s", e.text);
        return;
    case CHECK_LATE:
        duration_format_exact(QUICK_CHECK_MS, limit);
        finding_say(add(p, FINDING_WARN, "store", id),
                    "nothing was found so far; `sqlite3 -readonly store.db 'PRAGMA quick_check'` "
                    "takes its time",
                    "quick_check was not done after %s", limit);
        return;
    case CHECK_FAILED:
        finding_say(add(p, FINDING_FAIL, "store", id), "see that its user may read it", "%s",
                    e.text);
        return;
    }
}

static int64_t stall_ms_of(const struct patient *p, const char *id)
{
    const struct source_config *source = config_find(&p->config, id);
    return source ? source->stall_ms : DEFAULT_STALL_MS;
}

/* It has written no row yet, or is none that would ever write one. */
static void check_held_without_row(struct patient *p, const char *id)
{
    CLEANUP(free_text) char *path = home_source_path(p->home, id, SOURCE_LOCK);
    struct lock_owner owner;
    if (!lock_owner_foreign(path, &owner))
        finding_say(add(p, FINDING_OK, "lock", id), NULL, "a worker is starting");
    else
        finding_say(add(p, FINDING_WARN, "lock", id),
                    "until it lets go, this source is not synced; see what it is, and end it",
                    "pid %d (%s) holds the lock and is no worker", (int)owner.id.pid,
                    owner.command);
}

static void check_held(struct patient *p, const char *id, const struct lock_row *row)
{
    char progress[160];
    if (!row->run_id[0] || process_liveness(&row->holder) == PROCESS_DEAD) {
        check_held_without_row(p, id);
        return;
    }
    bool stalled = (p->now_s - row->last_refreshed_at) * 1000 > stall_ms_of(p, id);
    status_progress(row, p->now_s, progress, sizeof progress);
    finding_say(add(p, stalled ? FINDING_WARN : FINDING_OK, "lock", id),
                stalled ? "`lattice-supervise break-lock --source ID --max-age D` ends it" : NULL,
                "%s (%s), pid %d", stalled ? "stalled" : "running", progress, (int)row->holder.pid);
}

static void check_lock(struct patient *p, const char *id)
{
    struct store_view view = {0};
    struct error e = {0};
    bool held = source_is_locked(p->home, id);
    if (!store_view_read(p->home, id, &view, &e))
        return; /* the store's own check says why */
    if (held)
        check_held(p, id, &view.lock);
    else if (view.lock.run_id[0])
        finding_say(add(p, FINDING_WARN, "lock", id),
                    "the next run clears it, or `lattice-supervise break-lock --source ID` does",
                    "a lock row was left by pid %d on %s", (int)view.lock.holder.pid,
                    view.lock.holder.host);
    int64_t ahead_s = view.last_success_at - p->now_s;
    if (ahead_s > CLOCK_SLACK_S)
        finding_say(add(p, FINDING_WARN, "clock", id),
                    "set the clock; what is shown as fresh may be old",
                    "its last success is %" PRId64 " s in the future", ahead_s);
}

static void add_leftover(void *owner, const struct leftover *leftover)
{
    struct patient *p = owner;
    finding_say(add(p, FINDING_WARN, "leftovers", leftover->source),
                "its next sync ends it; or kill it by hand",
                "pid %d (%s) was started by a worker that is gone", (int)leftover->pid,
                leftover->command);
}

static void check_leftovers(struct patient *p)
{
    size_t before = p->findings->count;
    leftovers_find(p->home, add_leftover, p);
    if (p->findings->count == before)
        finding_say(add(p, FINDING_OK, "leftovers", NULL), NULL,
                    "no process of a worker that is gone");
}

static int64_t newest(const struct ledger_source *s)
{
    int64_t at = s->last_attempt_at > s->last_success_at ? s->last_attempt_at : s->last_success_at;
    return s->has_last && s->last.ended_at > at ? s->last.ended_at : at;
}

static void check_clock(struct patient *p)
{
    struct ledger *ledger = NULL;
    struct error e = {0};
    size_t before = p->findings->count;
    if (!ledger_open_read(p->home, &ledger, &e)) {
        finding_say(add(p, FINDING_FAIL, "ledger", NULL),
                    "move ledger.db, its -wal and its -shm away; only history is lost", "%s",
                    e.text);
        return;
    }
    for (size_t i = 0; ledger && i < p->ids.count; i++) {
        struct ledger_source source;
        if (!ledger_read_source(ledger, p->ids.ids[i], &source, &e) ||
            newest(&source) <= p->now_s + CLOCK_SLACK_S)
            continue;
        finding_say(add(p, FINDING_WARN, "clock", p->ids.ids[i]),
                    "set the clock; deadlines do not depend on it, freshness does",
                    "the ledger has a run %" PRId64 " s in the future", newest(&source) - p->now_s);
    }
    ledger_close(&ledger);
    if (p->findings->count == before)
        finding_say(add(p, FINDING_OK, "clock", NULL), NULL,
                    "nothing in the ledger is in the future");
}

void doctor_home(struct findings *findings, const struct home *home)
{
    struct patient p = {.findings = findings, .home = home, .now_s = clock_unix_s()};
    check_folder(&p);
    check_disk(&p);
    check_supervisor(&p);
    check_config(&p);
    for (size_t i = 0; i < p.config.count; i++)
        id_list_add(&p.ids, p.config.sources[i].id);
    id_list_add_folders(&p.ids, home);
    check_clock(&p);
    for (size_t i = 0; i < p.ids.count; i++) {
        check_store(&p, p.ids.ids[i]);
        check_lock(&p, p.ids.ids[i]);
    }
    check_leftovers(&p);
    id_list_release(&p.ids);
    config_release(&p.config);
}
