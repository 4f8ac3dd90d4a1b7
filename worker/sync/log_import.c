/* The import of a folder of logs. */
#include "worker/sync/log_import.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/cleanup.h"
#include "common/log.h"
#include "common/text.h"
#include "worker/sync/batch.h"
#include "worker/sync/log_import_plan.h"
#include "worker/sync/log_writer.h"
#include "worker/sync/report.h"
#include "worker/sync/stop.h"
#include "worker/sync/store_page.h"
#include "worker/sync/sync.h"

/* Read of a file between two looks at the batch: bounds what a stop can wait for. */
#define PART_BYTES INT64_C(4194304)
/* A session that is read anew is given in one transaction up to this size. */
#define HELD_BYTES INT64_C(33554432)

struct import {
    struct sync *sync;
    const struct log_tree *tree; /* borrowed */
    struct log_plan plan;
    struct log_writer writer;
    struct buf memory; /* of lines */
    struct batch batch;
    int root;
    int64_t held;       /* bytes read of a session that is read anew; -1: none is */
    int64_t first_page; /* pages from this row on are of this run */
    bool reread;        /* a session was, or was to be when a run before this one was cut */
    int64_t unreadable;
    struct error problem; /* of the first of those */
};

/* Is a session being read anew that readers shall see whole? A stop waits for a part at most. */
static bool holding(const struct import *in)
{
    return in->held >= 0 && in->held <= (stop_requested() ? PART_BYTES : HELD_BYTES);
}

static bool end_item(struct import *in, int64_t bytes, struct error *e)
{
    return holding(in) || batch_end(&in->batch, bytes, e);
}

/* --- one file ------------------------------------------------------------------------------------
 */

/* A file of this run's listing, open. */
struct reading {
    const struct log_entry *entry;
    struct log_file file;
    int fd;
};

enum opened { OPENED, OPENED_MOVED, OPENED_NOT };

