/* The end of a run: what it left is found, killed and waited for. */

/* What a run left is looked for in one reading of /proc, in the pool. Three things make a process
 * one of the run: it is in the run's control group; it carries the run's mark; or it is a child of
 * ours that libuv does not know, hence an orphan of a worker that is gone (a living worker is a
 * subreaper itself), unmarked or marked by this run. What descends from such a process belongs to
 * it too. */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/cgroup.h"
#include "common/cleanup.h"
#include "common/clock.h"
#include "common/lock.h"
#include "common/log.h"
#include "common/marker.h"
#include "supervisor/containment_internal.h"
#include "supervisor/leftovers.h"
#include "supervisor/limits.h"

/* Reading /proc. */

void scan_read(struct scan *scan)
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

void scan_release(struct scan *scan)
{
    free(scan->all);
    free(scan->chosen);
}

static bool is_dead(const struct process_stat *stat)
{
    return stat->state == 'Z' || stat->state == 'X';
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

/* A service that is never idle sweeps beside runs. An unmarked orphan may be one of theirs, whose
 * end finds and counts it, unless it was there before all of them. */
static bool is_older_than_runs(struct containment *c, const struct process_stat *stat)
{
    bool older = true;
    pthread_mutex_lock(&c->mutex);
    for (const struct contained *run = c->runs; run && older; run = run->next)
        older = stat->start < run->since;
    pthread_mutex_unlock(&c->mutex);
    return older;
}

/* Choosing. `run` is NULL for the sweep, which takes what no run claims. */

/* What was there before its worker is none of a run's: most of a machine need not be read. */
static bool is_older(const struct process_stat *stat, const struct contained *run)
{
    return run && stat->start < run->since;
}

static bool belongs(struct containment *c, const struct contained *run,
                    const struct process_stat *stat, struct buf *memory)
{
    struct mark mark;
    if (is_dead(stat) || stat->kernel || stat->pid == getpid() || is_older(stat, run))
        return false;
    bool adopted = is_adopted(c, stat);
    if (!run && !adopted)
        return false;
    if (!marker_read(c->home, stat->pid, memory, &mark))
        return adopted && may_claim_unmarked(c) && (run || is_older_than_runs(c, stat));
    if (!run)
        return !is_run(c, mark.run_id);
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

/* Dead children of ours that libuv does not know, by number: waitpid(-1) would take its. Counts for
 * each of the runs that asked those that were orphans of our workers, and may be that run's: as
 * long as some come, something of theirs is alive, be it so short-lived that no list shows it;
 * their groups are killed with them. */
static void reap_adopted(struct containment *c, struct contained *asked, const struct scan *scan)
{
    pid_t group = 0;
    for (size_t i = 0; i < scan->count; i++) {
        const struct process_stat *stat = &scan->all[i];
        if (stat->parent != getpid() || !is_dead(stat) || is_worker(c, stat->pid))
            continue;
        if (may_claim_unmarked(c) && is_adopted(c, stat)) {
            if (stat->group != group && !is_worker(c, stat->group))
                process_kill_group(stat);
            group = stat->group;
            for (struct contained *run = asked; run; run = run->next_asked)
                run->orphans += !is_older(stat, run);
        }
        waitpid(stat->pid, NULL, WNOHANG);
    }
}

static bool is_ending(struct containment *c)
{
    bool found = false;
    pthread_mutex_lock(&c->mutex);
    for (const struct contained *run = c->runs; run && !found; run = run->next)
        found = run->ending;
    pthread_mutex_unlock(&c->mutex);
    return found;
}

/* The kernel gives orphans to a process's first thread. */
void containment_reap(struct containment *c)
{
    int pid;
    if (is_ending(c))
        return;
    CLEANUP(free_text) char *path = xasprintf("/proc/self/task/%d/children", (int)getpid());
    CLEANUP(close_file) FILE *file = fopen(path, "re");
    while (file && fscanf(file, "%d", &pid) == 1)
        if (!is_worker(c, pid))
            waitpid(pid, NULL, WNOHANG);
}

/* Killing. */

/* Until they are gone, up to CONTAINED_WAIT_MS for all; those that are ours are reaped. */
static void wait_and_reap(struct containment *c, struct dying_list *dying)
{
    int64_t until_ms = clock_monotonic_ms() + CONTAINED_WAIT_MS;
    for (size_t i = 0; i < dying->count; i++) {
        struct pollfd end = {.fd = dying->all[i].pidfd, .events = POLLIN};
        int64_t left_ms = until_ms - clock_monotonic_ms();
        while (poll(&end, 1, left_ms > 0 ? (int)left_ms : 0) < 0 && errno == EINTR)
            left_ms = until_ms - clock_monotonic_ms();
        close(end.fd);
        /* Its parent may be gone since the list was read: then it is ours to reap by now. */
        if (end.revents && !is_worker(c, dying->all[i].pid))
            waitpid(dying->all[i].pid, NULL, WNOHANG);
    }
    free(dying->all);
    *dying = (struct dying_list){0};
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

/* Stopped ones do not see each other die: who watches another to start it anew gets no turn between
 * the first SIGKILL and the last. */
static void stop_chosen(const struct scan *scan)
{
    for (size_t i = 0; i < scan->count; i++) {
        struct process_stat now;
        if (scan->chosen[i] && !is_dead(&scan->all[i]) &&
            process_stat_read(scan->all[i].pid, &now) && now.start == scan->all[i].start)
            kill(now.pid, SIGSTOP);
    }
}

/* For wait_and_reap, which releases the list. */
static struct dying_list kill_chosen(struct containment *c, const struct scan *scan)
{
    struct dying_list dying = {.all = xcalloc(count_chosen(scan) + 1, sizeof *dying.all)};
    stop_chosen(scan);
    for (size_t i = 0; i < scan->count; i++) {
        if (!scan->chosen[i])
            continue;
        if (!is_worker(c, scan->all[i].group))
            process_kill_group(&scan->all[i]);
        int pidfd = process_kill(&scan->all[i]);
        if (pidfd >= 0)
            dying.all[dying.count++] = (struct dying){.pidfd = pidfd, .pid = scan->all[i].pid};
    }
    return dying;
}

/* Is anything in its control group? Who was born there cannot leave it by forking, so the reaped
 * orphans of such a run say nothing that the group does not. */
static bool group_is_empty(struct contained *run)
{
    if (!run->cgroup || access(run->cgroup, F_OK) != 0)
        return true;
    run->fenced = true;
    return cgroup_wait_empty(run->cgroup, 0);
}

/* One reading of /proc serves all ends that asked for a look before it began: on a loaded machine
 * it is the processor's time that they wait for, and each with a reading of its own would wait for
 * the others' besides. Who asks meanwhile waits for the next. */

static void begin_looking(struct containment *c)
{
    pthread_mutex_lock(&c->mutex);
    while (c->is_looking)
        pthread_cond_wait(&c->looked, &c->mutex);
    c->is_looking = true;
    pthread_mutex_unlock(&c->mutex);
}

static void end_looking(struct containment *c, struct contained *asked)
{
    pthread_mutex_lock(&c->mutex);
    c->is_looking = false;
    for (struct contained *run = asked; run; run = run->next_asked)
        run->asks = false;
    pthread_cond_broadcast(&c->looked);
    pthread_mutex_unlock(&c->mutex);
}

/* Their threads wait until end_looking, so none of them is freed meanwhile. */
static struct contained *list_asked(struct containment *c)
{
    struct contained *asked = NULL;
    pthread_mutex_lock(&c->mutex);
    for (struct contained *run = c->runs; run; run = run->next)
        if (run->asks) {
            run->next_asked = asked;
            asked = run;
        }
    pthread_mutex_unlock(&c->mutex);
    return asked;
}

static void look_for_one(struct contained *run, struct scan *scan)
{
    struct containment *c = run->containment;
    memset(scan->chosen, 0, scan->count * sizeof *scan->chosen);
    choose_all(c, run, scan);
    run->looks++;
    run->orphans = 0;
    run->found_nothing = count_chosen(scan) == 0;
    run->found_empty = group_is_empty(run);
    if (run->found_nothing)
        run->left = 0;
    count_swept(run, scan);
    if (!run->found_empty)
        contained_kill(run);
    run->dying = kill_chosen(c, scan);
}

static void look_for_all(struct containment *c)
{
    struct contained *asked = list_asked(c);
    struct scan scan;
    scan_read(&scan);
    for (struct contained *run = asked; run; run = run->next_asked)
        look_for_one(run, &scan);
    reap_adopted(c, asked, &scan);
    scan_release(&scan);
    end_looking(c, asked);
}

/* By this thread or another one. */
static void have_looked(struct contained *run)
{
    struct containment *c = run->containment;
    pthread_mutex_lock(&c->mutex);
    run->asks = true;
    while (run->asks && c->is_looking)
        pthread_cond_wait(&c->looked, &c->mutex);
    bool by_me = run->asks;
    if (by_me)
        c->is_looking = true;
    pthread_mutex_unlock(&c->mutex);
    if (by_me)
        look_for_all(c);
}

/* One look. True if there was nothing. None waits for the dying of another's. */
static bool look(struct contained *run)
{
    have_looked(run);
    size_t waits = run->dying.count;
    wait_and_reap(run->containment, &run->dying);
    if (!run->found_empty)
        cgroup_wait_empty(run->cgroup, CONTAINED_WAIT_MS);
    else if (waits == 0 && !run->found_nothing)
        poll(NULL, 0, CONTAINED_AGAIN_MS); /* they died by themselves, or cannot be signalled */
    return run->found_nothing && run->found_empty && (run->orphans == 0 || run->fenced);
}

/* Whoever forked while the first look went on is seen by the second. */
static bool end_once(struct contained *run)
{
    return look(run) && look(run) && (!run->cgroup || cgroup_remove(run->cgroup));
}

bool contained_end(struct contained *run)
{
    int64_t until_ms = clock_monotonic_ms() + CONTAINED_WAIT_MS;
    bool ended;
    pthread_mutex_lock(&run->containment->mutex);
    run->ending = true;
    pthread_mutex_unlock(&run->containment->mutex);
    do
        ended = end_once(run);
    while (!ended && clock_monotonic_ms() < until_ms);
    return ended;
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
        log_line(LOG_WARN, source, "sweep", "ended %zu process%s that an earlier run left", ended,
                 ended == 1 ? "" : "es");
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

struct marked {
    struct containment *containment;
    char last[SOURCE_ID_MAX + 1];
    size_t ended;
};

static void sweep_marked(void *owner, const struct leftover *leftover)
{
    struct marked *m = owner;
    if (source_runs(m->containment, leftover->source) || strcmp(leftover->source, m->last) == 0)
        return;
    memcpy(m->last, leftover->source, sizeof m->last);
    m->ended += sweep_source(m->containment, leftover->source);
}

/* Who has no child has no orphan either: those of our workers are ours, or one of ours has them. */
static bool has_child(void)
{
    siginfo_t ignored;
    return waitid(P_ALL, 0, &ignored, WEXITED | WNOHANG | WNOWAIT) == 0;
}

/* A group is signalled by its number: its list is a fresh one. A run that is ending reaps by
 * itself, since it counts what comes. */
static size_t sweep_orphans(struct containment *c)
{
    struct scan scan;
    begin_looking(c);
    scan_read(&scan);
    choose_all(c, NULL, &scan);
    size_t orphans = count_chosen(&scan);
    struct dying_list dying = kill_chosen(c, &scan);
    if (!is_ending(c))
        reap_adopted(c, NULL, &scan);
    scan_release(&scan);
    end_looking(c, NULL);
    wait_and_reap(c, &dying);
    return orphans;
}

size_t containment_sweep(struct containment *c)
{
    struct marked marked = {.containment = c};
    leftovers_find(c->home, sweep_marked, &marked);
    size_t orphans = has_child() ? sweep_orphans(c) : 0;
    if (orphans > 0)
        log_line(LOG_WARN, NULL, "sweep", "ended %zu orphan%s that an earlier run left", orphans,
                 orphans == 1 ? "" : "s");
    return marked.ended + orphans;
}
