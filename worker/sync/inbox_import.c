/* The import of an inbox, in parts: messages and offsets go into the store together. */
#include "worker/sync/inbox_import.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/cleanup.h"
#include "common/clock.h"
#include "common/lock.h"
#include "common/log.h"
#include "worker/sync/batch.h"
#include "worker/sync/inbox_writer.h"
#include "worker/sync/report.h"
#include "worker/sync/stop.h"
#include "worker/sync/store_inbox.h"
#include "worker/sync/store_page.h"
#include "worker/sync/store_spool.h"
#include "worker/sync/sync.h"

/* Between two looks at the batch: bounds what a stop can wait for. */
enum { PART_LINES = 128, PART_BYTES = 1024 * 1024 };
/* Sessions that are closed at a time. */
enum { CLOSE_SESSIONS = 500 };
/* Lines that are no messages: noted one by one, so many of a run, for so long. */
enum { BAD_LINES_NOTED = 100 };
#define BAD_LINES_KEPT_S (INT64_C(7) * 24 * 60 * 60)

static const char imported_memo[] = "inbox imported";

struct import {
    struct inbox *inbox;
    struct sync *sync;
    struct inbox_writer writer;
    struct batch batch;
    int64_t bad; /* lines that are no messages */
};

/* --- lines -------------------------------------------------------------------------------------
 */

static bool note_line(struct import *im, const struct inbox_line *line, const char *path,
                      const struct page_refusal *refusal, struct error *e)
{
    char blob[INBOX_BLOB_SIZE];
    inbox_line_blob(line->offset, blob);
    const struct page_origin origin = {
        .path = path, .path_size = strlen(path), .blob = blob, .epoch = im->sync->rules.epoch};
    return store_error_put(im->sync->store, &origin, refusal, e);
}

static bool take_bad(struct import *im, const struct inbox_line *line, struct error *e)
{
    CLEANUP(free_text) char *path = xasprintf("%s:%" PRId64, line->file->name, line->offset);
    CLEANUP(free_text) char *detail = xasprintf("no message: %s; left out", line->problem->text);
    const struct page_refusal refusal = {
        .reason = "bad-line", .detail = detail, .shape = im->sync->shape};
    if (im->bad++ == 0)
        log_line(LOG_WARN, im->sync->source->id, "import", "inbox/%s: %s", path, detail);
    return im->bad > BAD_LINES_NOTED || note_line(im, line, path, &refusal, e);
}

static bool take_line(struct import *im, const struct inbox_line *line, struct error *e)
{
    char blob[INBOX_BLOB_SIZE];
    inbox_line_blob(line->offset, blob);
    report_item(line->file->name, blob, line->size);
    bool ok =
        line->message ? inbox_writer_take(&im->writer, line->message, e) : take_bad(im, line, e);
    report_no_item();
    return ok;
}

/* Runs ended on this line twice: its file waits until somebody says `retry`. */
static bool hold_quarantined(struct import *im, const struct inbox_line *line, bool *held,
                             struct error *e)
{
    char blob[INBOX_BLOB_SIZE];
    inbox_line_blob(line->offset, blob);
    *held = plan_quarantined(&im->sync->rules, line->file->name, blob);
    if (!*held)
        return true;
    const struct page_refusal refusal = {
        .reason = "quarantined",
        .detail = "quarantined: runs ended on a line of it twice; `lattice-supervise retry` tries "
                  "it again",
        .shape = im->sync->shape};
    inbox_queue_hold(&im->inbox->queue);
    im->sync->now.quarantined++;
    return note_line(im, line, line->file->name, &refusal, e);
}

/* --- parts -------------------------------------------------------------------------------------
 */