/* The file that was listed, not another one of its name. */
static enum opened open_entry(struct import *in, struct reading *r, struct error *e)
{
    struct stat st;
    r->fd = openat(in->root, r->entry->path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    if (r->fd < 0 && (errno == ENOENT || errno == ELOOP || errno == ENOTDIR))
        return OPENED_MOVED;
    if (r->fd < 0 || fstat(r->fd, &st) != 0) {
        error_set(e, CAUSE_UNREACHABLE, "%s/%s: %s", in->sync->source->path, r->entry->path,
                  strerror(errno));
        return OPENED_NOT;
    }
    bool same = S_ISREG(st.st_mode) && (int64_t)st.st_ino == r->entry->stat.inode &&
                st.st_size >= r->entry->stat.size;
    return same ? OPENED : OPENED_MOVED;
}

/* Does what was read of it still stand in it? */
static bool goes_on(const struct import *in, const struct reading *r, bool *same, struct error *e)
{
    const struct log_file *f = &r->file;
    int64_t hash = 0;
    *same = f->epoch == in->sync->rules.epoch && f->stat.inode == r->entry->stat.inode &&
            f->offset <= r->entry->stat.size;
    if (!*same || f->offset == 0)
        return true;
    if (!log_tail_hash(r->fd, f->offset, &hash, e))
        return false;
    *same = hash == f->tail_hash;
    return true;
}

/* Lines up to a part's size, or to a stop where the session may be seen in part. *done: none is
 * left. A failure to read comes after what was read before it was kept. */
static bool read_part(struct import *in, struct reading *r, struct log_lines *lines, bool *done,
                      struct error *e)
{
    struct log_file *file = &r->file;
    struct error problem = {0};
    struct log_raw raw;
    enum log_next next = LOG_NEXT_LINE;
    int64_t start = lines->offset;
    if (!batch_begin(&in->batch, e) || !log_writer_begin(&in->writer, file, e))
        return false;
    while (lines->offset - start < PART_BYTES && (holding(in) || !stop_requested()) &&
           (next = log_lines_next(lines, &raw, &problem)) == LOG_NEXT_LINE)
        if (!log_writer_line(&in->writer, &raw, e))
            return false;
    *done = next != LOG_NEXT_LINE;
    file->offset = lines->offset;
    if (next == LOG_NEXT_NONE)
        file->stat = r->entry->stat;
    bool known =
        next != LOG_NEXT_FAILED && log_tail_hash(r->fd, file->offset, &file->tail_hash, &problem);
    if (!log_writer_end(&in->writer, e))
        return false;
    if (in->held >= 0)
        in->held += lines->offset - start;
    if (!known) {
        *e = problem;
        return false;
    }
    return end_item(in, lines->offset - start, e);
}

static enum step read_lines(struct import *in, struct reading *r, struct error *e)
{
    struct log_lines lines = {.fd = r->fd,
                              .offset = r->file.offset,
                              .limit = r->entry->stat.size,
                              .most = LOG_LINE_MAX_BYTES,
                              .memory = &in->memory};
    r->file.stat = (struct log_stat){r->entry->stat.inode, -1, 0};
    r->file.epoch = in->sync->rules.epoch;
    for (bool done = false; !done;) {
        if (!holding(in) && !stop_poll(NULL, 0, 0))
            return STEP_STOPPED;
        if (!read_part(in, r, &lines, &done, e))
            return STEP_FAILED;
    }
    return STEP_DONE;
}

static void warn(const struct import *in, const char *path, const char *text)
{
    log_line(LOG_WARN, in->sync->source->id, "import", "%s: %s", path, text);
}

/* Two runs ended on it: it is left out until it changes. */
static bool quarantined(struct import *in, const struct log_entry *entry, const char *blob,
                        bool *is, struct error *e)
{
    *is = plan_quarantined(&in->sync->rules, entry->path, blob);
    if (!*is)
        return true;
    in->sync->now.quarantined++;
    const struct page_origin origin = {.path = entry->path,
                                       .path_size = strlen(entry->path),
                                       .blob = blob,
                                       .epoch = in->sync->rules.epoch};
    const struct page_refusal refusal = {
        .reason = "quarantined",
        .detail = "quarantined: runs ended on it twice; `lattice-supervise retry` tries it again",
        .shape = in->sync->shape};
    warn(in, entry->path, refusal.detail);
    return batch_begin(&in->batch, e) && store_error_put(in->sync->store, &origin, &refusal, e) &&
           end_item(in, 0, e);
}

static enum step reread_page(struct import *in, int64_t page, const struct log_gone *gone,
                             size_t gone_count, struct error *e);

/* It gave nothing so far: what is known of it goes. */
static void begin_anew(struct log_file *file)
{
    const struct log_file fresh = {.id = file->id,
                                   .path = file->path,
                                   .generation = file->generation + 1,
                                   .started_at = -1,
                                   .ended_at = -1};
    log_file_release(file);
    *file = fresh;
}

static void warn_of_lines(const struct import *in, const char *path)
{
    struct buf text = {0};
    log_writer_trouble(&in->writer, &text);
    warn(in, path, text.data ? text.data : "");
    buf_release(&text);
}

static enum step read_open(struct import *in, struct reading *r, struct error *e)
{
    bool same;
    if (!goes_on(in, r, &same, e))
        return STEP_FAILED;
    if (!same && r->file.page)
        return reread_page(in, r->file.page, NULL, 0, e);
    if (!same)
        begin_anew(&r->file);
    int64_t created = in->writer.created;
    in->writer.troubled = false;
    enum step step = read_lines(in, r, e);
    if (in->writer.troubled)
        warn_of_lines(in, r->entry->path);
    in->sync->now.added += in->writer.created - created;
    bool changed = r->file.page && r->file.page < in->first_page && in->held < 0;
    in->sync->now.changed += step == STEP_DONE && changed;
    return step;
}

/* What cannot be read is said at the end; the others go on. */
static enum step set_aside(struct import *in, const struct error *problem)
{
    if (in->unreadable++ == 0)
        in->problem = *problem;
    return STEP_DONE;
}

static enum step read_entry(struct import *in, const struct log_entry *entry, struct error *e)
{
    struct reading r = {.entry = entry, .fd = -1};
    struct error problem = {0};
    char blob[64];
    bool found;
    bool out = false;
    snprintf(blob, sizeof blob, "%" PRId64 "-%" PRId64, entry->stat.size, entry->stat.mtime_ns);
    if (!store_log_read(in->sync->store, entry->path, &r.file, &found, e) ||
        !quarantined(in, entry, blob, &out, e))
        return STEP_FAILED;
    enum step step = STEP_DONE;
    bool current = found && r.file.epoch == in->sync->rules.epoch &&
                   memcmp(&r.file.stat, &entry->stat, sizeof entry->stat) == 0;
    if (!current && !out) {
        switch (open_entry(in, &r, &problem)) {
        case OPENED:
            report_item(entry->path, blob, entry->stat.size - r.file.offset);
            step = read_open(in, &r, e);
            report_no_item();
            if (step == STEP_FAILED && e->cause == CAUSE_UNREACHABLE)
                step = set_aside(in, e);
            break;
        case OPENED_MOVED:
            in->sync->moved++;
            break;
        case OPENED_NOT:
            step = set_aside(in, &problem);
            break;
        }
    }
    if (r.fd >= 0)
        close(r.fd);
    log_file_release(&r.file);
    return step;
}

static bool drop_file(struct import *in, const struct log_gone *gone, struct error *e)
{
    return store_log_drop(in->sync->store, gone->id, e) &&
           store_error_delete(in->sync->store, gone->path, strlen(gone->path), e);
}

/* --- sessions that are read anew, and what went -------------------------------------------------
 */

static bool lose(struct import *in, int64_t page, struct error *e)
{
    struct sync *s = in->sync;
    s->now.deleted++;
    s->now.lost++;
    if (!s->state.target_allow_shrink &&
        plan_shrinks(s->have, s->now.lost + s->now.left.deletes, e))
        return false;
    return store_page_delete(s->store, page, e);
}

static enum step reread_all(struct import *in, const struct log_paths *paths, struct error *e)
{
    enum step step = STEP_DONE;
    for (size_t i = 0; step == STEP_DONE && i < paths->count; i++) {
        const struct log_entry *entry = log_tree_find(in->tree, paths->paths[i]);
        if (!store_error_delete(in->sync->store, paths->paths[i], strlen(paths->paths[i]), e))
            return STEP_FAILED;
        if (entry && entry->stat.size > 0)
            step = read_entry(in, entry, e);
    }
    return step;
}

/* Can all of them be read? One that cannot is no reason to let go what it gave. */
static bool readable(struct import *in, const struct log_paths *paths)
{
    for (size_t i = 0; i < paths->count; i++) {
        const struct log_entry *entry = log_tree_find(in->tree, paths->paths[i]);
        struct reading r = {.entry = entry, .fd = -1};
        struct error problem = {0};
        enum opened opened = entry && entry->stat.size ? open_entry(in, &r, &problem) : OPENED;
        if (r.fd >= 0)
            close(r.fd);
        if (opened == OPENED_NOT)
            set_aside(in, &problem);
        if (opened == OPENED_MOVED)
            in->sync->moved++;
        if (opened != OPENED)
            return false;
    }
    return true;
}

static bool begin_page_anew(struct import *in, int64_t page, const struct log_gone *gone,
                            size_t gone_count, struct error *e)
{
    struct store *store = in->sync->store;
    if (!batch_begin(&in->batch, e) || !store_log_reset(store, page, e))
        return false;
    for (size_t i = 0; i < gone_count; i++)
        if (!drop_file(in, &gone[i], e))
            return false;
    return true;
}

/* All that the files of a session gave goes, `gone` with it, and is given anew from each of them.
 * Up to HELD_BYTES in one transaction; of a larger one readers see less for a while. */
static enum step reread_page(struct import *in, int64_t page, const struct log_gone *gone,
                             size_t gone_count, struct error *e)
{
    struct sync *s = in->sync;
    struct log_paths paths = {0};
    int64_t files = 0;
    enum step step = STEP_FAILED;
    in->reread = true;
    if (log_paths_of_page(s->store, page, &paths, e)) {
        if (!readable(in, &paths)) {
            log_paths_release(&paths);
            return STEP_DONE;
        }
        if (begin_page_anew(in, page, gone, gone_count, e)) {
            in->held = 0;
            step = reread_all(in, &paths, e);
            in->held = -1;
        }
    }
    log_paths_release(&paths);
    if (step != STEP_DONE)
        return step;
    if (!batch_begin(&in->batch, e) || !store_log_count(s->store, page, &files, e) ||
        (!files && !lose(in, page, e)))
        return STEP_FAILED;
    s->now.changed += files && page < in->first_page;
    return batch_end(&in->batch, 0, e) ? STEP_DONE : STEP_FAILED;
}

/* The files of one page, or one that gave nothing, that are not there any more. */
static enum step forget(struct import *in, const struct log_gone *gone, size_t count,
                        struct error *e)
{
    struct sync *s = in->sync;
    int64_t page = gone->page;
    int64_t files = 0;
    if (page && !store_log_count(s->store, page, &files, e))
        return STEP_FAILED;
    if (files > (int64_t)count)
        return reread_page(in, page, gone, count, e);
    if (!batch_begin(&in->batch, e))
        return STEP_FAILED;
    for (size_t i = 0; i < count; i++)
        if (!drop_file(in, &gone[i], e))
            return STEP_FAILED;
    if (page && !store_log_count(s->store, page, &files, e))
        return STEP_FAILED;
    if (page && !files) {
        s->now.left.deletes--;
        s->now.deleted++;
        if (!store_page_delete(s->store, page, e))
            return STEP_FAILED;
    }
    return batch_end(&in->batch, 0, e) ? STEP_DONE : STEP_FAILED;
}

/* A session that was being read anew when a run was cut, and that came to nothing. */
static enum step drop_orphans(struct import *in, struct error *e)
{
    int64_t page = 0;
    do {
        if (!store_log_orphan(in->sync->store, &page, e))
            return STEP_FAILED;
        if (page &&
            (!batch_begin(&in->batch, e) || !lose(in, page, e) || !batch_end(&in->batch, 0, e)))
            return STEP_FAILED;
    } while (page);
    return STEP_DONE;
}

/* --- all of it
 * ------------------------------------------------------------------------------------ */

static enum step read_all(struct import *in, struct error *e)
{
    for (size_t i = 0; i < in->plan.count; i++) {
        const struct log_todo *todo = &in->plan.todo[i];
        if (!stop_poll(NULL, 0, 0))
            return STEP_STOPPED;
        enum step step = read_entry(in, todo->entry, e);
        if (step != STEP_DONE)
            return step;
        if (todo->known)
            in->sync->now.left.changes--;
        else
            in->sync->now.left.adds--;
    }
    return STEP_DONE;
}

static enum step forget_all(struct import *in, struct error *e)
{
    const struct log_plan *plan = &in->plan;
    for (size_t i = 0; i < plan->gone_count;) {
        size_t count = 1;
        while (plan->gone[i].page && i + count < plan->gone_count &&
               plan->gone[i + count].page == plan->gone[i].page)
            count++;
        if (!stop_poll(NULL, 0, 0))
            return STEP_STOPPED;
        enum step step = forget(in, &plan->gone[i], count, e);
        if (step != STEP_DONE)
            return step;
        i += count;
    }
    return STEP_DONE;
}

static bool rename_all(struct import *in, struct error *e)
{
    for (size_t i = 0; i < in->plan.move_count; i++)
        if (!batch_begin(&in->batch, e) ||
            !store_log_rename(in->sync->store, in->plan.moves[i].id, in->plan.moves[i].to, e) ||
            !batch_end(&in->batch, 0, e))
            return false;
    return true;
}

static enum step run(struct import *in, struct error *e)
{
    struct sync *s = in->sync;
    if (!log_plan_make(&in->plan, s->store, in->tree, s->rules.epoch, e) ||
        !store_log_next_page(s->store, &in->first_page, e))
        return STEP_FAILED;
    s->now.left = (struct plan_counts){.adds = in->plan.adds,
                                       .changes = (int64_t)in->plan.count - in->plan.adds,
                                       .deletes = in->plan.pages_gone};
    s->kept.left = s->now.left;
    in->reread = in->plan.unfinished;
    if (!s->state.target_allow_shrink && plan_shrinks(s->have, in->plan.pages_gone, e))
        return STEP_FAILED;
    batch_init(&in->batch, s, in->plan.bytes / PART_BYTES + (int64_t)in->plan.count, true);
    if (!rename_all(in, e))
        return STEP_FAILED;
    enum step step = read_all(in, e);
    if (step == STEP_DONE)
        step = forget_all(in, e);
    if (step == STEP_DONE && in->reread)
        step = drop_orphans(in, e);
    if (step == STEP_DONE && in->unreadable) {
        *e = in->problem;
        if (in->unreadable > 1)
            error_wrap(e, "%" PRId64 " files, the first of them", in->unreadable);
        return STEP_FAILED;
    }
    return step;
}

enum step log_import(struct sync *s, const struct log_tree *tree, struct error *e)
{
    struct import in = {.sync = s, .tree = tree, .held = -1};
    in.writer.store = s->store;
    in.writer.shape = s->shape;
    in.writer.reader.format = log_format_find(s->source->format);
    if (!in.writer.reader.format) {
        error_set(e, CAUSE_CONFIG, "format \"%s\" is not known to this worker", s->source->format);
        return STEP_FAILED;
    }
    in.root = open(s->source->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (in.root < 0) {
        error_set(e, CAUSE_UNREACHABLE, "%s: %s", s->source->path, strerror(errno));
        return STEP_FAILED;
    }
    buf_reserve(&in.memory, 1);
    enum step step = run(&in, e);
    close(in.root);
    log_plan_release(&in.plan);
    log_writer_release(&in.writer);
    buf_release(&in.memory);
    return step;
}
