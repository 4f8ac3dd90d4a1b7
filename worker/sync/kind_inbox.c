/* The kind `inbox`: what agents and their hooks push, by way of a spool. */
#include <stdio.h>
#include <stdlib.h>

#include "common/cleanup.h"
#include "common/clock.h"
#include "worker/sync/inbox_import.h"
#include "worker/sync/report.h"
#include "worker/sync/store_inbox.h"
#include "worker/sync/sync.h"

static void inbox_release(void *state)
{
    struct inbox *in = state;
    if (!in)
        return;
    inbox_queue_release(&in->queue);
    spool_close(&in->spool);
    buf_release(&in->note);
    free(in);
}

/* Before anything is looked at: nothing comes unseen in between. */
static void watch(const char *path)
{
    char *folder = xasprintf("%s/", path);
    const struct watch_list list = {.paths = &folder, .count = 1};
    if (report_wanted())
        report_watch(&list);
    free(folder);
}

static bool look(struct inbox *in, struct error *e)
{
    struct sync *s = in->sync;
    in->before_ms = clock_unix_ms() - INBOX_ORPHAN_MS;
    return inbox_imported(s->store, &in->imported, e) &&
           inbox_queue_look(&in->queue, in->spool.folder, s->store, &s->rules, e) &&
           store_inbox_silent(s->store, in->before_ms, &in->silent, e);
}

/* Files that were let go since they were read are taken away here, the others once their messages
 * are in the store. */
static enum step inbox_fetch(struct sync *sync, void **state, char **head, struct error *e)
{
    CLEANUP(free_text)
    char *path = home_source_path(sync_home(sync), sync_source(sync)->id, SOURCE_INBOX);
    struct inbox *in = xcalloc(1, sizeof *in);
    in->sync = sync;
    *state = in;
    if (!spool_open(&in->spool, path, e))
        return STEP_FAILED;
    watch(path);
    if (!look(in, e) || !inbox_head(in, in->queue.waiting, in->silent, head, e) ||
        !inbox_clear(in, e))
        return STEP_FAILED;
    /* What cannot be read is said, though nothing else may have changed. */
    if (in->queue.unreadable && !in->queue.waiting) {
        *e = in->queue.problem;
        return STEP_FAILED;
    }
    return STEP_DONE;
}

static enum step inbox_import_all(struct sync *sync, void *state, struct error *e)
{
    (void)sync;
    return inbox_import(state, e);
}

static bool inbox_settled(void *state, struct error *e)
{
    struct inbox *in = state;
    if (in->note.size)
        snprintf(in->sync->result.message, sizeof in->sync->result.message, "%s", in->note.data);
    return inbox_clear(in, e);
}

const struct source_kind kind_inbox = {
    .name = "inbox",
    .fetch = inbox_fetch,
    .import = inbox_import_all,
    .settled = inbox_settled,
    .release = inbox_release,
    .sessions = true,
    .keeps = true,
    .waited_for = true,
    .items = "messages",
};