/* How far each file was read, with what it gave. */
static bool save_offsets(struct import *im, struct error *e)
{
    struct inbox *in = im->inbox;
    struct store *store = im->sync->store;
    char text[32];
    for (size_t i = 0; i < in->queue.count; i++) {
        struct inbox_file *f = &in->queue.files[i];
        if (!f->lines)
            continue;
        if (!store_spool_set(store, f->name, f->offset, f->lines, e) ||
            (!f->held && !store_error_delete(store, f->name, strlen(f->name), e)))
            return false;
        in->imported += f->lines;
        f->lines = 0;
    }
    snprintf(text, sizeof text, "%" PRId64, in->imported);
    return store_set_memo(store, imported_memo, text, e);
}

static bool end_part(struct import *im, int64_t lines, int64_t bytes, struct error *e)
{
    struct sync *s = im->sync;
    s->now.added = im->writer.added;
    s->now.changed = im->writer.changed;
    s->now.left.changes = s->now.left.changes > lines ? s->now.left.changes - lines : 0;
    s->done += lines - 1;
    return save_offsets(im, e) && batch_end(&im->batch, bytes, e);
}

/* *done: nothing that waited is left. */
static bool import_part(struct import *im, bool *done, struct error *e)
{
    struct inbox_queue *queue = &im->inbox->queue;
    struct inbox_line line;
    int64_t lines = 0;
    int64_t bytes = 0;
    if (!batch_begin(&im->batch, e))
        return false;
    while (lines < PART_LINES && bytes < PART_BYTES) {
        bool held = false;
        *done = !inbox_queue_peek(queue, &line);
        if (*done)
            break;
        if (!hold_quarantined(im, &line, &held, e))
            return false;
        if (held)
            continue;
        if (!take_line(im, &line, e))
            return false;
        lines++;
        bytes += line.size;
        inbox_queue_take(queue);
    }
    return end_part(im, lines, bytes, e);
}

static enum step import_all(struct import *im, struct error *e)
{
    for (bool done = false; !done;) {
        if (!stop_poll(NULL, 0, 0))
            return STEP_STOPPED;
        if (!import_part(im, &done, e))
            return STEP_FAILED;
    }
    return STEP_DONE;
}

/* --- before and after --------------------------------------------------------------------------
 */

/* What is known of files that went, and of lines of long ago. */
static bool tidy(struct import *im, struct error *e)
{
    struct spool_files files = {0};
    struct store *store = im->sync->store;
    bool ok = batch_begin(&im->batch, e) && spool_list(im->inbox->spool.folder, &files, e) &&
              store_spool_prune(store, &files, e) &&
              store_spool_forget_errors(store, clock_unix_s() - BAD_LINES_KEPT_S, e);
    spool_files_release(&files);
    return ok;
}

/* Sessions that nobody ended, and that nobody speaks in any more. */
static enum step close_silent(struct import *im, struct error *e)
{
    int64_t all = 0;
    int64_t closed = 0;
    do {
        if (!stop_poll(NULL, 0, 0))
            return STEP_STOPPED;
        if (!batch_begin(&im->batch, e) ||
            !store_inbox_close_silent(im->sync->store, im->inbox->before_ms, CLOSE_SESSIONS,
                                      &closed, e) ||
            !batch_end(&im->batch, 0, e))
            return STEP_FAILED;
        all += closed;
    } while (closed == CLOSE_SESSIONS);
    if (all)
        buf_printf(&im->inbox->note, "%s%" PRId64 " session%s closed: silent for a day",
                   im->inbox->note.size ? "; " : "", all, all == 1 ? "" : "s");
    return STEP_DONE;
}

static void say_counts(struct import *im)
{
    struct buf *note = &im->inbox->note;
    if (im->sync->set_aside)
        buf_printf(note, "%sthe store was damaged: what it held is in " SOURCE_STORE ".damaged",
                   note->size ? "; " : "");
    if (im->writer.replayed)
        buf_printf(note, "%s%" PRId64 " known already", note->size ? "; " : "",
                   im->writer.replayed);
    if (im->bad)
        buf_printf(note, "%s%" PRId64 " line%s no message, left out", note->size ? "; " : "",
                   im->bad, im->bad == 1 ? " is" : "s are");
}

