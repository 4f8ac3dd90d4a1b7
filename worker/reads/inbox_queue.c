/* How much of what this service wrote the store has: asked when its writer gives notice. */
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "common/cleanup.h"
#include "common/text.h"
#include "worker/reads/inbox_internal.h"
#include "worker/reads/request.h"
#include "worker/reads/store_observations.h"

/* Notices of one read. */
enum { NOTICE_BYTES = 16 * (int)(sizeof(struct inotify_event) + NAME_MAX + 1) };
/* A file is let go when the store has all of it, once there is this much to be taken away. */
enum { REST_LINES = 1000 };

/* --- on a thread: one look ----------------------------------------------------------------------
 */

struct count {
    struct work work;
    struct inbox *inbox;
    struct inbox_file *files; /* owned; as they were at its beginning */
    size_t file_count;
};

static void take_row(void *owner, const struct spool_row *row)
{
    struct count *count = owner;
    for (size_t i = 0; i < count->file_count; i++)
        if (strcmp(count->files[i].name, row->name) == 0) {
            count->files[i].known = true;
            count->files[i].imported = row->lines;
        }
}

/* A file that is gone was imported whole; it is looked for after the store was read. */
static void find_gone(struct count *count)
{
    const struct inbox *inbox = count->inbox;
    CLEANUP(free_text) char *folder = home_source_path(inbox->home, inbox->source, SOURCE_INBOX);
    for (size_t i = 0; i < count->file_count; i++) {
        struct inbox_file *file = &count->files[i];
        CLEANUP(free_text) char *path = xasprintf("%s/%s", folder, file->name);
        if (!file->known && access(path, F_OK) != 0)
            file->imported = file->written;
    }
}

static void run(struct work *work, struct reader *reader)
{
    struct count *count = (struct count *)work;
    struct error ignored = {0};
    CLEANUP(free_json) json_t *ids = json_pack("[s]", count->inbox->source);
    struct request_scope scope = {.ids = ids};
    reader_set_deadline(reader, work_timeout_ms(work->pool));
    struct rstore *store = request_begin(reader, scope, &ignored) ? request_store(reader, 0) : NULL;
    if (store && rstore_spool_files(store, take_row, count, &ignored))
        find_gone(count);
    request_end(reader);
}

static void failed(struct work *work, const struct error *e)
{
    (void)work; /* the next notice asks again */
    (void)e;
}

/* Those that are done with are forgotten, but for the one that is written to. */
static void take_count(struct inbox *inbox, const struct count *count)
{
    size_t kept = 0;
    for (size_t i = 0; i < inbox->file_count; i++) {
        struct inbox_file *file = &inbox->files[i];
        if (i < count->file_count && count->files[i].imported > file->imported)
            file->imported = count->files[i].imported;
        if (i + 1 == inbox->file_count || file->imported < file->written)
            inbox->files[kept++] = *file;
    }
    inbox->file_count = kept;
    inbox->rest = kept == 1 && inbox->files[0].imported >= inbox->files[0].written &&
                  inbox->files[0].written >= REST_LINES;
    if (inbox->rest)
        uv_cond_signal(&inbox->wake);
}

static void done(struct work *work)
{
    struct count *count = (struct count *)work;
    struct inbox *inbox = count->inbox;
    uv_mutex_lock(&inbox->lock);
    take_count(inbox, count);
    uv_mutex_unlock(&inbox->lock);
    free(count->files);
    free(count);
    inbox->counting = false;
    if (inbox->count_again)
        inbox_look_into_store(inbox);
}

/* --- on the loop --------------------------------------------------------------------------------
 */

void inbox_look_into_store(struct inbox *inbox)
{
    inbox->count_again = inbox->counting;
    if (inbox->counting)
        return;
    struct count *count = xcalloc(1, sizeof *count);
    count->work = (struct work){.run = run, .done = done, .failed = failed};
    count->inbox = inbox;
    uv_mutex_lock(&inbox->lock); /* others only add to the end of the list */
    count->file_count = inbox->file_count;
    count->files = xcalloc(count->file_count + 1, sizeof *count->files);
    if (count->file_count)
        memcpy(count->files, inbox->files, count->file_count * sizeof *count->files);
    uv_mutex_unlock(&inbox->lock);
    inbox->counting = true;
    work_start(inbox->work, &count->work);
}

/* What notices may be about. */
struct notices {
    bool store;  /* it has got something */
    bool config; /* sources.json is another one */
    bool folder; /* the source's was removed or replaced, or its rights are others */
    bool gone;   /* it is watched no more */
};

static void take_notice(const struct inbox *inbox, const struct inotify_event *event,
                        struct notices *all)
{
    const char *name = event->len ? event->name : "";
    bool over = event->mask & IN_Q_OVERFLOW;
    bool of_home = event->wd == inbox->home_watch;
    bool of_store = !of_home && strcmp(name, SOURCE_STORE) == 0;
    all->store |= over || of_store;
    all->config |= over || (of_home && strcmp(name, HOME_SOURCES_JSON) == 0);
    all->folder |= over || (!of_home && !of_store);
    all->gone |= !of_home && (event->mask & IN_IGNORED);
}

static struct notices drain(const struct inbox *inbox)
{
    _Alignas(struct inotify_event) char bytes[NOTICE_BYTES];
    struct notices all = {0};
    ssize_t size;
    while ((size = read(inbox->inotify, bytes, sizeof bytes)) > 0)
        for (ssize_t at = 0; at < size;) {
            const struct inotify_event *event = (const void *)(bytes + at);
            take_notice(inbox, event, &all);
            at += (ssize_t)(sizeof *event + event->len);
        }
    return all;
}

static void noticed(uv_poll_t *watch, int status, int what)
{
    struct inbox *inbox = watch->data;
    (void)what;
    struct notices all = status == 0 ? drain(inbox) : (struct notices){0};
    if (all.gone)
        inbox->watched = -1;
    if (all.store)
        inbox_look_into_store(inbox);
    if (all.config || all.gone || (all.folder && gate_now(inbox->gate).reason != GATE_OPEN))
        inbox_look(inbox);
    inbox_watch_folder(inbox);
}

void inbox_watch_folder(struct inbox *inbox)
{
    if (inbox->watched >= 0)
        return;
    CLEANUP(free_text) char *path = home_source_path(inbox->home, inbox->source, "");
    inbox->watched = inotify_add_watch(inbox->inotify, path,
                                       IN_ATTRIB | IN_CREATE | IN_MOVED_TO | IN_DELETE_SELF |
                                           IN_MOVE_SELF | IN_ONLYDIR);
}

bool inbox_watch(struct inbox *inbox, struct error *e)
{
    inbox->watched = -1;
    inbox->inotify = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
    if (inbox->inotify < 0)
        return error_set(e, CAUSE_STORE, "inbox: no watch: %s", strerror(errno));
    inbox->home_watch = inotify_add_watch(inbox->inotify, inbox->home->path,
                                          IN_CLOSE_WRITE | IN_MOVED_TO | IN_DELETE | IN_ONLYDIR);
    inbox->watch.data = inbox;
    inbox->open_handles++;
    uv_poll_init(inbox->loop, &inbox->watch, inbox->inotify);
    uv_poll_start(&inbox->watch, UV_READABLE, noticed);
    inbox_watch_folder(inbox);
    return true;
}
