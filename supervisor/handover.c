/* Who waits for which source, and what they get. */
#include "supervisor/handover.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/text.h"
#include "supervisor/control_client.h"
#include "supervisor/limits.h"

struct handover {
    struct task *task;
    struct control_client *client;
    struct control_request request; /* without its path */
    int64_t started_ms;
    int64_t waves_left;
    struct handover *next;
};

static struct handover *find(const struct handover_list *list, const struct task *task)
{
    struct handover *h = list->first;
    while (h && h->task != task)
        h = h->next;
    return h;
}

const struct control_request *handover_of(const struct handover_list *list, const struct task *task)
{
    const struct handover *h = find(list, task);
    return h ? &h->request : NULL;
}

bool handover_fit_budget(const struct handover_list *list, const struct task *task, int64_t now_ms,
                         struct run_limits *limits)
{
    const struct handover *h = find(list, task);
    return !h || !h->request.budget_ms ||
           schedule_fit_budget(limits, h->request.budget_ms - (now_ms - h->started_ms));
}

void handover_add(struct handover_list *list, struct task *task, struct control_client *client,
                  const struct control_request *request, int64_t now_ms)
{
    struct handover **at = &list->first;
    struct handover *h = xcalloc(1, sizeof *h);
    h->task = task;
    h->client = client;
    h->request = *request;
    h->request.path = NULL;
    h->started_ms = now_ms;
    h->waves_left = request->waves;
    while (*at)
        at = &(*at)->next;
    *at = h;
}

/* Takes it out of the list and frees it. */
static void take_out(struct handover **at)
{
    struct handover *h = *at;
    *at = h->next;
    free(h);
}

bool handover_attempt(struct handover_list *list, const struct task *task,
                      const struct attempt *attempt)
{
    struct control_reply reply = {.type = REPLY_ATTEMPT, .attempt = *attempt};
    struct handover **at = &list->first;
    bool more = false;
    snprintf(reply.source, sizeof reply.source, "%s", task->source->id);
    while (*at) {
        struct handover *h = *at;
        if (h->task != task) {
            at = &h->next;
            continue;
        }
        h->waves_left--;
        control_reply(h->client, &reply);
        if (*at != h)
            continue; /* it did not read, and was forgotten */
        if (task->again && h->waves_left > 0) {
            more = true;
            at = &h->next;
            continue;
        }
        control_end(h->client, CAUSE_NONE, "");
        take_out(at);
    }
    return more;
}

void handover_refuse(struct handover_list *list, const struct task *task, const char *why)
{
    struct handover **at = &list->first;
    while (*at) {
        if ((*at)->task != task) {
            at = &(*at)->next;
            continue;
        }
        control_end((*at)->client, CAUSE_LOCKED, why);
        take_out(at);
    }
}

void handover_move(struct handover_list *list, const struct task *from, struct task *to)
{
    for (struct handover *h = list->first; h; h = h->next)
        if (h->task == from)
            h->task = to;
}

void handover_forget(struct handover_list *list, const struct control_client *client)
{
    struct handover **at = &list->first;
    while (*at)
        if ((*at)->client == client)
            take_out(at);
        else
            at = &(*at)->next;
}

/* The asking side. */

static bool ask(const struct home *home, const struct run_options *options, const struct task *task,
                struct control_line *line, struct error *e)
{
    struct control_request request = {.command = "sync",
                                      .limits = options->limits,
                                      .budget_ms = options->budget_ms,
                                      .waves = options->waves,
                                      .full = options->full,
                                      .allow_shrink = options->allow_shrink};
    snprintf(request.source, sizeof request.source, "%s", task->source->id);
    return control_ask(home, &request, line, e);
}

static bool hear(struct task *task, struct control_line *line, struct error *e)
{
    struct control_reply reply = {0};
    if (!control_taken(line, e))
        return false;
    while (control_next(line, -1, &reply, e)) {
        if (reply.type == REPLY_ATTEMPT)
            task_add_attempt(task, &reply.attempt);
        if (reply.type == REPLY_END)
            return reply.cause == CAUSE_NONE || error_set(e, reply.cause, "%s", reply.text);
    }
    return false;
}

/* Some at a time, so that the supervisor can run them beside each other. */
static bool ask_some(const struct home *home, const struct run_options *options,
                     struct task **tasks, size_t count, struct error *e)
{
    struct control_line lines[HANDOVER_AT_A_TIME];
    size_t asked = 0;
    bool ok = true;
    while (ok && asked < count) {
        ok = ask(home, options, tasks[asked], &lines[asked], e);
        asked++;
    }
    for (size_t i = 0; i < asked; i++) {
        ok = ok && hear(tasks[i], &lines[i], e);
        control_line_release(&lines[i]);
    }
    return ok;
}

bool handover_ask(const struct home *home, const struct run_options *options,
                  struct task_list *list, struct error *e)
{
    struct task *some[HANDOVER_AT_A_TIME];
    size_t count = 0;
    for (size_t i = 0; i < list->count; i++) {
        if (list->tasks[i].shown)
            some[count++] = &list->tasks[i];
        bool last = i + 1 == list->count;
        if (count > 0 && (last || count == HANDOVER_AT_A_TIME)) {
            if (!ask_some(home, options, some, count, e))
                return false;
            count = 0;
        }
    }
    return true;
}
