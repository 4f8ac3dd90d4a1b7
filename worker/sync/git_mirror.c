/* A remote git source's bare mirror: head, trees, blobs in durable batches. */
#include "worker/sync/git_mirror.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/cleanup.h"
#include "common/clock.h"
#include "common/log.h"
#include "common/text.h"
#include "worker/sync/git_explain.h"
#include "worker/sync/mirror_files.h"

/* No name that a user's configuration could have: git would add what it says of it to ours. */
#define REMOTE      "lattice-mirror"
#define FETCHED_REF "refs/lattice/fetched"
#define PINNED_REF  "refs/lattice/bookmark"

/* That blobs may be missing is said to the commands that must know, and never in the mirror's
 * configuration, as a fetch with a filter would else write it: there, looking for a blob that is
 * missing ends cat-file, since it may not fetch it. */
#define PROMISOR                                                                                   \
    "-c", "remote." REMOTE ".promisor=true", "-c", "remote." REMOTE ".partialCloneFilter=blob:none"

enum {
    BATCH_FIRST = 64, /* small enough to land before any sane deadline */
    BATCH_MAX = 8192,
    BATCH_AIM_MS = 2000, /* a fetch this quick is followed by one twice as large */
    PACKS_MAX = 40,      /* above this many packs, look-ups suffer */
};

static bool stopped_or(enum git_answer answer, enum step *step)
{
    *step = answer == GIT_STOPPED ? STEP_STOPPED : STEP_FAILED;
    return answer == GIT_DONE;
}

/* An error of the mirror itself, not of the remote: it can be made anew. */
static void blame_mirror(struct error *e)
{
    if (e->cause == CAUSE_UNREACHABLE || e->cause == CAUSE_CONFIG)
        e->cause = CAUSE_BAD_DATA;
}

static struct git_command fetch_command(const struct git_mirror *m, const char *const *args)
{
    return (struct git_command){.git_dir = m->path,
                                .args = args,
                                .network = GIT_FETCHES,
                                .user = m->url->user,
                                .credential = m->credential,
                                .secret = m->secret};
}

/* "<id> TAB <ref>" lines; takes the one of `ref`. */
static char *find_ref(const char *text, const char *ref)
{
    size_t size = strlen(ref);
    for (const char *line = text; line && *line;) {
        size_t id = strcspn(line, "\t\n");
        if (line[id] == '\t' && strncmp(line + id + 1, ref, size) == 0 &&
            (line[id + 1 + size] == '\n' || line[id + 1 + size] == '\0') && (id == 40 || id == 64))
            return xstrndup(line, id);
        line = strchr(line, '\n');
        line = line ? line + 1 : NULL;
    }
    return NULL;
}

enum step git_mirror_head(struct git_mirror *m, char **oid, struct error *e)
{
    const char *const args[] = {"ls-remote", "--quiet", "--", m->url->location, m->ref, NULL};
    struct git_command command = fetch_command(m, args);
    struct buf out = {0};
    enum step step = STEP_DONE;
    command.git_dir = NULL;
    if (stopped_or(git_text(&command, &out, NULL, e), &step)) {
        step = STEP_DONE;
        *oid = find_ref(out.data, m->ref);
        if (!*oid && strcmp(m->ref, "HEAD") == 0)
            error_set(e, CAUSE_BAD_DATA,
                      "%s has no commits, or its HEAD names a branch that does not exist; commit "
                      "something there or set `branch`",
                      m->url->location);
        else if (!*oid)
            error_set(e, CAUSE_CONFIG, "%s has no branch %s; check `branch`", m->url->location,
                      sync_source(m->sync)->branch);
        if (!*oid)
            step = STEP_FAILED;
    } else if (step == STEP_FAILED)
        error_wrap(e, "%s", m->url->location);
    buf_release(&out);
    return step;
}

static bool is_whole(const struct git_mirror *m)
{
    return mirror_is_whole(m->path, m->url->location);
}

/* Makes the empty mirror, of the remote's object format. */
static enum step make(struct git_mirror *m, struct error *e)
{
    struct stat st;
    if (lstat(m->path, &st) == 0 && S_ISDIR(st.st_mode))
        return STEP_DONE;
    const char *const args[] = {"init",
                                "--bare",
                                "--quiet",
                                "--template=",
                                m->oid_size == 64 ? "--object-format=sha256"
                                                  : "--object-format=sha1",
                                "--",
                                m->path,
                                NULL};
    const struct git_run run = {.command = {.args = args, .network = GIT_OFFLINE}};
    enum step step = STEP_DONE;
    return stopped_or(git_run(&run, e), &step) ? STEP_DONE : step;
}

/* The last "(450/1000)" of what a network git prints while it works: "Receiving objects:  45%
 * (450/1000)". False if there is none. */
static bool last_count(const char *data, size_t size, int64_t *done, int64_t *total)
{
    CLEANUP(free_text) char *text = xstrndup(data, size);
    for (char *at = strrchr(text, '('); at; at = strrchr(text, '(')) {
        if (sscanf(at, "(%" SCNd64 "/%" SCNd64 ")", done, total) == 2)
            return true;
        *at = '\0';
    }
    return false;
}

