/* Tiers, the list of living runs, and the end of a run. */

/* What a run left is looked for in one reading of /proc, in the pool. Three things make a process
 * one of the run: it is in the run's control group; it carries the run's mark; or it is a child of
 * ours that libuv does not know, hence an orphan of a worker that is gone (a living worker is a
 * subreaper itself), unmarked or marked by this run. What descends from such a process belongs to
 * it too. */
#include "supervisor/containment.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/cgroup.h"
#include "common/cleanup.h"
#include "common/clock.h"
#include "common/lock.h"
#include "common/log.h"
#include "common/marker.h"
#include "common/proc.h"
#include "supervisor/limits.h"

/* Who was there before us, or is stuck. */
struct known {
    pid_t pid;
    uint64_t start;
};

struct contained {
    struct containment *containment; /* borrowed */
    char source[65];
    char run_id[33];
    char *cgroup; /* owned; NULL below the cgroup tier */
    pid_t group;  /* the worker's number; also once it is gone */
    pid_t pid;    /* the same until it is reaped, else 0 */
    size_t swept;
    pid_t left;
    uint64_t counted; /* newest start that was counted; see count_swept */
    struct contained *next;
};

struct containment {
    const struct home *home; /* borrowed */
    enum containment_tier tier;
    char *cgroup; /* owned; folder of all our runs' groups; NULL below the cgroup tier */
    bool had_children;
    struct known *before; /* owned; children that were there at start */
    size_t before_count;
    pthread_mutex_t mutex;  /* over `runs`, their `pid`, and the moment of a spawn */
    struct contained *runs; /* all that are not freed */
};

static const char *const names[] = {
    [CONTAINMENT_MARKER] = CONTAINMENT_MARKER_NAME,
    [CONTAINMENT_SUBREAPER] = "subreaper",
    [CONTAINMENT_CGROUP] = "cgroup",
};

const char *containment_name(enum containment_tier tier)
{
    return names[tier];
}

enum containment_tier containment_tier(const struct containment *containment)
{
    return containment->tier;
}

/* Choosing a tier. */

static bool find_name(const char *name, enum containment_tier *tier)
{
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strcmp(names[i], name) == 0) {
            *tier = (enum containment_tier)i;
            return true;
        }
    return false;
}

static void describe(enum containment_tier tier, const char *forced, const char *detail, char *text,
                     size_t size)
{
    static const char *const meanings[] = {
        [CONTAINMENT_MARKER] = "process group and mark in the environment",
        [CONTAINMENT_SUBREAPER] = "orphans come to us",
        [CONTAINMENT_CGROUP] = "a control group for each run",
    };
    snprintf(text, size, "%s (%s%s%s)%s", names[tier], meanings[tier], *detail ? "; " : "", detail,
             forced ? ", as " CONTAINMENT_VARIABLE " asks for" : "");
}

/* *own: folder of our own control group in that tier. */
static bool choose(enum containment_tier *tier, char **own, char *text, size_t size,
                   struct error *e)
{
    const char *forced = getenv(CONTAINMENT_VARIABLE);
    struct error no_cgroup = {0};
    if (forced && !*forced)
        forced = NULL;
    *tier = CONTAINMENT_CGROUP;
    if (forced && !find_name(forced, tier))
        return error_set(e, CAUSE_CONFIG, "%s=%s: expected cgroup, subreaper or marker",
                         CONTAINMENT_VARIABLE, forced);
    if (*tier == CONTAINMENT_CGROUP && !cgroup_try(own, &no_cgroup)) {
        if (forced)
            return error_set(e, CAUSE_CONFIG, "%s=%s: %s", CONTAINMENT_VARIABLE, forced,
                             no_cgroup.text);
        *tier = CONTAINMENT_SUBREAPER;
    }
    describe(*tier, forced, *own ? *own : no_cgroup.text, text, size);
    return true;
}

bool containment_probe(enum containment_tier *tier, char *text, size_t size, struct error *e)
{
    CLEANUP(free_text) char *own = NULL;
    return choose(tier, &own, text, size, e);
}

/* Reading /proc. */

struct scan {
    struct process_stat *all; /* owned */
    bool *chosen;             /* owned */
    size_t count;
};

static void scan_read(struct scan *scan)
{
    size_t room = 1024;
    size_t count;
    *scan = (struct scan){0};
    do {
        room *= 2;
        scan->all = xrealloc(scan->all, room * sizeof *scan->all);
        count = process_read_all(scan->all, room);
    } while (count > room);
    scan->count = count;
    scan->chosen = xcalloc(count + 1, sizeof *scan->chosen);
}

