/* The list of chores: what waits, what the pool does, what is said at the end. */
#include "supervisor/chores.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/cleanup.h"
#include "common/ledger_history.h"
#include "common/text.h"
#include "supervisor/break_lock.h"
#include "supervisor/purge_source.h"
#include "supervisor/quarantine.h"
#include "supervisor/run.h"
#include "supervisor/service.h"

struct chore {
    struct run *run;
    struct control_client *client; /* NULL: it has gone */
    char source[SOURCE_ID_MAX + 1];
    bool purge;
    struct break_options options;
    struct break_verdict verdict;
    struct error error; /* of a purge */
    bool forgotten;     /* purged; the ledger is still to be written */
    uv_work_t work;
    struct chore *next;
};

static void work(uv_work_t *request)
{
    struct chore *chore = request->data;
    const struct home *home = &chore->run->home;
    if (!chore->purge)
        break_lock_one(home, chore->source, &chore->options, &chore->verdict);
    else if (!purge_source(home, chore->source, &chore->error) && !chore->error.cause)
        chore->error.cause = CAUSE_BUG;
}

static void say(const struct chore *chore, const char *text)
{
    struct control_reply reply = {.type = REPLY_TEXT};
    snprintf(reply.text, sizeof reply.text, "%s", text);
    if (chore->client)
        control_reply(chore->client, &reply);
}

static void end_break(const struct chore *chore)
{
    struct control_reply reply = {.type = REPLY_VERDICT, .verdict = chore->verdict};
    if (chore->verdict.answer == BREAK_BROKEN || chore->verdict.answer == BREAK_FORCED)
        journal_count(chore->run->journal, COUNTER_LOCK_CLEARED,
                      break_answer_name(chore->verdict.answer), 1);
    if (chore->client)
        control_reply(chore->client, &reply);
}

/* Nothing is known of it any more. */
static void forget_source(struct run *run, const char *id)
{
    struct task *task = task_find_any(&run->list, id);
    journal_purge(run->journal, id);
    if (!task)
        return;
    handover_refuse(&run->handovers, task, TASK_GONE_TEXT);
    task->gone = true;
    task->shown = task->selected = task->again = task->kicked = false;
    task->history = (struct ledger_source){0};
    task->backoff_before = (struct backoff){0};
    quarantine_forget(&task->blamed, NULL);
    task_set_view(task, NULL, NULL);
    task->view = (struct store_view){0};
}

static void end_purge(const struct chore *chore)
{
    char text[128];
    if (chore->error.cause == CAUSE_NONE) {
        snprintf(text, sizeof text, PURGED_TEXT, chore->source);
        say(chore, text);
    }
    /* Somebody may have added it again meanwhile, or it could not be purged and goes on. */
    if (chore->run->service && !chore->run->stop_signal)
        service_reload_soon(chore->run);
}

/* The first one is over. */
static void finish(struct chore *chore)
{
    struct run *run = chore->run;
    run->chores.working = false;
    run->chores.first = chore->next;
    if (chore->purge)
        end_purge(chore);
    else
        end_break(chore);
    if (chore->client)
        control_end(chore->client, chore->error.cause, chore->error.text);
    free(chore);
    chores_go(run);
    wave_queue_again(run); /* what was left in it */
    wave_go(run);          /* the run may have waited for it to end */
}

/* Said only when the history is gone, too. */
static void ledger_written(void *owner, bool ok)
{
    struct run *run = owner;
    struct chore *chore = run->chores.first;
    if (!chore || !chore->forgotten)
        return;
    if (!ok && !chore->error.cause)
        error_set(&chore->error, CAUSE_STORE,
                  "%s: what was synced of it is removed, but its history could not be (the "
                  "supervisor's log says why); run the same command again",
                  chore->source);
    if (!journal_is_busy(run->journal))
        finish(chore);
}

static void worked(uv_work_t *request, int status)
{
    struct chore *chore = request->data;
    struct run *run = chore->run;
    (void)status;
    if (!chore->purge || chore->error.cause != CAUSE_NONE) {
        finish(chore);
        return;
    }
    forget_source(run, chore->source);
    chore->forgotten = true;
    journal_on_written(run->journal, ledger_written, run);
    ledger_written(run, true); /* there may be no ledger */
}

/* Purging needs the source's lock: its worker's, or for a moment the sweep's. */
static bool must_wait(const struct run *run, const struct chore *chore)
{
    const struct task *task = task_find_any(&run->list, chore->source);
    return chore->purge && (run->sweeping || (task && task->child));
}

void chores_go(struct run *run)
{
    struct chore *chore = run->chores.first;
    if (!chore || run->chores.working || must_wait(run, chore))
        return;
    chore->work.data = chore;
    run->chores.working = uv_queue_work(&run->loop, &chore->work, work, worked) == 0;
}

/* It is not started any more; the one that runs commits what it has. */
static void stop_source(const struct chore *chore)
{
    const struct task *task = task_find_any(&chore->run->list, chore->source);
    char text[128];
    if (!task || !task->child)
        return;
    snprintf(text, sizeof text, "%s: its worker is asked to stop first", chore->source);
    say(chore, text);
    child_tell(task->child, EVENT_STOP);
}

void chores_add(struct run *run, struct control_client *client,
                const struct control_request *request, bool purge)
{
    struct chore **at = &run->chores.first;
    struct chore *chore = xcalloc(1, sizeof *chore);
    chore->run = run;
    chore->client = client;
    chore->purge = purge;
    chore->options =
        (struct break_options){.force = request->force, .max_age_ms = request->max_age_ms};
    memcpy(chore->source, request->source, sizeof chore->source);
    while (*at)
        at = &(*at)->next;
    *at = chore;
    if (purge)
        stop_source(chore);
    chores_go(run);
}

void chores_forget(struct run *run, const struct control_client *client)
{
    for (struct chore *chore = run->chores.first; chore; chore = chore->next)
        if (chore->client == client)
            chore->client = NULL;
}

bool chores_purge(const struct run *run, const char *id)
{
    for (const struct chore *chore = run->chores.first; chore; chore = chore->next)
        if (chore->purge && strcmp(chore->source, id) == 0)
            return true;
    return false;
}

bool chores_break(const struct run *run, const char *id)
{
    const struct chore *chore = run->chores.first;
    return chore && run->chores.working && !chore->purge && strcmp(chore->source, id) == 0;
}
