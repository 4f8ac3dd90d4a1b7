/* The kind `git`: a local repository read in place, or a remote one through a bare mirror. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/cleanup.h"
#include "common/text.h"
#include "common/url.h"
#include "worker/sync/git.h"
#include "worker/sync/git_cat.h"
#include "worker/sync/git_mirror.h"
#include "worker/sync/git_records.h"
#include "worker/sync/git_ref.h"
#include "worker/sync/git_watch.h"
#include "worker/sync/kind.h"

struct git_source {
    struct sync *sync; /* borrowed */
    struct git_url url;
    bool mirrored;
    struct git_mirror mirror;
    char *git_dir; /* owned; what is read */
    char *head;    /* owned */
    struct git_cat cat;
};

static void git_release(void *state)
{
    struct git_source *g = state;
    if (!g)
        return;
    git_cat_release(&g->cat);
    git_mirror_release(&g->mirror);
    git_url_release(&g->url);
    free(g->git_dir);
    free(g->head);
    free(g);
}

static bool is_folder(const char *path)
{
    struct stat st;
    return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

/* `.git` in it (a folder, or a file in a worktree), else the folder itself if it is a bare one. */
static bool find_git_dir(struct git_source *g, struct error *e)
{
    const char *path = g->url.location;
    CLEANUP(free_text) char *inner = xasprintf("%s/.git", path);
    CLEANUP(free_text) char *objects = xasprintf("%s/objects", path);
    struct stat st;
    if (stat(path, &st) != 0)
        return error_set(e, errno == EACCES ? CAUSE_CONFIG : CAUSE_UNREACHABLE, "%s: %s", path,
                         strerror(errno));
    if (lstat(inner, &st) == 0)
        g->git_dir = xstrdup(inner);
    else if (is_folder(objects))
        g->git_dir = xstrdup(path);
    else
        return error_set(e, CAUSE_CONFIG, "%s is not a git repository (no .git in it); check `url`",
                         path);
    return true;
}

/* The ref that is followed; caller frees. */
static char *followed_ref(const struct source_config *source)
{
    if (!source->branch)
        return xstrdup("HEAD");
    if (strncmp(source->branch, "refs/", 5) == 0)
        return xstrdup(source->branch);
    return xasprintf("refs/heads/%s", source->branch);
}

/* The head is still what the store equals, or what a run that was cut was on its way to: starting
 * git to say so takes a third of a run that finds nothing to do. */
static bool head_stands(struct git_source *g, const char *ref)
{
    const char *bookmark = sync_bookmark(g->sync);
    bool unchanged = bookmark && sync_would_be_unchanged(g->sync, bookmark);
    const char *known = unchanged ? bookmark : sync_target(g->sync);
    if (!known || !git_ref_names(g->git_dir, ref, known))
        return false;
    g->head = xstrdup(known);
    return true;
}

static enum step local_head(struct git_source *g, const char *ref, struct error *e)
{
    CLEANUP(free_text) char *name = xasprintf("%s^{commit}", ref);
    const char *const args[] = {"rev-parse", "--verify", "--end-of-options", name, NULL};
    const struct git_command command = {.git_dir = g->git_dir, .args = args};
    struct buf out = {0};
    struct error problem = {0};
    enum git_answer answer = git_text(&command, &out, NULL, &problem);
    if (answer == GIT_DONE)
        g->head = buf_take(&out);
    buf_release(&out);
    if (answer != GIT_FAILED)
        return answer == GIT_DONE ? STEP_DONE : STEP_STOPPED;
    *e = problem;
    if (!strstr(problem.text, "Needed a single revision"))
        return error_wrap(e, "%s", g->url.location), STEP_FAILED;
    if (strcmp(ref, "HEAD") == 0)
        error_set(e, CAUSE_BAD_DATA,
                  "%s has no commits yet; commit something there or set `branch`", g->url.location);
    else
        error_set(e, CAUSE_CONFIG, "%s has no branch %s; check `branch`", g->url.location,
                  sync_source(g->sync)->branch);
    return STEP_FAILED;
}

/* `'` becomes `'\''`: git runs a helper through the shell's rules. Caller frees. */
static char *quote(const char *text)
{
    struct buf out = {0};
    buf_add_byte(&out, '\'');
    for (; *text; text++)
        if (*text == '\'')
            buf_add_text(&out, "'\\''");
        else
            buf_add_byte(&out, *text);
    buf_add_byte(&out, '\'');
    return buf_take(&out);
}

/* The secret of this run's own reading of the configuration, whatever sources.json says by now. It
 * is all that is written to a memory file of its own. */
static bool keep_secret(const struct git_url *url, int *fd, struct error *e)
{
    struct buf text = {0};
    buf_printf(&text, "%s\n", url->location);
    if (url->user)
        buf_printf(&text, "username=%s\n", url->user);
    buf_printf(&text, "password=%s\n", url->secret);
    *fd = memfd_create("lattice-secret", MFD_CLOEXEC);
    bool ok = *fd >= 0 && write(*fd, text.data, text.size) == (ssize_t)text.size;
    if (!ok)
        error_set(e, CAUSE_STORE, "hand the secret of `url` to git: %s", strerror(errno));
    if (!ok && *fd >= 0)
        close(*fd);
    buf_release(&text);
    return ok;
}

/* Our own program. Nothing to do where the URL has no secret. */
static bool make_credential_helper(struct git_source *g, struct error *e)
{
    char self[4096];
    if (!g->url.secret)
        return true;
    ssize_t n = readlink("/proc/self/exe", self, sizeof self - 1);
    if (n <= 0)
        return error_set(e, CAUSE_CONFIG, "read /proc/self/exe: %s; is /proc mounted?",
                         strerror(errno));
    if (!keep_secret(&g->url, &g->mirror.secret, e))
        return false;
    self[n] = '\0';
    CLEANUP(free_text) char *program = quote(self);
    g->mirror.credential = xasprintf("!%s credential", program);
    return true;
}

static enum step remote_head(struct git_source *g, char *ref, struct error *e)
{
    g->git_dir = home_source_path(sync_home(g->sync), sync_source(g->sync)->id, SOURCE_MIRROR);
    g->mirror = (struct git_mirror){
        .sync = g->sync, .url = &g->url, .path = xstrdup(g->git_dir), .ref = ref};
    if (!make_credential_helper(g, e))
        return STEP_FAILED;
    enum step step = git_mirror_head(&g->mirror, &g->head, e);
    if (step != STEP_DONE || sync_would_be_unchanged(g->sync, g->head))
        return step;
    return git_mirror_fetch(&g->mirror, &g->head, e);
}

static enum step git_fetch(struct sync *sync, void **state, char **head, struct error *e)
{
    struct git_source *g = xcalloc(1, sizeof *g);
    const struct source_config *source = sync_source(sync);
    enum step step = STEP_FAILED;
    g->sync = sync;
    *state = g;
    if (!git_url_parse(source->url, getenv("HOME"), &g->url, e))
        return STEP_FAILED;
    g->mirrored = g->url.kind != URL_PATH;
    char *ref = followed_ref(source);
    if (g->mirrored)
        step = remote_head(g, ref, e); /* takes ref */
    else {
        if (find_git_dir(g, e)) {
            git_watch(g->git_dir, ref); /* before it is read: no change is between */
            step = head_stands(g, ref) ? STEP_DONE : local_head(g, ref, e);
        }
        free(ref);
    }
    if (step == STEP_DONE)
        *head = xstrdup(g->head);
    return step;
}

static bool on_records(void *context, const char *data, size_t size, struct error *e)
{
    return git_records_feed(context, data, size, e);
}

static enum step run_listing(struct git_source *g, const char *const *args, enum git_format format,
                             struct listing *to, struct error *e)
{
    struct git_records records = {.format = format, .to = to};
    const struct git_run run = {.command = {.git_dir = g->git_dir, .args = args},
                                .on_output = on_records,
                                .context = &records};
    enum git_answer answer = git_run(&run, e);
    bool whole = answer == GIT_DONE && git_records_end(&records, e);
    git_records_release(&records);
    if (answer == GIT_STOPPED)
        return STEP_STOPPED;
    return whole ? STEP_DONE : STEP_FAILED;
}

static enum step git_list(void *state, struct listing *to, struct error *e)
{
    struct git_source *g = state;
    const char *const args[] = {"ls-tree", "-r", "-z", "--full-tree", g->head, NULL};
    enum step step = run_listing(g, args, GIT_LS_TREE, to, e);
    if (step == STEP_FAILED && e->cause == CAUSE_BAD_DATA)
        error_wrap(e, "the repository may be damaged, `git fsck` there tells");
    /* Nothing was reached for: the objects are not there, or our mirror is none any more. */
    if (step == STEP_FAILED &&
        (e->cause == CAUSE_UNREACHABLE || (g->mirrored && e->cause == CAUSE_CONFIG)))
        e->cause = CAUSE_BAD_DATA;
    if (step == STEP_FAILED)
        error_wrap(e, "%s", g->url.location);
    return step;
}

static enum step git_changes(void *state, const char *bookmark, struct listing *to, bool *usable,
                             struct error *e)
{
    struct git_source *g = state;
    struct error problem = {0};
    const char *const args[] = {"diff-tree",   "-r",     "-z",    "--raw", "--no-renames",
                                "--no-abbrev", bookmark, g->head, NULL};
    enum step step = run_listing(g, args, GIT_DIFF_TREE, to, &problem);
    *usable = step != STEP_FAILED;
    if (step == STEP_FAILED && problem.cause == CAUSE_STORE) {
        *e = problem; /* the plan could not be written; listing would fail too */
        return STEP_FAILED;
    }
    return step == STEP_STOPPED ? STEP_STOPPED : STEP_DONE;
}

static enum step git_prepare(void *state, const struct plan_block *block, struct error *e)
{
    struct git_source *g = state;
    return g->mirrored ? git_mirror_blobs(&g->mirror, block, e) : STEP_DONE;
}

static bool git_request(void *state, const struct plan_block *block, bool last, struct error *e)
{
    struct git_source *g = state;
    return git_cat_request(&g->cat, g->git_dir, block, last, e);
}

static enum step git_read(void *state, int64_t max_bytes, struct blob_content *content,
                          struct error *e)
{
    struct git_source *g = state;
    return git_cat_read(&g->cat, max_bytes, content, e);
}

/* An object error in our own mirror: make it anew, once. Somebody's own repository is theirs. */
static bool git_recover(void *state, struct error *e)
{
    struct git_source *g = state;
    if (!g->mirrored || !g->mirror.path)
        return false;
    git_cat_release(&g->cat);
    return git_mirror_renew(&g->mirror, e);
}

static bool git_settled(void *state, struct error *e)
{
    struct git_source *g = state;
    git_cat_release(&g->cat);
    return !g->mirrored || git_mirror_settle(&g->mirror, g->head, e);
}

const struct source_kind kind_git = {
    .name = "git",
    .fetch = git_fetch,
    .list = git_list,
    .changes = git_changes,
    .prepare = git_prepare,
    .request = git_request,
    .read = git_read,
    .recover = git_recover,
    .settled = git_settled,
    .release = git_release,
};