/* A fetch that moves is no stall: each count goes on as progress. */
static bool on_fetch_words(void *context, const char *data, size_t size, struct error *e)
{
    struct git_mirror *m = context;
    int64_t done;
    int64_t total;
    return !last_count(data, size, &done, &total) || sync_fetching(m->sync, done, total, e);
}

/* A server of protocol 2 says so of an object that it does not have: a branch that was rewritten
 * and collected between the trees and the blobs, a replica that lags behind, damage. The mirror is
 * as good as it was. */
static void explain_lack(struct git_mirror *m, struct error *e)
{
    m->lacking = true;
    e->cause = CAUSE_BAD_DATA;
    error_wrap(e, "the server lacks an object of its own head (if it stays so, run `git fsck` "
                  "there)");
}

static bool is_lack(const char *text)
{
    return strstr(text, "not our ref") != NULL;
}

static enum step run_fetch(struct git_mirror *m, const struct git_run *how, struct error *e)
{
    struct git_run run = *how;
    enum step step = STEP_DONE;
    run.on_error = on_fetch_words;
    run.context = m;
    if (!stopped_or(git_run(&run, e), &step)) {
        if (step == STEP_FAILED && strstr(e->text, m->path))
            blame_mirror(e);
        if (step == STEP_FAILED && is_lack(e->text))
            explain_lack(m, e);
        if (step == STEP_FAILED)
            error_wrap(e, "%s", m->url->location);
        return step;
    }
    return STEP_DONE;
}

static enum step read_ref(struct git_mirror *m, const char *ref, char **oid, struct error *e)
{
    CLEANUP(free_text) char *name = xasprintf("%s^{commit}", ref);
    const char *const args[] = {"rev-parse", "--verify", "--end-of-options", name, NULL};
    const struct git_command command = {.git_dir = m->path, .args = args};
    struct buf out = {0};
    enum step step = STEP_DONE;
    if (stopped_or(git_text(&command, &out, NULL, e), &step)) {
        free(*oid);
        *oid = xstrdup(out.data);
        step = STEP_DONE;
    } else if (step == STEP_FAILED)
        blame_mirror(e);
    buf_release(&out);
    return step;
}

enum step git_mirror_fetch(struct git_mirror *m, char **oid, struct error *e)
{
    CLEANUP(free_text) char *url = xasprintf("remote." REMOTE ".url=%s", m->url->location);
    CLEANUP(free_text) char *spec = xasprintf("+%s:" FETCHED_REF, m->ref);
    const char *const args[] = {
        /* clang-format off */
        "-c", url, PROMISOR, "fetch", "--filter=blob:none",
        "--progress", "--depth=1", "--no-tags", "--no-write-fetch-head", "--force", REMOTE, spec,
        NULL
        /* clang-format on */
    };
    const char *const whole_args[] = {
        /* clang-format off */
        "-c", url, "fetch",
        "--progress", "--depth=1", "--no-tags", "--no-write-fetch-head", "--force", REMOTE, spec,
        NULL
        /* clang-format on */
    };
    m->oid_size = strlen(*oid);
    enum step step = make(m, e);
    if (step != STEP_DONE)
        return step;
    /* What the server would not do once it may do now. */
    if (!mirror_sweep(m->path, e) || (sync_begins_full(m->sync) && !mirror_unset_whole(m->path, e)))
        return STEP_FAILED;
    const struct git_run run = {.command = fetch_command(m, is_whole(m) ? whole_args : args)};
    step = run_fetch(m, &run, e);
    if (step != STEP_DONE)
        return step;
    sync_banked(m->sync);
    return read_ref(m, FETCHED_REF, oid, e);
}

struct missing {
    struct buf line;
    struct buf ids; /* one a line */
    size_t count;
};

/* "<id> missing" lines of `cat-file --batch-check`. */
static bool on_check(void *context, const char *data, size_t size, struct error *e)
{
    struct missing *m = context;
    (void)e;
    for (size_t i = 0; i < size; i++) {
        if (data[i] != '\n') {
            buf_add_byte(&m->line, data[i]);
            continue;
        }
        char *end = m->line.data ? strstr(m->line.data, " missing") : NULL;
        if (end) {
            buf_add(&m->ids, m->line.data, (size_t)(end - m->line.data));
            buf_add_byte(&m->ids, '\n');
            m->count++;
        }
        buf_reset(&m->line);
    }
    return true;
}

static enum step find_missing(struct git_mirror *m, const struct plan_block *block,
                              struct missing *missing, struct error *e)
{
    static const char *const args[] = {"cat-file", "--buffer", "--batch-check=%(objectname)", NULL};
    struct buf ids = {0};
    enum step step = STEP_DONE;
    for (size_t i = 0; i < block->count; i++)
        buf_printf(&ids, "%s\n", block->items[i].blob);
    const struct git_run run = {.command = {.git_dir = m->path, .args = args},
                                .input = ids.data,
                                .input_size = ids.size,
                                .on_output = on_check,
                                .context = missing};
    if (block->count && stopped_or(git_run(&run, e), &step))
        step = STEP_DONE;
    else if (step == STEP_FAILED)
        blame_mirror(e);
    buf_release(&ids);
    return step;
}

