/* The event streams: one ring of frames, one pass to each client. */
#include "worker/reads/events.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "common/cleanup.h"
#include "common/text.h"
#include "worker/reads/events_source.h"
#include "worker/reads/http.h"
#include "worker/reads/serve.h"

/* Notices of one read. */
enum { NOTICE_BYTES = 16 * (int)(sizeof(struct inotify_event) + NAME_MAX + 1) };

/* A look at the ledger that a thread takes. */
struct look {
    uv_work_t work;
    struct events *events;
    struct client *client; /* NULL: for all; its client may go meanwhile */
    struct event_source *source;
    struct event_source own; /* of a client's look */
    struct event_look result;
};

struct client {
    struct http_stream stream;
    struct events *events;
    uint64_t at;       /* the next frame of the ring; within history: when `own` was filled */
    size_t offset;     /* how much of it was sent */
    struct buf own;    /* what comes before those: the beginning, and history */
    size_t own_offset; /* how much of that was sent */
    int64_t seen;      /* frames of events up to this one are left out */
    int beats;         /* since it last took something */
    bool history;      /* not with the others yet */
    struct look *look; /* under way */
    struct client *next;
    struct client *previous;
};

struct events {
    uv_loop_t *loop; /* borrowed */
    int inotify;
    uv_poll_t watch;
    uv_timer_t beat;
    struct event_source source; /* of the looks for all */
    bool looking;
    bool again;
    bool closing;
    int open_handles;
    int64_t base;   /* all events behind this one are in the ring, or come; -1: not known yet */
    int64_t newest; /* in the ring, or base */
    struct event_frame ring[EVENTS_KEPT];
    uint64_t first; /* counts frames from the start of the service */
    uint64_t start; /* frames before that are before a loss: nobody joins there */
    uint64_t end;
    size_t bytes;
    struct client *clients;
};

static void look_for_all(struct events *events);

/* --- the ring -------------------------------------------------------------------------------- */

static struct event_frame *frame_at(struct events *events, uint64_t at)
{
    return &events->ring[at % EVENTS_KEPT];
}

static void forget_first(struct events *events)
{
    uint64_t at = events->first++;
    struct event_frame *frame = frame_at(events, at);
    if (frame->seq && at >= events->start)
        events->base = frame->seq;
    events->bytes -= frame->size;
    free(frame->text);
    frame->text = NULL;
}

/* Takes `text`. */
static void add_frame(struct events *events, int64_t seq, char *text, size_t size)
{
    while (events->end > events->first &&
           (events->end - events->first == EVENTS_KEPT || events->bytes + size > EVENTS_KEPT_BYTES))
        forget_first(events);
    *frame_at(events, events->end++) = (struct event_frame){seq, size, text};
    events->bytes += size;
    if (seq)
        events->newest = seq;
}

/* The ring went round once, and all the while it was his turn to take something. */
static bool is_behind(const struct client *client)
{
    bool our_turn = client->history && (client->look || client->stream.waiting);
    return !our_turn && client->at < client->events->first;
}

/* One pass: who waits for more gets it; who has not even taken what the ring has forgotten is
 * dropped. Who is in between is not waited for: his socket takes it when it can. */
static void send_to_all(struct events *events)
{
    for (struct client *client = events->clients; client; client = client->next) {
        if (is_behind(client))
            http_stream_drop(&client->stream);
        else
            http_stream_wake(&client->stream);
    }
}

/* --- a client -------------------------------------------------------------------------------- */

static void look_for_client(struct client *client);

static void join_at(struct client *client, int64_t seen)
{
    struct events *events = client->events;
    client->history = false;
    client->seen = seen;
    client->at = events->first > events->start ? events->first : events->start;
    while (client->at < events->end && frame_at(events, client->at)->seq <= seen)
        client->at++;
}

/* All that the ring has follows what the client has seen: it goes on with the others. */
static bool try_join(struct client *client)
{
    struct events *events = client->events;
    if (events->base < 0 || client->seen < events->base || client->seen > events->newest)
        return false;
    join_at(client, client->seen);
    return true;
}

static size_t copy_own(struct client *client, char *out, size_t size)
{
    size_t left = client->own.size - client->own_offset;
    size_t n = left < size ? left : size;
    if (n > 0)
        memcpy(out, client->own.data + client->own_offset, n);
    client->own_offset += n;
    if (client->own_offset == client->own.size) {
        buf_release(&client->own);
        client->own_offset = 0;
    }
    return n;
}

