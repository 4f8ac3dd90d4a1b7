/* Tiers, and the list of living runs. */
#include "supervisor/containment.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/cgroup.h"
#include "common/cleanup.h"
#include "common/log.h"
#include "common/marker.h"
#include "supervisor/containment_internal.h"
#include "supervisor/limits.h"

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

/* Children that were there at start are not ours. */

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
    containment_reap(c);
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

size_t contained_looks(const struct contained *run)
{
    return run->looks;
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
    struct process_stat stat;
    if (code == 0)
        run->pid = run->group = process->pid;
    if (code == 0 && process_stat_read(run->pid, &stat))
        run->since = stat.start;
    pthread_mutex_unlock(&c->mutex);
    return code;
}

void contained_reaped(struct contained *run)
{
    pthread_mutex_lock(&run->containment->mutex);
    run->pid = 0;
    run->ending = true;
    pthread_mutex_unlock(&run->containment->mutex);
}

/* Orphans that die. */

static void child_died(uv_signal_t *handle, int number)
{
    (void)number;
    containment_reap(handle->data);
}

void containment_watch(struct containment *c, uv_loop_t *loop)
{
    uv_signal_init(loop, &c->child_signal);
    c->child_signal.data = c;
    uv_signal_start(&c->child_signal, child_died, SIGCHLD);
    containment_reap(c);
}

void containment_unwatch(struct containment *c)
{
    uv_close((uv_handle_t *)&c->child_signal, NULL);
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
    pthread_cond_init(&c->looked, NULL);
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
    pthread_cond_destroy(&c->looked);
    free(c->before);
    free(c->cgroup);
    free(c);
    *containment = NULL;
}
