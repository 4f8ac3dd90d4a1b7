/* The table of requests, and its handlers. */
#include "supervisor/requests.h"

#include <stdio.h>
#include <string.h>

#include "common/log.h"
#include "supervisor/command_retry.h"
#include "supervisor/quarantine.h"
#include "supervisor/run.h"

static void say(struct control_client *client, const char *text)
{
    struct control_reply reply = {.type = REPLY_TEXT};
    snprintf(reply.text, sizeof reply.text, "%s", text);
    control_reply(client, &reply);
}

static void handle_sync(struct run *run, struct control_client *client,
                        const struct control_request *request, struct task *task)
{
    struct run_limits limits;
    struct error e = {0};
    if (run->stop_signal)
        control_end(client, CAUSE_LOCKED, "the running supervisor is about to stop");
    else if (chores_purge(run, task->source->id))
        control_end(client, CAUSE_LOCKED, "it is being purged; try again when that is done");
    else if (!schedule_limits(&request->limits, task->source, &limits, &e))
        control_end(client, e.cause, e.text);
    else {
        handover_add(&run->handovers, task, client, request, (int64_t)uv_now(&run->loop));
        wave_take(run, task);
    }
}

static void handle_kick(struct run *run, struct control_client *client,
                        const struct control_request *request, struct task *task)
{
    char text[128];
    size_t count = 0;
    (void)request;
    for (size_t i = 0; i < run->list.count; i++) {
        struct task *each = &run->list.tasks[i];
        if (task ? each == task : each->source->enabled)
            count += wave_kick(run, each);
    }
    snprintf(text, sizeof text, "%zu source%s will run now", count, count == 1 ? "" : "s");
    say(client, text);
    control_end(client, CAUSE_NONE, "");
}

static void handle_retry(struct run *run, struct control_client *client,
                         const struct control_request *request, struct task *task)
{
    struct ledger_retry taken = {.pages = (int64_t)task->blamed.count};
    struct ledger_source *history = &task->history;
    char text[200];
    quarantine_forget(&task->blamed, request->path);
    taken.pages -= (int64_t)task->blamed.count;
    if (!request->path) {
        taken.backoff = history->failures != 0 || history->next_attempt_at != 0;
        history->failures = history->next_attempt_at = 0;
        task->backoff_before = (struct backoff){0};
    }
    journal_retry(run->journal, task->source->id, request->path);
    retry_text(task->source->id, &taken, text, sizeof text);
    say(client, text);
    control_end(client, CAUSE_NONE, "");
    if (run->service)
        wave_kick(run, task);
}

static void handle_status(struct run *run, struct control_client *client,
                          const struct control_request *request, struct task *task)
{
    (void)request;
    (void)task;
    for (size_t i = 0; i < run->list.count; i++) {
        const struct task *each = &run->list.tasks[i];
        if (!each->child)
            continue;
        struct control_reply reply = {
            .type = REPLY_RUNNING,
            .done = each->progress.done,
            .total = each->progress.phase[0] ? each->progress.total : -1,
            .left_ms = child_deadline_ms(each->child) - (int64_t)uv_now(&run->loop),
            .quiet_ms = (int64_t)uv_now(&run->loop) - each->progress.at_ms,
            .stopping = child_is_stopping(each->child)};
        snprintf(reply.source, sizeof reply.source, "%s", each->source->id);
        snprintf(reply.phase, sizeof reply.phase, "%s", each->progress.phase);
        control_reply(client, &reply);
    }
    control_end(client, CAUSE_NONE, "");
}

static void handle_break(struct run *run, struct control_client *client,
                         const struct control_request *request, struct task *task)
{
    (void)task;
    chores_add(run, client, request, false);
}

static void handle_purge(struct run *run, struct control_client *client,
                         const struct control_request *request, struct task *task)
{
    (void)task;
    if (run->stop_signal)
        control_end(client, CAUSE_LOCKED, "the running supervisor is about to stop; try again");
    else
        chores_add(run, client, request, true);
}

/* Before something is done the client is told that it is taken: one that gave up is not served. */
enum does { TELLS, ACTS };
enum needs { NO_SOURCE, MAYBE_SOURCE, ONE_SOURCE, ANY_SOURCE /* configured or not */ };

/* A new request is a row here and a command that asks for it. A handler never waits: what takes
 * long ends the client later. */
static const struct {
    const char *command;
    enum needs needs;
    enum does does;
    void (*handle)(struct run *run, struct control_client *client,
                   const struct control_request *request, struct task *task);
} requests[] = {
    {"sync", ONE_SOURCE, ACTS, handle_sync},        {"kick", MAYBE_SOURCE, ACTS, handle_kick},
    {"retry", ONE_SOURCE, ACTS, handle_retry},      {"status", NO_SOURCE, TELLS, handle_status},
    {"break-lock", ANY_SOURCE, ACTS, handle_break}, {"purge", ANY_SOURCE, ACTS, handle_purge},
};

static void take_request(void *owner, struct control_client *client,
                         const struct control_request *request)
{
    struct run *run = owner;
    struct task *task = request->source[0] ? task_find(&run->list, request->source) : NULL;
    char text[200];
    size_t at = 0;
    while (at < sizeof requests / sizeof *requests &&
           strcmp(requests[at].command, request->command) != 0)
        at++;
    if (at == sizeof requests / sizeof *requests)
        control_end(client, CAUSE_USAGE, "the running supervisor does not know this command");
    else if (requests[at].needs == ANY_SOURCE && !source_id_valid(request->source))
        control_end(client, CAUSE_USAGE, "expected the id of a source");
    else if (!task && requests[at].needs != ANY_SOURCE &&
             (requests[at].needs == ONE_SOURCE || request->source[0])) {
        snprintf(text, sizeof text, "the running supervisor has no source \"%s\"", request->source);
        control_end(client, CAUSE_USAGE, text);
    } else if (requests[at].does == TELLS || control_take(client))
        requests[at].handle(run, client, request, task);
}

static void client_gone(void *owner, struct control_client *client)
{
    struct run *run = owner;
    handover_forget(&run->handovers, client);
    chores_forget(run, client);
}

void requests_open(struct run *run)
{
    struct control_handlers handlers = {.request = take_request, .gone = client_gone, .owner = run};
    struct error e = {0};
    if (!control_open(&run->loop, &run->home, &handlers, &run->control, &e))
        log_line(LOG_WARN, NULL, "control", "%s; other commands cannot reach this run", e.text);
}

void requests_close(struct run *run)
{
    control_close(run->control);
    run->control = NULL;
}
