/* The phase `plan`: unchanged, by comparison, or by the whole listing. */
#include <string.h>

#include "common/glob.h"
#include "common/text.h"
#include "worker/sync/sync.h"

struct filter {
    struct sync *sync;
    struct glob_walk include;
    struct glob_walk exclude;
    bool join;
    int64_t seen;
};

static bool wanted(struct filter *f, const char *path)
{
    return glob_walk_match(&f->include, path) && !glob_walk_match(&f->exclude, path);
}

static bool on_entry(void *context, const char *path, size_t path_size, const char *blob,
                     struct error *e)
{
    struct filter *f = context;
    if (!wanted(f, path))
        return true;
    f->seen++;
    return f->join ? plan_join_entry(f->sync->store, path, path_size, blob, e)
                   : plan_change(f->sync->store, path, path_size, blob, e);
}

static void on_skipped(void *context, enum not_followed what, const char *path, int delta)
{
    struct filter *f = context;
    if (what == SKIPPED_SUBMODULE ? !glob_walk_match(&f->exclude, path) : wanted(f, path))
        f->sync->skipped += delta;
}

static enum step by_listing(struct filter *f, struct listing *to, struct error *e)
{
    struct sync *s = f->sync;
    f->join = true;
    s->skipped = 0;
    if (!plan_begin(s->store, &s->rules, e) || !plan_join_begin(s->store, e))
        return STEP_FAILED;
    enum step step = s->kind->list(s->kind_state, to, e);
    if (step == STEP_DONE && !plan_join_end(s->store, e))
        step = STEP_FAILED;
    plan_join_cancel(s->store);
    return step;
}

/* Comparing is for a store that equalled its bookmark under the same shape, with nothing cut since.
 */
static bool comparable(const struct sync *s)
{
    const struct sync_state *state = &s->state;
    return s->kind->changes && state->bookmark && !state->target && !s->job->full &&
           !s->quarantine.moved && state->bookmark_shape &&
           strcmp(state->bookmark_shape, s->shape) == 0;
}

static enum step by_changes(struct filter *f, struct listing *to, bool *usable, struct error *e)
{
    struct sync *s = f->sync;
    *usable = false;
    f->join = false;
    if (!plan_begin(s->store, &s->rules, e))
        return STEP_FAILED;
    return s->kind->changes(s->kind_state, s->state.bookmark, to, usable, e);
}

static enum step fill(struct filter *f, struct listing *to, struct error *e)
{
    struct sync *s = f->sync;
    bool usable = false;
    if (sync_would_be_unchanged(s, s->head)) {
        s->unchanged = true;
        return STEP_DONE;
    }
    if (s->kind->import)
        return STEP_DONE;
    if (comparable(s)) {
        enum step step = by_changes(f, to, &usable, e);
        if (step != STEP_DONE || usable)
            return step;
    }
    return by_listing(f, to, e);
}

/* The target of this run, in memory; the first changing transaction writes it. Leave to shrink is
 * kept for the runs that finish what this one begins. */
static void set_target(struct sync *s)
{
    struct sync_state *state = &s->state;
    bool same = state->target && strcmp(state->target, s->head) == 0 && state->target_shape &&
                strcmp(state->target_shape, s->shape) == 0;
    state->target_allow_shrink = s->job->allow_shrink || (same && state->target_allow_shrink);
    free(state->target);
    free(state->target_shape);
    state->target = xstrdup(s->head);
    state->target_shape = xstrdup(s->shape);
}

enum step plan_run(struct sync *s, struct error *e)
{
    const struct source_config *c = s->source;
    struct filter f = {.sync = s};
    struct listing to = {.context = &f, .entry = on_entry, .skipped = on_skipped};
    enum step step = STEP_FAILED;
    size_t includes = 0;
    size_t excludes = 0;
    while (c->include && c->include[includes])
        includes++;
    while (c->exclude && c->exclude[excludes])
        excludes++;
    struct glob_set *include =
        glob_set_new((const char *const *)c->include, includes, "include", e);
    struct glob_set *exclude =
        include ? glob_set_new((const char *const *)c->exclude, excludes, "exclude", e) : NULL;
    f.include.set = include;
    f.exclude.set = exclude;
    if (include && exclude)
        step = fill(&f, &to, e);
    glob_set_free(include);
    glob_set_free(exclude);
    if (step != STEP_DONE || s->unchanged) {
        plan_end(s->store);
        return step;
    }
    set_target(s);
    s->have = s->state.pages;
    if (s->kind->import)
        return STEP_DONE;
    if (!plan_finish(s->store, s->state.target_allow_shrink, &s->now.left, e))
        return STEP_FAILED;
    s->kept.left = s->now.left;
    return STEP_DONE;
}