static size_t copy_frames(struct client *client, char *out, size_t size)
{
    struct events *events = client->events;
    size_t n = 0;
    while (client->at < events->end && n < size) {
        const struct event_frame *frame = frame_at(events, client->at);
        bool skip = frame->seq && frame->seq <= client->seen;
        size_t left = skip ? 0 : frame->size - client->offset;
        size_t part = left < size - n ? left : size - n;
        if (part > 0)
            memcpy(out + n, frame->text + client->offset, part);
        n += part;
        client->offset += part;
        if (part < left)
            break;
        client->at++;
        client->offset = 0;
    }
    return n;
}

static int64_t read_client(struct http_stream *stream, char *out, size_t size)
{
    struct client *client = (struct client *)stream;
    client->beats = 0;
    if (client->own.size)
        return (int64_t)copy_own(client, out, size);
    if (client->history && !client->look && !try_join(client))
        look_for_client(client);
    if (client->history)
        return 0;
    if (client->at < client->events->first)
        return -1;
    return (int64_t)copy_frames(client, out, size);
}

static void client_free(struct client *client)
{
    buf_release(&client->own);
    free(client);
}

static void client_gone(struct http_stream *stream)
{
    struct client *client = (struct client *)stream;
    struct events *events = client->events;
    if (client->previous)
        client->previous->next = client->next;
    else
        events->clients = client->next;
    if (client->next)
        client->next->previous = client->previous;
    if (!events->clients && !events->closing)
        uv_timer_stop(&events->beat);
    if (client->look)
        client->look->client = NULL;
    client_free(client);
}

/* --- looks ----------------------------------------------------------------------------------- */

static void run_look(uv_work_t *work)
{
    struct look *look = work->data;
    event_source_look(look->source, &look->result);
}

static void look_free(struct look *look)
{
    event_source_release(&look->own);
    event_frames_release(&look->result.found);
    free(look);
}

static void start_look(struct look *look, uv_after_work_cb done)
{
    look->work.data = look;
    uv_queue_work(look->events->loop, &look->work, run_look, done);
}

static void tell_lost(struct buf *out, int64_t newest)
{
    buf_printf(out, "id: %" PRId64 "\nevent: reset\ndata: {}\n\n", newest);
}

static void client_looked(uv_work_t *work, int status)
{
    struct look *look = work->data;
    struct client *client = look->client;
    const struct event_look *found = &look->result;
    (void)status;
    if (client) {
        client->look = NULL;
        client->at = client->events->end;
        if (found->lost)
            tell_lost(&client->own, found->found.count ? client->seen : found->newest);
        for (size_t i = 0; i < found->found.count; i++)
            buf_add(&client->own, found->found.frames[i].text, found->found.frames[i].size);
        client->seen = found->newest;
        if ((!found->full && try_join(client)) || client->own.size)
            http_stream_wake(&client->stream); /* else at the next notice */
    }
    look_free(look);
}

static void look_for_client(struct client *client)
{
    struct look *look = xcalloc(1, sizeof *look);
    look->events = client->events;
    look->client = client;
    look->own.home = client->events->source.home;
    look->source = &look->own;
    look->result.after = client->seen;
    look->result.most = EVENTS_REPLAYED_AT_A_TIME;
    client->look = look;
    start_look(look, client_looked);
}

/* Events were pruned before we came to look, or the ledger is another one: then what it has by now
 * is not told, and its numbers begin anew. */
static void take_loss(struct events *events, const struct event_look *found)
{
    bool pruned = found->found.count > 0;
    struct buf text = {0};
    tell_lost(&text, pruned ? events->newest : found->newest);
    size_t size = text.size;
    add_frame(events, 0, buf_take(&text), size);
    events->start = events->end;
    events->base = events->newest = pruned ? found->found.frames[0].seq - 1 : found->newest;
    for (struct client *client = events->clients; !pruned && client; client = client->next)
        client->seen = client->history ? client->seen : found->newest;
}

static void take_look(struct events *events, struct event_look *found)
{
    if (events->base < 0)
        events->base = events->newest = found->newest;
    else if (found->lost)
        take_loss(events, found);
    for (size_t i = 0; i < found->found.count; i++) {
        struct event_frame *frame = &found->found.frames[i];
        add_frame(events, frame->seq, frame->text, frame->size);
        frame->text = NULL;
    }
    events->again |= found->full;
}

static void looked(uv_work_t *work, int status)
{
    struct look *look = work->data;
    struct events *events = look->events;
    (void)status;
    events->looking = false;
    if (!events->closing) {
        take_look(events, &look->result);
        send_to_all(events);
    }
    look_free(look);
    if (events->closing) {
        event_source_release(&events->source);
        if (events->open_handles == 0)
            free(events);
    } else if (events->again)
        look_for_all(events);
}

