/* The sweep, in the thread pool. */

/* It takes a source's kernel lock only where a row is left over: taking it for nothing would make
 * a worker that starts just then believe it is locked. */
#include "supervisor/sweep.h"

#include <dirent.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/cleanup.h"
#include "common/clock.h"
#include "common/config.h"
#include "common/lock.h"
#include "common/log.h"
#include "common/marker.h"
#include "common/status.h"
#include "common/text.h"
#include "supervisor/limits.h"

/* Works in the pool at a time; the pool has four threads and the ledger needs one. */
enum { SWEEP_WORKS = 3 };

struct sweep {
    uv_loop_t *loop;                 /* borrowed */
    const struct home *home;         /* borrowed */
    struct containment *containment; /* borrowed */
    struct sweep_item *items;        /* owned */
    size_t count;
    atomic_size_t next;
    uv_work_t works[SWEEP_WORKS];
    int working;
    sweep_handler handle;
    void *owner;
};

struct sweep *sweep_new(uv_loop_t *loop, const struct home *home, struct containment *containment)
{
    struct sweep *sweep = xcalloc(1, sizeof *sweep);
    sweep->loop = loop;
    sweep->home = home;
    sweep->containment = containment;
    return sweep;
}

void sweep_add(struct sweep *sweep, const char *id, void *owner)
{
    sweep->items = xrealloc(sweep->items, (sweep->count + 1) * sizeof *sweep->items);
    struct sweep_item *item = &sweep->items[sweep->count++];
    memset(item, 0, sizeof *item);
    snprintf(item->id, sizeof item->id, "%s", id);
    item->owner = owner;
}

void sweep_leave_out(struct sweep *sweep, const char *id)
{
    sweep_add(sweep, id, NULL);
    sweep->items[sweep->count - 1].left_out = true;
}

static bool has_item(const struct sweep *sweep, size_t count, const char *id)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(sweep->items[i].id, id) == 0)
            return true;
    return false;
}

void sweep_add_folders(struct sweep *sweep)
{
    CLEANUP(free_text) char *path = home_path(sweep->home, "sources");
    size_t configured = sweep->count;
    DIR *folder = opendir(path);
    if (!folder)
        return;
    for (struct dirent *entry; (entry = readdir(folder));)
        if (source_id_valid(entry->d_name) && !has_item(sweep, configured, entry->d_name))
            sweep_add(sweep, entry->d_name, NULL);
    closedir(folder);
}

/* Why it was left, as the metrics name it. */
static const char *label_of(const struct lock_row *row)
{
    switch (process_liveness(&row->holder)) {
    case PROCESS_DEAD:
        return "dead";
    case PROCESS_ALIVE:
        return "fenced";
    case PROCESS_UNKNOWN:
        break;
    }
    return "foreign";
}

static void log_cleared(const char *id, const struct lock_row *row)
{
    char text[LEFT_ROW_TEXT_SIZE];
    status_left_row(row, clock_unix_s(), text);
    log_line(LOG_INFO, id, "sweep", "cleared %s", text);
}

/* The row is the sign that something may be left; who takes it away answers for that. With the
 * lock in hand. */
static bool ended_leftovers_of(const struct sweep *sweep, const char *id)
{
    size_t ended = marker_end(sweep->home, id, NULL, SWEEP_WAIT_MS);
    if (ended)
        log_line(LOG_WARN, id, "sweep", "ended %zu process%s that an earlier run left", ended,
                 ended == 1 ? "" : "es");
    if (marker_signal(sweep->home, id, 0) == 0)
        return true;
    log_line(LOG_WARN, id, "sweep",
             "what an earlier run left cannot be ended; its lock row stays as a sign of it");
    return false;
}

static void clear_row(const struct sweep *sweep, struct sweep_item *item)
{
    CLEANUP(free_text) char *path = home_source_path(sweep->home, item->id, SOURCE_LOCK);
    struct error e = {0};
    bool cleared = false;
    int fd = -1;
    if (source_is_locked(sweep->home, item->id))
        return;
    enum lock_answer answer = lock_kernel_acquire(path, &fd, &e);
    if (answer == LOCK_BUSY)
        return;
    if (answer == LOCK_FAILED ||
        (ended_leftovers_of(sweep, item->id) &&
         !store_clear_lock(sweep->home, item->id, &item->view.lock, &cleared, &e)))
        log_line(LOG_WARN, item->id, "sweep", "%s", e.text);
    lock_kernel_release(&fd);
    if (cleared) {
        log_cleared(item->id, &item->view.lock);
        item->cleared = label_of(&item->view.lock);
        memset(&item->view.lock, 0, sizeof item->view.lock);
    }
}

static void sweep_one(const struct sweep *sweep, struct sweep_item *item)
{
    struct error e = {0};
    item->view_read = store_view_read(sweep->home, item->id, &item->view, &e);
    if (!item->view_read) {
        item->error = xstrdup(e.text);
        item->error_cause = e.cause;
    } else if (item->view.lock.run_id[0])
        clear_row(sweep, item);
}

static void work(uv_work_t *request)
{
    struct sweep *sweep = request->data;
    size_t at;
    while ((at = atomic_fetch_add(&sweep->next, 1)) < sweep->count)
        if (!sweep->items[at].left_out)
            sweep_one(sweep, &sweep->items[at]);
}

static void worked(uv_work_t *request, int status)
{
    (void)status;
    struct sweep *sweep = request->data;
    if (--sweep->working > 0)
        return;
    for (size_t i = 0; i < sweep->count; i++) {
        if (!sweep->items[i].left_out)
            sweep->handle(sweep->owner, &sweep->items[i]);
        free(sweep->items[i].error);
    }
    sweep->handle(sweep->owner, NULL);
    free(sweep->items);
    free(sweep);
}

static void end_leftovers(uv_work_t *request)
{
    const struct sweep *sweep = request->data;
    containment_sweep(sweep->containment);
}

/* The stores only now: what was left could hold their locks. */
static void ended_leftovers(uv_work_t *request, int status)
{
    (void)status;
    struct sweep *sweep = request->data;
    int count = sweep->count < SWEEP_WORKS ? (int)sweep->count : SWEEP_WORKS;
    sweep->working = count > 0 ? count : 1;
    for (int i = 0; i < sweep->working; i++) {
        sweep->works[i].data = sweep;
        uv_queue_work(sweep->loop, &sweep->works[i], work, worked);
    }
}

void sweep_start(struct sweep *sweep, sweep_handler handle, void *owner)
{
    sweep->handle = handle;
    sweep->owner = owner;
    sweep->works[0].data = sweep;
    uv_queue_work(sweep->loop, &sweep->works[0], end_leftovers, ended_leftovers);
}