/* Servers that know filters may still not give a blob by its id: those that speak version 0 of the
 * protocol, as behind an sshd that does not accept GIT_PROTOCOL, unless they are configured to. Our
 * own git says so then, without asking for any. */
static bool is_refusal(const char *text)
{
    return strstr(text, "request for unadvertised object") != NULL;
}

/* One fetch of ids, which leaves one pack: with unpackLimit 1 it is never taken apart into loose
 * objects, and with the noop negotiation nothing is said about what is there. */
static enum step fetch_batch(struct git_mirror *m, const char *ids, size_t size, struct error *e)
{
    CLEANUP(free_text) char *url = xasprintf("remote." REMOTE ".url=%s", m->url->location);
    const char *const args[] = {"-c",
                                url,
                                "-c",
                                "fetch.negotiationAlgorithm=noop",
                                "-c",
                                "fetch.unpackLimit=1",
                                PROMISOR,
                                "fetch",
                                "--progress",
                                "--no-tags",
                                "--no-write-fetch-head",
                                "--filter=blob:none",
                                "--stdin",
                                REMOTE,
                                NULL};
    const struct git_run run = {
        .command = fetch_command(m, args), .input = ids, .input_size = size};
    enum step step = run_fetch(m, &run, e);
    if (step == STEP_FAILED && !is_whole(m) && is_refusal(e->text)) {
        m->refused = true;
        e->cause = CAUSE_BAD_DATA; /* what recovers makes a whole mirror of it */
        error_wrap(e, "the server gives no objects by their ids, so that all is fetched at once");
    }
    return step;
}

/* Length of the first `count` lines. */
static size_t lines(const char *text, size_t count)
{
    const char *at = text;
    while (count-- && *at)
        at = strchr(at, '\n') + 1;
    return (size_t)(at - text);
}

enum step git_mirror_blobs(struct git_mirror *m, const struct plan_block *block, struct error *e)
{
    struct missing missing = {0};
    enum step step = find_missing(m, block, &missing, e);
    if (!m->batch)
        m->batch = BATCH_FIRST;
    if (step == STEP_DONE && missing.count && !sync_commit(m->sync, e))
        step = STEP_FAILED;
    for (size_t at = 0; step == STEP_DONE && at < missing.ids.size;) {
        int64_t started = clock_monotonic_ms();
        size_t size = lines(missing.ids.data + at, m->batch);
        step = fetch_batch(m, missing.ids.data + at, size, e);
        if (step != STEP_DONE)
            break;
        at += size;
        m->blobs_done += (int64_t)m->batch;
        sync_banked(m->sync);
        int64_t took = clock_monotonic_ms() - started;
        if (took < BATCH_AIM_MS && m->batch < BATCH_MAX)
            m->batch *= 2;
        else if (took > 4 * BATCH_AIM_MS && m->batch > 1)
            m->batch /= 2;
        if (!sync_fetching(m->sync, m->blobs_done, -1, e))
            step = STEP_FAILED;
    }
    buf_release(&missing.line);
    buf_release(&missing.ids);
    return step;
}

bool git_mirror_settle(struct git_mirror *m, const char *oid, struct error *e)
{
    const char *const pin[] = {"update-ref", PINNED_REF, oid, NULL};
    const struct git_run run = {.command = {.git_dir = m->path, .args = pin}};
    if (git_run(&run, e) == GIT_FAILED)
        return false;
    if (mirror_packs(m->path) <= PACKS_MAX)
        return true;
    /* Packs of a partial clone only grow: git keeps every object that a promisor gave. The store
     * has the text, so a new mirror costs the trees and then the blobs that change. */
    if (mirror_is_partial(m->path))
        return mirror_remove(m->path, e);
    /* A stop cuts it short and leaves the packs as they were. */
    static const char *const repack[] = {"repack", "-a", "-d", "-q", "--no-write-bitmap-index",
                                         NULL};
    const struct git_run pack = {.command = {.git_dir = m->path, .args = repack}};
    struct error problem = {0};
    if (git_run(&pack, &problem) == GIT_FAILED)
        log_line(LOG_WARN, sync_source(m->sync)->id, "fetch", "%s", problem.text);
    return true;
}

bool git_mirror_renew(struct git_mirror *m, struct error *e)
{
    bool whole = m->oid_size && (m->refused || is_whole(m));
    if (m->lacking)
        return true;
    return mirror_remove(m->path, e) &&
           (!whole || (make(m, e) == STEP_DONE && mirror_set_whole(m->path, m->url->location, e)));
}

void git_mirror_release(struct git_mirror *m)
{
    free(m->path);
    free(m->ref);
    if (m->credential)
        close(m->secret);
    free(m->credential);
    *m = (struct git_mirror){0};
}