static void scan_release(struct scan *scan)
{
    free(scan->all);
    free(scan->chosen);
}

static bool is_dead(const struct process_stat *stat)
{
    return stat->state == 'Z' || stat->state == 'X';
}

/* Children that were there at start; also those that we adopted from them. */

static void note_children(struct containment *c)
{
    struct scan scan;
    pid_t self = getpid();
    c->had_children = waitpid(-1, NULL, WNOHANG) >= 0 || errno != ECHILD;
    if (!c->had_children)
        return;
    scan_read(&scan);
    c->before = xcalloc(scan.count + 1, sizeof *c->before);
    for (size_t i = 0; i < scan.count; i++)
        if (scan.all[i].parent == self)
            c->before[c->before_count++] =
                (struct known){.pid = scan.all[i].pid, .start = scan.all[i].start};
    scan_release(&scan);
}

static bool was_there(const struct containment *c, const struct process_stat *stat)
{
    for (size_t i = 0; i < c->before_count; i++)
        if (c->before[i].pid == stat->pid && c->before[i].start == stat->start)
            return true;
    return false;
}

/* Living runs. */

static bool is_worker(struct containment *c, pid_t pid)
{
    bool found = false;
    pthread_mutex_lock(&c->mutex);
    for (const struct contained *run = c->runs; run && !found; run = run->next)
        found = run->pid == pid;
    pthread_mutex_unlock(&c->mutex);
    return found;
}

/* A run that is not freed yet ends what is its own. */
static bool is_run(struct containment *c, const char *run_id)
{
    bool found = false;
    pthread_mutex_lock(&c->mutex);
    for (const struct contained *run = c->runs; run && !found; run = run->next)
        found = strcmp(run->run_id, run_id) == 0;
    pthread_mutex_unlock(&c->mutex);
    return found;
}

/* An unmarked orphan can only be a dead worker's, unless somebody else's children may come to us:
 * those of a child that was there at start, or all of a container whose first process we are. */
static bool may_claim_unmarked(const struct containment *c)
{
    return !c->had_children && getpid() != 1;
}

/* Asked after the list was read: a worker that was being started then is known by now. */
static bool is_adopted(struct containment *c, const struct process_stat *stat)
{
    return c->tier != CONTAINMENT_MARKER && stat->parent == getpid() && !was_there(c, stat) &&
           !is_worker(c, stat->pid);
}

/* Choosing. `run` is NULL for the sweep, which takes what no run claims. */

static bool belongs(struct containment *c, const struct contained *run,
                    const struct process_stat *stat, struct buf *memory)
{
    struct mark mark;
    bool adopted = is_adopted(c, stat);
    if (is_dead(stat) || stat->pid == getpid())
        return false;
    if (!marker_read(c->home, stat->pid, memory, &mark))
        return adopted && may_claim_unmarked(c);
    if (!run)
        return adopted && !is_run(c, mark.run_id);
    /* While a run is stuck its worker is marked, and to be killed, too. */
    return strcmp(mark.run_id, run->run_id) == 0;
}

static void choose_members(const char *folder, struct scan *scan)
{
    CLEANUP(free_text) char *path = xasprintf("%s/cgroup.procs", folder);
    CLEANUP(close_file) FILE *file = fopen(path, "re");
    int pid;
    while (file && fscanf(file, "%d", &pid) == 1)
        for (size_t i = 0; i < scan->count; i++)
            if (scan->all[i].pid == pid && !is_dead(&scan->all[i]))
                scan->chosen[i] = true;
}

static size_t count_chosen(const struct scan *scan)
{
    size_t count = 0;
    for (size_t i = 0; i < scan->count; i++)
        count += scan->chosen[i] && !is_dead(&scan->all[i]);
    return count;
}

static void choose_all(struct containment *c, const struct contained *run, struct scan *scan)
{
    struct buf memory = {0};
    if (run && run->cgroup)
        choose_members(run->cgroup, scan);
    for (size_t i = 0; i < scan->count; i++)
        if (!scan->chosen[i])
            scan->chosen[i] = belongs(c, run, &scan->all[i], &memory);
    buf_release(&memory);
    process_choose_descendants(scan->all, scan->count, scan->chosen);
}

/* Dead children of ours that libuv does not know, by number: waitpid(-1) would take its. */
static void reap_adopted(struct containment *c, const struct scan *scan)
{
    for (size_t i = 0; i < scan->count; i++)
        if (scan->all[i].parent == getpid() && is_dead(&scan->all[i]) &&
            !is_worker(c, scan->all[i].pid))
            waitpid(scan->all[i].pid, NULL, WNOHANG);
}

/* Killing. */

