/* The ledger's events as frames. */
#include "worker/reads/events_source.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "common/cleanup.h"
#include "common/log.h"

void event_frames_add(struct event_frames *list, int64_t seq, char *text, size_t size)
{
    if (list->count == list->room) {
        list->room = list->room ? 2 * list->room : 16;
        list->frames = xrealloc(list->frames, list->room * sizeof *list->frames);
    }
    list->frames[list->count++] = (struct event_frame){seq, size, text};
}

void event_frames_release(struct event_frames *list)
{
    for (size_t i = 0; i < list->count; i++)
        free(list->frames[i].text);
    free(list->frames);
    *list = (struct event_frames){0};
}

/* What is an object stays one; anything else becomes null. Never a line break. */
static void add_details(struct buf *out, const char *json)
{
    json_t *details = json_loads(json, 0, NULL);
    CLEANUP(free_text)
    char *text = json_is_object(details) ? json_dumps(details, JSON_COMPACT) : NULL;
    buf_add_text(out, text ? text : "null");
    json_decref(details);
}

void event_format(struct buf *out, const struct ledger_event *event)
{
    json_t *source = json_string(event->source);
    json_t *type = json_string(event->type);
    CLEANUP(free_text) char *source_text = source ? json_dumps(source, JSON_ENCODE_ANY) : NULL;
    CLEANUP(free_text) char *type_text = type ? json_dumps(type, JSON_ENCODE_ANY) : NULL;
    bool plain =
        event->type[0] && strspn(event->type, "abcdefghijklmnopqrstuvwxyz_") == strlen(event->type);
    buf_printf(out,
               "id: %" PRId64 "\nevent: %s\ndata: {\"seq\":%" PRId64 ",\"at\":%" PRId64
               ",\"source\":%s,\"type\":%s,\"details\":",
               event->seq, plain ? event->type : "other", event->seq, event->at,
               source_text ? source_text : "null", type_text ? type_text : "null");
    add_details(out, event->json);
    buf_add_text(out, "}\n\n");
    json_decref(source);
    json_decref(type);
}

int64_t event_id_parse(const char *text)
{
    size_t digits = strspn(text, "0123456789");
    return digits == 0 || digits > 18 || text[digits] ? -1 : strtoll(text, NULL, 10);
}

/* False: there is no ledger, or it cannot be read. *replaced: it is another one than before. */
static bool current_ledger(struct event_source *source, bool *replaced)
{
    struct stat st;
    struct error e = {0};
    CLEANUP(free_text) char *path = home_path(source->home, HOME_LEDGER);
    bool there = stat(path, &st) == 0;
    *replaced = source->inode && (!there || st.st_ino != source->inode);
    if (source->ledger && (*replaced || !there))
        ledger_close(&source->ledger);
    source->inode = there ? st.st_ino : 0;
    if (!there)
        return false;
    if (!source->ledger && !ledger_open_read(source->home, &source->ledger, &e)) {
        log_line(LOG_WARN, NULL, "events", "%s", e.text);
        return false;
    }
    return source->ledger != NULL;
}

static void take(void *owner, const struct ledger_event *event)
{
    struct event_look *look = owner;
    struct buf text = {0};
    event_format(&text, event);
    size_t size = text.size;
    event_frames_add(&look->found, event->seq, buf_take(&text), size);
}

static bool read_events(struct event_source *source, struct event_look *look, struct error *e)
{
    int64_t oldest;
    struct ledger_range range = {look->after, look->most};
    if (!ledger_event_bounds(source->ledger, &oldest, &look->newest, e))
        return false;
    if (look->after > look->newest)
        look->lost = true;
    if (look->lost || look->after < 0)
        return true;
    look->lost = look->after < oldest - 1;
    if (!ledger_read_events(source->ledger, range, take, look, e))
        return false;
    look->full = (int64_t)look->found.count == look->most;
    if (look->found.count > 0)
        look->newest = look->found.frames[look->found.count - 1].seq;
    return true;
}

void event_source_look(struct event_source *source, struct event_look *look)
{
    struct error e = {0};
    look->newest = look->after > 0 ? look->after : 0;
    if (!current_ledger(source, &look->lost)) {
        look->newest = look->lost ? 0 : look->newest;
        return;
    }
    /* In one snapshot: else what is pruned between two statements is missed and not said. */
    bool ok = ledger_begin_read(source->ledger, &e) && read_events(source, look, &e);
    ledger_roll_back(source->ledger);
    if (!ok)
        log_line(LOG_WARN, NULL, "events", "%s", e.text);
    if (!ok || ledger_is_immutable(source->ledger))
        ledger_close(&source->ledger);
}

void event_source_release(struct event_source *source)
{
    if (source->ledger)
        ledger_close(&source->ledger);
}