static void look_for_all(struct events *events)
{
    events->again = events->looking;
    if (events->looking)
        return;
    struct look *look = xcalloc(1, sizeof *look);
    look->events = events;
    look->source = &events->source;
    look->result.after = events->base < 0 ? -1 : events->newest;
    look->result.most = EVENTS_AT_A_TIME;
    events->looking = true;
    start_look(look, looked);
}

/* Takes all notices that there are; true: one was about the ledger. */
static bool drain(int fd)
{
    _Alignas(struct inotify_event) char bytes[NOTICE_BYTES];
    bool ours = false;
    ssize_t size;
    while ((size = read(fd, bytes, sizeof bytes)) > 0)
        for (ssize_t at = 0; at < size;) {
            const struct inotify_event *event = (const void *)(bytes + at);
            ours |= event->mask & IN_Q_OVERFLOW ||
                    (event->len && strcmp(event->name, HOME_LEDGER) == 0);
            at += (ssize_t)(sizeof *event + event->len);
        }
    return ours;
}

static void noticed(uv_poll_t *watch, int status, int what)
{
    struct events *events = watch->data;
    (void)what;
    if (status == 0 && drain(events->inotify) && !events->closing)
        look_for_all(events);
}

/* Where little happens, nobody falls behind. */
static void drop_stuck(struct events *events)
{
    for (struct client *client = events->clients; client; client = client->next)
        if (!client->stream.waiting && ++client->beats > EVENTS_STUCK_BEATS)
            http_stream_drop(&client->stream);
}

static void beat(uv_timer_t *timer)
{
    struct events *events = timer->data;
    drop_stuck(events);
    add_frame(events, 0, xstrdup(":\n\n"), 3);
    send_to_all(events);
}

/* --- from start to end ----------------------------------------------------------------------- */

void events_serve(struct http_request *request)
{
    struct events *events = http_service(request)->events;
    const char *last = http_header(request, "Last-Event-ID");
    struct client *client = xcalloc(1, sizeof *client);
    client->stream.read = read_client;
    client->stream.gone = client_gone;
    client->events = events;
    client->seen = last && last[0] ? event_id_parse(last) : -1;
    if (last && last[0] && client->seen < 0) {
        client_free(client);
        http_problem(request, 400, NULL, "Last-Event-ID: expected a number that came as an id.");
        return;
    }
    client->history = last && last[0];
    client->at = events->end;
    buf_printf(&client->own, "retry: %d\n\n", EVENTS_RETRY_MS);
    if (!client->history && events->base >= 0)
        buf_printf(&client->own, "id: %" PRId64 "\n\n", events->newest);
    if (!client->history)
        client->seen = events->newest;
    if (!http_answer_stream(request, &client->stream)) {
        client_free(client);
        http_problem(request, 503, NULL, "Too many event streams are open.");
        return;
    }
    client->next = events->clients;
    if (client->next)
        client->next->previous = client;
    events->clients = client;
    if (!uv_is_active((uv_handle_t *)&events->beat))
        uv_timer_start(&events->beat, beat, EVENTS_HEARTBEAT_MS, EVENTS_HEARTBEAT_MS);
}

bool events_open(uv_loop_t *loop, const struct home *home, struct events **out, struct error *e)
{
    struct events *events = xcalloc(1, sizeof *events);
    events->loop = loop;
    events->source.home = home;
    events->base = -1;
    events->inotify = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
    /* Attributes: the writer's notice; the others: a ledger that comes, goes or is replaced. Not
     * what is written to its log. */
    if (inotify_add_watch(events->inotify, home->path,
                          IN_ATTRIB | IN_CREATE | IN_MOVED_TO | IN_DELETE | IN_ONLYDIR) < 0) {
        error_set(e, CAUSE_STORE, "watch %s: %s", home->path, strerror(errno));
        close_fd(&events->inotify);
        free(events);
        return false;
    }
    events->watch.data = events->beat.data = events;
    events->open_handles = 2;
    uv_timer_init(loop, &events->beat);
    uv_poll_init(loop, &events->watch, events->inotify);
    uv_poll_start(&events->watch, UV_READABLE, noticed);
    *out = events;
    look_for_all(events);
    return true;
}

static void handle_closed(uv_handle_t *handle)
{
    struct events *events = handle->data;
    if (handle == (uv_handle_t *)&events->watch)
        close_fd(&events->inotify);
    if (--events->open_handles == 0 && !events->looking)
        free(events);
}

void events_close(struct events **out)
{
    struct events *events = *out;
    if (!events)
        return;
    *out = NULL;
    events->closing = true;
    while (events->end > events->first)
        forget_first(events);
    if (!events->looking)
        event_source_release(&events->source);
    uv_close((uv_handle_t *)&events->watch, handle_closed);
    uv_close((uv_handle_t *)&events->beat, handle_closed);
}