/* All by one poll, up to `until_ms`; those that are ours are reaped. */
static void wait_and_reap(struct containment *c, struct pollfd *dying, const struct scan *scan,
                          int64_t until_ms)
{
    for (size_t i = 0; i < scan->count; i++) {
        int64_t left_ms = until_ms - clock_monotonic_ms();
        if (dying[i].fd < 0)
            continue;
        while (poll(&dying[i], 1, left_ms > 0 ? (int)left_ms : 0) < 0 && errno == EINTR)
            left_ms = until_ms - clock_monotonic_ms();
        close(dying[i].fd);
        /* Its parent may be gone since the list was read: then it is ours to reap by now. */
        if (dying[i].revents && !is_worker(c, scan->all[i].pid))
            waitpid(scan->all[i].pid, NULL, WNOHANG);
    }
}

/* Each process once: what was started later than the newest one counted so far is new. */
static void count_swept(struct contained *run, const struct scan *scan)
{
    uint64_t newest = run->counted;
    for (size_t i = 0; i < scan->count; i++) {
        const struct process_stat *stat = &scan->all[i];
        if (!scan->chosen[i] || is_dead(stat))
            continue;
        run->left = stat->pid;
        if (stat->group != run->group && stat->start > run->counted)
            run->swept++;
        if (stat->start > newest)
            newest = stat->start;
    }
    run->counted = newest;
}

static void kill_chosen(struct containment *c, const struct scan *scan)
{
    struct pollfd *dying = xcalloc(scan->count + 1, sizeof *dying);
    size_t count = 0;
    for (size_t i = 0; i < scan->count; i++) {
        dying[i] = (struct pollfd){.fd = scan->chosen[i] ? process_kill(&scan->all[i]) : -1,
                                   .events = POLLIN};
        count += dying[i].fd >= 0;
    }
    wait_and_reap(c, dying, scan, clock_monotonic_ms() + CONTAINED_WAIT_MS);
    free(dying);
    if (count == 0) /* they died by themselves, or we may not signal them: no busy loop */
        poll(NULL, 0, CONTAINED_AGAIN_MS);
}

/* One look. True if there was nothing. */
static bool look(struct contained *run)
{
    struct containment *c = run->containment;
    struct scan scan;
    scan_read(&scan);
    choose_all(c, run, &scan);
    bool nothing = count_chosen(&scan) == 0;
    reap_adopted(c, &scan);
    if (nothing)
        run->left = 0;
    else {
        count_swept(run, &scan);
        contained_kill(run);
        kill_chosen(c, &scan);
    }
    scan_release(&scan);
    return nothing && (!run->cgroup || cgroup_wait_empty(run->cgroup, 0));
}

bool contained_end(struct contained *run)
{
    /* Whoever forked while the first look went on is seen by the second. */
    return look(run) && look(run) && (!run->cgroup || cgroup_remove(run->cgroup));
}

bool contained_end_clean(struct contained *run)
{
    /* The marker tier has no subreaper that could have known. A group that can be removed is empty.
     */
    if (run->containment->tier == CONTAINMENT_MARKER ||
        (run->cgroup && !cgroup_remove(run->cgroup)))
        return contained_end(run);
    return true;
}

void contained_kill(const struct contained *run)
{
    if (run->cgroup)
        cgroup_kill(run->cgroup);
}

/* A run. */

struct contained *contained_new(struct containment *c, const char *source, const char *run_id)
{
    struct contained *run = xcalloc(1, sizeof *run);
    run->containment = c;
    snprintf(run->source, sizeof run->source, "%s", source);
    snprintf(run->run_id, sizeof run->run_id, "%s", run_id);
    if (c->cgroup)
        run->cgroup = xasprintf("%s/%s", c->cgroup, run_id);
    pthread_mutex_lock(&c->mutex);
    run->next = c->runs;
    c->runs = run;
    pthread_mutex_unlock(&c->mutex);
    return run;
}

void contained_free(struct contained *run)
{
    struct containment *c = run->containment;
    pthread_mutex_lock(&c->mutex);
    struct contained **at = &c->runs;
    while (*at != run)
        at = &(*at)->next;
    *at = run->next;
    pthread_mutex_unlock(&c->mutex);
    free(run->cgroup);
    free(run);
}

const char *contained_cgroup(const struct contained *run)
{
    return run->cgroup;
}

size_t contained_swept(const struct contained *run)
{
    return run->swept;
}

pid_t contained_left(const struct contained *run)
{
    return run->left;
}

int contained_spawn(struct contained *run, uv_loop_t *loop, uv_process_t *process,
                    const uv_process_options_t *options)
{
    struct containment *c = run->containment;
    pthread_mutex_lock(&c->mutex);
    int code = uv_spawn(loop, process, options);
    if (code == 0)
        run->pid = run->group = process->pid;
    pthread_mutex_unlock(&c->mutex);
    return code;
}