bool inbox_head(struct inbox *in, int64_t waiting, int64_t closing, char **head, struct error *e)
{
    int64_t orphans = 0;
    if (!store_inbox_orphans(in->sync->store, &orphans, e))
        return false;
    free(*head);
    *head = xasprintf("%" PRId64 ".%" PRId64, in->imported + waiting, orphans + closing);
    return true;
}

bool inbox_imported(struct store *store, int64_t *lines, struct error *e)
{
    CLEANUP(free_text) char *text = NULL;
    if (!store_memo(store, imported_memo, &text, e))
        return false;
    *lines = text ? strtoll(text, NULL, 10) : 0;
    return true;
}

static enum step run(struct import *im, struct error *e)
{
    struct inbox *in = im->inbox;
    struct sync *s = im->sync;
    s->now.quarantined = in->queue.quarantined;
    s->now.left = s->kept.left = (struct plan_counts){.changes = in->queue.waiting};
    batch_init(&im->batch, s, in->queue.waiting, true);
    if (!tidy(im, e))
        return STEP_FAILED;
    enum step step = import_all(im, e);
    if (step == STEP_DONE)
        step = close_silent(im, e);
    if (step == STEP_DONE && in->queue.unreadable) {
        if (!sync_commit(s, e)) /* what the other files gave */
            return STEP_FAILED;
        *e = in->queue.problem;
        if (in->queue.unreadable > 1)
            error_wrap(e, "%" PRId64 " files, the first of them", in->queue.unreadable);
        return STEP_FAILED;
    }
    say_counts(im);
    /* What came meanwhile is another run's. */
    if (step == STEP_DONE && !inbox_head(in, 0, 0, &s->head, e))
        return STEP_FAILED;
    return step;
}

enum step inbox_import(struct inbox *in, struct error *e)
{
    struct sync *s = in->sync;
    struct import im = {
        .inbox = in, .sync = s, .writer = {.store = s->store, .epoch = s->rules.epoch}};
    enum step step = run(&im, e);
    inbox_writer_release(&im.writer);
    return step;
}

/* --- taking away -------------------------------------------------------------------------------
 */

static bool may_go(const struct inbox *in, const struct inbox_file *f)
{
    CLEANUP(free_text) char *path = xasprintf("%s/%s", in->spool.path, f->name);
    return !f->held && f->offset >= f->owed && !lock_kernel_held(path);
}

static bool take_away(struct inbox *in, const struct inbox_file *f, struct error *e)
{
    int64_t torn = 0;
    switch (spool_take(in->spool.folder, f->name, f->offset, &torn, e)) {
    case SPOOL_FAILED:
        return false;
    case SPOOL_IN_USE:
    case SPOOL_MORE:
        return true;
    case SPOOL_TAKEN:
        break;
    }
    if (torn)
        log_line(LOG_WARN, in->sync->source->id, in->sync->phase,
                 "inbox/%s: its writer was cut off in a message that it did not acknowledge; "
                 "%" PRId64 " bytes are left out",
                 f->name, torn);
    return true;
}

bool inbox_clear(struct inbox *in, struct error *e)
{
    struct sync *s = in->sync;
    bool any = false;
    for (size_t i = 0; i < in->queue.count; i++) {
        struct inbox_file *f = &in->queue.files[i];
        if (!may_go(in, f))
            continue;
        if (!stop_poll(NULL, 0, 0))
            break; /* the next run takes them away */
        if (!sync_progress(s, s->done, s->total, e))
            return false;
        if (!any && !store_durable(s->store, e))
            return false;
        any = true;
        if (!take_away(in, f, e))
            return false;
    }
    if (any && fsync(in->spool.folder) != 0)
        return error_set(e, CAUSE_STORE, "fsync of inbox/ failed");
    return true;
}
