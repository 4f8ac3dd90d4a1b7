/* inotify on a home. */
#include "supervisor/watch.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "common/cleanup.h"
#include "common/clock.h"
#include "common/config.h"
#include "common/text.h"
#include "supervisor/limits.h"

/* Events of one read. */
enum { READ_BYTES = 64 * (int)(sizeof(struct inotify_event) + NAME_MAX + 1) };

struct watch {
    const struct home *home; /* borrowed */
    int fd;
    int home_id;
    int sources_id; /* -1: there is no such folder yet */
};

/* Our own reading opens and closes these files too: only what a writer does may count. */
#define FOLDER_MASK                                                                                \
    (IN_ATTRIB | IN_CREATE | IN_DELETE | IN_MOVED_TO | IN_MOVED_FROM | IN_CLOSE_WRITE | IN_ONLYDIR)

static void watch_folder(struct watch *watch, const char *id)
{
    CLEANUP(free_text) char *path = home_source_path(watch->home, id, "");
    if (source_id_valid(id))
        inotify_add_watch(watch->fd, path, FOLDER_MASK);
}

static void watch_sources(struct watch *watch)
{
    CLEANUP(free_text) char *path = home_path(watch->home, "sources");
    watch->sources_id = inotify_add_watch(watch->fd, path, FOLDER_MASK);
    DIR *dir = opendir(path);
    if (!dir)
        return;
    for (struct dirent *entry; (entry = readdir(dir));)
        watch_folder(watch, entry->d_name);
    closedir(dir);
}

bool watch_open(const struct home *home, struct watch **out, struct error *e)
{
    struct watch *watch = xcalloc(1, sizeof *watch);
    watch->home = home;
    watch->fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
    watch->home_id = watch->fd < 0 ? -1 : inotify_add_watch(watch->fd, home->path, FOLDER_MASK);
    if (watch->home_id < 0) {
        error_set(e, CAUSE_STORE, "watch %s: %s", home->path, strerror(errno));
        watch_close(&watch);
        return false;
    }
    watch_sources(watch);
    *out = watch;
    return true;
}

void watch_close(struct watch **watch)
{
    if (!*watch)
        return;
    close_fd(&(*watch)->fd);
    free(*watch);
    *watch = NULL;
}

static bool is_one_of(const char *name, const char *a, const char *b)
{
    return strcmp(name, a) == 0 || strcmp(name, b) == 0;
}

/* Does the event change what is shown? */
static bool matters(struct watch *watch, const struct inotify_event *event)
{
    const char *name = event->len ? event->name : "";
    if (event->mask & IN_Q_OVERFLOW)
        return true;
    if (event->wd == watch->home_id) {
        if (strcmp(name, "sources") == 0 && event->mask & IN_CREATE)
            watch_sources(watch);
        return is_one_of(name, HOME_LEDGER, HOME_SOURCES_JSON);
    }
    if (event->wd == watch->sources_id) {
        if (event->mask & (IN_CREATE | IN_MOVED_TO))
            watch_folder(watch, name);
        return (event->mask & (IN_CREATE | IN_MOVED_TO | IN_MOVED_FROM | IN_DELETE)) != 0;
    }
    return strcmp(name, SOURCE_STORE) == 0 ? (event->mask & ~(uint32_t)IN_CLOSE_WRITE) != 0
                                           : strcmp(name, SOURCE_LOCK) == 0;
}

/* Takes all that is there. */
static bool drain(struct watch *watch)
{
    _Alignas(struct inotify_event) char bytes[READ_BYTES];
    bool changed = false;
    ssize_t size;
    while ((size = read(watch->fd, bytes, sizeof bytes)) > 0)
        for (ssize_t at = 0; at < size;) {
            const struct inotify_event *event = (const void *)(bytes + at);
            changed |= matters(watch, event);
            at += (ssize_t)(sizeof *event + event->len);
        }
    return changed;
}

/* One frame more, for what belongs together; later events wait in the queue meanwhile. */
static bool collect(int out_fd)
{
    struct pollfd out = {.fd = out_fd};
    int64_t until_ms = clock_monotonic_ms() + FRAME_MS;
    int64_t left;
    while ((left = until_ms - clock_monotonic_ms()) > 0)
        if (poll(&out, 1, (int)left) > 0)
            return false;
    return true;
}

enum watch_answer watch_wait(struct watch *watch, int out_fd)
{
    for (;;) {
        struct pollfd ready[] = {{.fd = watch->fd, .events = POLLIN}, {.fd = out_fd}};
        if (poll(ready, 2, -1) < 0 && errno != EINTR)
            return WATCH_HUNG_UP;
        if (ready[1].revents & (POLLERR | POLLHUP | POLLNVAL))
            return WATCH_HUNG_UP;
        if (!drain(watch))
            continue;
        if (!collect(out_fd))
            return WATCH_HUNG_UP;
        drain(watch);
        return WATCH_CHANGED;
    }
}