void contained_reaped(struct contained *run)
{
    pthread_mutex_lock(&run->containment->mutex);
    run->pid = 0;
    pthread_mutex_unlock(&run->containment->mutex);
}

/* What nobody claims. */

/* Ends what of one source is left of earlier runs, under its lock: else a living worker's would go
 * too. */
static size_t sweep_source(struct containment *c, const char *source)
{
    CLEANUP(free_text) char *path = home_source_path(c->home, source, SOURCE_LOCK);
    struct error ignored = {0}; /* without a folder there is no lock, and nobody who holds it */
    int fd = -1;
    size_t ended = 0;
    if (lock_kernel_acquire(path, &fd, &ignored) != LOCK_BUSY)
        ended = marker_end(c->home, source, NULL, SWEEP_WAIT_MS);
    lock_kernel_release(&fd);
    if (ended)
        log_line(LOG_WARN, source, "sweep", "ended %zu processes that an earlier run left", ended);
    return ended;
}

static bool source_runs(struct containment *c, const char *source)
{
    bool found = false;
    pthread_mutex_lock(&c->mutex);
    for (const struct contained *run = c->runs; run && !found; run = run->next)
        found = strcmp(run->source, source) == 0;
    pthread_mutex_unlock(&c->mutex);
    return found;
}

static size_t sweep_marked(struct containment *c, const struct scan *scan)
{
    struct buf memory = {0};
    struct mark mark;
    char last[sizeof mark.source] = "";
    size_t ended = 0;
    for (size_t i = 0; i < scan->count; i++) {
        const struct process_stat *stat = &scan->all[i];
        if (is_dead(stat) || stat->pid == getpid() ||
            !marker_read(c->home, stat->pid, &memory, &mark) || source_runs(c, mark.source) ||
            strcmp(mark.source, last) == 0)
            continue;
        memcpy(last, mark.source, sizeof last);
        ended += sweep_source(c, mark.source);
    }
    buf_release(&memory);
    return ended;
}

size_t containment_sweep(struct containment *c)
{
    struct scan scan;
    scan_read(&scan);
    size_t ended = sweep_marked(c, &scan);
    choose_all(c, NULL, &scan);
    size_t orphans = count_chosen(&scan);
    reap_adopted(c, &scan);
    if (orphans > 0)
        kill_chosen(c, &scan);
    scan_release(&scan);
    if (orphans > 0)
        log_line(LOG_WARN, NULL, "sweep", "ended %zu orphans that an earlier run left", orphans);
    return ended + orphans;
}

/* Start and end. */

/* We hold supervise.lock: whoever made these groups is gone. */
static void sweep_groups(const char *folder)
{
    struct stat st;
    if (stat(folder, &st) != 0)
        return;
    cgroup_kill(folder);
    if (!cgroup_wait_empty(folder, SWEEP_WAIT_MS))
        log_line(LOG_WARN, NULL, "sweep", "something in %s cannot be ended", folder);
    cgroup_remove(folder);
}

static bool open_cgroup(struct containment *c, const char *own, struct error *e)
{
    c->cgroup = xasprintf("%s/lattice-%llx-%llx", own, (unsigned long long)c->home->device,
                          (unsigned long long)c->home->inode);
    sweep_groups(c->cgroup);
    return mkdir(c->cgroup, 0700) == 0 || errno == EEXIST ||
           error_set(e, CAUSE_CONFIG, "make %s: %s", c->cgroup, strerror(errno));
}

bool containment_open(const struct home *home, struct containment **out, struct error *e)
{
    struct containment *c = xcalloc(1, sizeof *c);
    CLEANUP(free_text) char *own = NULL;
    char text[ERROR_TEXT_SIZE];
    c->home = home;
    pthread_mutex_init(&c->mutex, NULL);
    note_children(c);
    if (!choose(&c->tier, &own, text, sizeof text, e) || (own && !open_cgroup(c, own, e))) {
        containment_close(&c);
        return false;
    }
    if (c->tier != CONTAINMENT_MARKER)
        prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
    log_line(LOG_DEBUG, NULL, "start", "containment: %s", text);
    *out = c;
    return true;
}

void containment_close(struct containment **containment)
{
    struct containment *c = *containment;
    if (!c)
        return;
    if (c->cgroup)
        cgroup_remove(c->cgroup);
    pthread_mutex_destroy(&c->mutex);
    free(c->before);
    free(c->cgroup);
    free(c);
    *containment = NULL;
}
