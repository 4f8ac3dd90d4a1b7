/* The kind `agent-log`: append-only logs of coding agents, a line of JSON each. */
#include <stdlib.h>
#include <string.h>

#include "common/cleanup.h"
#include "common/text.h"
#include "worker/sync/log_import.h"
#include "worker/sync/report.h"
#include "worker/sync/sync.h"

/* The memo that holds what was watched. */
static const char watched[] = "agent-log watch";

struct log_source {
    struct sync *sync; /* borrowed */
    struct log_tree tree;
};

static void log_release(void *state)
{
    struct log_source *l = state;
    if (!l)
        return;
    log_tree_release(&l->tree);
    free(l);
}

static enum step read_tree(struct log_source *l, struct error *e)
{
    log_tree_release(&l->tree);
    return log_tree_read(l->sync, &l->tree, e);
}

/* Watched as after the last run, before anything is looked at: no change is between. */
static void watch_again(const char *memo)
{
    struct watch_list list = {.paths = xcalloc(WATCH_PATHS_MAX, sizeof(char *))};
    for (const char *line = memo; line && *line && list.count < WATCH_PATHS_MAX;) {
        size_t size = strcspn(line, "\n");
        list.paths[list.count++] = xstrndup(line, size);
        line += size + (line[size] == '\n');
    }
    if (list.count)
        report_watch(&list);
    watch_list_release(&list);
}

static char *watch_text(const struct watch_list *list)
{
    struct buf text = {0};
    for (size_t i = 0; i < list->count; i++)
        buf_printf(&text, "%s\n", list->paths[i]);
    return buf_take(&text);
}

/* Reads the tree, and once more where other folders are watched now than before: what came in them
 * in between gave no notice. */
static enum step read_watched(struct log_source *l, struct error *e)
{
    CLEANUP(free_text) char *memo = NULL;
    if (!sync_memo(l->sync, watched, &memo, e))
        return STEP_FAILED;
    watch_again(memo);
    enum step step = read_tree(l, e);
    if (step != STEP_DONE)
        return step;
    struct watch_list list = log_tree_watch(&l->tree, sync_source(l->sync)->path);
    CLEANUP(free_text) char *text = watch_text(&list);
    bool same = memo && strcmp(memo, text) == 0;
    if (!same) {
        report_watch(&list);
        sync_remember(l->sync, watched, text);
    }
    watch_list_release(&list);
    return same ? STEP_DONE : read_tree(l, e);
}

static enum step log_fetch(struct sync *sync, void **state, char **head, struct error *e)
{
    struct log_source *l = xcalloc(1, sizeof *l);
    l->sync = sync;
    *state = l;
    enum step step = report_wanted() ? read_watched(l, e) : read_tree(l, e);
    if (step != STEP_DONE)
        return step;
    *head = log_tree_name(&l->tree);
    sync->skipped = l->tree.symlinks;
    return STEP_DONE;
}

static enum step log_import_all(struct sync *sync, void *state, struct error *e)
{
    struct log_source *l = state;
    return log_import(sync, &l->tree, e);
}

const struct source_kind kind_log = {
    .name = "agent-log",
    .fetch = log_fetch,
    .import = log_import_all,
    .release = log_release,
    .sessions = true,
};
