/* The loop's side of the inbox: takes what is pushed, hands back what became of it. */
#include "worker/reads/inbox.h"

#include <stdlib.h>
#include <string.h>

#include "common/cleanup.h"
#include "common/text.h"
#include "worker/reads/inbox_internal.h"

static void answer(uv_async_t *async)
{
    struct inbox *inbox = async->data;
    uv_mutex_lock(&inbox->lock);
    struct push *push = inbox->answered.first;
    inbox->answered = (struct push_list){0};
    uv_mutex_unlock(&inbox->lock);
    inbox_watch_folder(inbox);
    if (!push)
        return;
    inbox->counters.groups++;
    http_answers_begin(inbox->http);
    for (struct push *next; push; push = next) {
        next = push->next;
        inbox->count--;
        inbox->counters.ends[push->end]++;
        push->done(push);
    }
    http_answers_end(inbox->http);
}

void inbox_push(struct inbox *inbox, struct push *push)
{
    push->next = NULL;
    inbox->count++;
    uv_mutex_lock(&inbox->lock);
    if (inbox->pending.last)
        inbox->pending.last->next = push;
    else
        inbox->pending.first = push;
    inbox->pending.last = push;
    uv_cond_signal(&inbox->wake);
    uv_mutex_unlock(&inbox->lock);
}

void inbox_look(void *owner)
{
    struct inbox *inbox = owner;
    uv_mutex_lock(&inbox->lock);
    inbox->look = true;
    uv_cond_signal(&inbox->wake);
    uv_mutex_unlock(&inbox->lock);
}

json_t *push_answer(const struct push *push)
{
    return json_pack("{s:s,s:s,s:I}", "status", "queued", "id", push->id, "queue_length",
                     (json_int_t)push->queue_length);
}

const struct inbox_counters *inbox_counters(const struct inbox *inbox)
{
    return &inbox->counters;
}

size_t inbox_count(const struct inbox *inbox)
{
    return inbox->count;
}

static bool start_writer(struct inbox *inbox, struct error *e)
{
    int code = pthread_create(&inbox->writer, NULL, inbox_write, inbox);
    inbox->writing = code == 0;
    return inbox->writing || error_set(e, CAUSE_STORE, "inbox: no thread: %s", strerror(code));
}

bool inbox_open(uv_loop_t *loop, const struct inbox_options *options, struct inbox **out,
                struct error *e)
{
    struct inbox *inbox = xcalloc(1, sizeof *inbox);
    inbox->loop = loop;
    inbox->home = options->home;
    inbox->source = options->source;
    inbox->gate = options->gate;
    inbox->work = options->work;
    inbox->http = options->http;
    inbox->gate->look = inbox_look;
    inbox->gate->owner = inbox;
    inbox->lock_path = home_source_path(inbox->home, inbox->source, SOURCE_INBOX_LOCK);
    inbox->locked = inbox->won = inbox->inotify = -1;
    inbox->spool = (struct spool){.folder = -1, .fd = -1};
    uv_mutex_init(&inbox->lock);
    uv_cond_init(&inbox->wake);
    inbox->done.data = inbox;
    uv_async_init(loop, &inbox->done, answer);
    inbox->open_handles = 1;
    inbox_may_write(inbox, true); /* known before the first request may ask */
    bool ok = inbox_watch(inbox, e) && start_writer(inbox, e);
    if (!ok)
        inbox_close(&inbox);
    *out = inbox;
    return ok;
}

static void handle_closed(uv_handle_t *handle)
{
    struct inbox *inbox = handle->data;
    if (--inbox->open_handles > 0)
        return;
    close_fd(&inbox->inotify);
    uv_cond_destroy(&inbox->wake);
    uv_mutex_destroy(&inbox->lock);
    free(inbox->files);
    free(inbox->lock_path);
    free(inbox);
}

void inbox_close(struct inbox **out)
{
    struct inbox *inbox = *out;
    *out = NULL;
    if (!inbox)
        return;
    inbox->gate->look = NULL;
    if (inbox->writing) {
        uv_mutex_lock(&inbox->lock);
        inbox->stop = true;
        uv_cond_signal(&inbox->wake);
        uv_mutex_unlock(&inbox->lock);
        pthread_join(inbox->writer, NULL);
    } else
        inbox_let_go(inbox);
    if (inbox->inotify >= 0)
        uv_close((uv_handle_t *)&inbox->watch, handle_closed);
    uv_close((uv_handle_t *)&inbox->done, handle_closed);
}
