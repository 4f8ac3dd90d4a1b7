/* The phase `import`: rename, import, delete, in transactions that a stop can end. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "common/log.h"
#include "common/text.h"
#include "worker/sync/batch.h"
#include "worker/sync/heap.h"
#include "worker/sync/page.h"
#include "worker/sync/report.h"
#include "worker/sync/stop.h"
#include "worker/sync/store_page.h"
#include "worker/sync/sync.h"

/* Plan rows read at once, and asked of the source ahead. */
enum { BLOCK_ITEMS = 1024, BLOCK_ITEMS_LOW = 256 };
/* Below this many a larger heap does not pay. */
enum { BULK_PAGES = 1000 };
/* Of the path of what cannot be a page, in the log: the reason behind it must fit too. */
enum { REFUSED_PATH_SHOWN = 1000 };

/* Pages with a warning that are named in the log; all of them have it in the store. */
enum { WARNINGS_SHOWN = 20 };

struct import {
    struct sync *sync;
    struct page page;
    struct batch batch;
    struct plan_block blocks[2];
    int64_t warned;
};

/* One item of an operation that needs no content. */
static bool apply(struct import *in, enum plan_op op, const struct plan_item *item, struct error *e)
{
    struct sync *s = in->sync;
    struct tally *t = &s->now;
    switch (op) {
    case PLAN_RENAME:
        t->left.renames--;
        t->renamed++;
        /* Its import, which a stop may cut off, is this or a later run's. */
        return (!item->moved || store_page_expire(s->store, item->page, e)) &&
               store_page_rename(s->store, item->page, item->path, item->path_size, e);
    case PLAN_DELETE:
        t->left.deletes--;
        t->deleted++;
        return store_page_delete(s->store, item->page, e);
    case PLAN_FORGET:
        t->left.forgets--;
        return store_error_delete(s->store, item->path, item->path_size, e);
    case PLAN_IMPORT:
        break;
    }
    return error_set(e, CAUSE_BUG, "an import without content");
}

static enum step apply_all(struct import *in, enum plan_op op, struct error *e)
{
    struct plan_block *block = &in->blocks[0];
    int64_t after = 0;
    do {
        if (!plan_read(in->sync->store, op, after, block, e))
            return STEP_FAILED;
        for (size_t i = 0; i < block->count; i++) {
            if (!stop_poll(NULL, 0, 0))
                return STEP_STOPPED;
            if (!batch_begin(&in->batch, e) || !apply(in, op, &block->items[i], e) ||
                !batch_end(&in->batch, 0, e))
                return STEP_FAILED;
            after = block->items[i].seq;
        }
    } while (block->count == block->limit);
    return STEP_DONE;
}

/* A page of the store turns out unreadable: it counts as deleted, and with what the plan deletes
 * towards what a source may lose. Without that, an upstream that encrypts all its files would empty
 * the store. */
static bool lose(struct import *in, struct error *e)
{
    struct sync *s = in->sync;
    struct tally *t = &s->now;
    t->lost++;
    t->deleted++;
    return s->state.target_allow_shrink || !plan_shrinks(s->have, t->lost + t->left.deletes, e);
}

/* Records that the item cannot be a page; what was there goes. */
static bool refuse(struct import *in, const struct plan_item *item,
                   const struct page_origin *origin, const struct page_refusal *refusal,
                   struct error *e)
{
    struct sync *s = in->sync;
    bool cut = item->path_size > REFUSED_PATH_SHOWN;
    log_line(LOG_WARN, s->source->id, "import", "%.*s%s cannot be a page: %s",
             cut ? REFUSED_PATH_SHOWN : (int)item->path_size, item->path, cut ? "..." : "",
             refusal->detail);
    if (item->page && (!lose(in, e) || !store_page_delete(s->store, item->page, e)))
        return false;
    return store_error_put(s->store, origin, refusal, e);
}

/* Why an item cannot be read as a page, or NULL. `detail` is memory for the reason. */
static const char *refusal_reason(struct import *in, const struct plan_item *item,
                                  const struct blob_content *content, struct buf *detail)
{
    struct sync *s = in->sync;
    if (!utf8_valid(item->path, item->path_size)) {
        buf_add_text(detail, "its path is not UTF-8");
        return "path";
    }
    if (item->path_size > 4096) {
        buf_printf(detail, "its path has %zu bytes; at most 4096 are taken", item->path_size);
        return "path";
    }
    if (plan_quarantined(&s->rules, item->path, item->blob)) {
        buf_add_text(detail, "quarantined: runs ended on it twice; `lattice-supervise retry` tries "
                             "it again");
        s->now.quarantined++;
        return "quarantined";
    }
    if (content->content == CONTENT_CLOSED) {
        buf_printf(detail, "cannot be read: %.*s", (int)content->size, content->bytes);
        return "unreadable";
    }
    if (content->content == CONTENT_TOO_LARGE) {
        buf_printf(detail, "%zu bytes; at most %" PRId64 " are taken (max_page_bytes)",
                   content->size, s->source->max_page_bytes);
        return "too-large";
    }
    return NULL;
}

/* Reads its bytes as a page into in->page. NULL, or why they cannot be one, as above. */
static const char *parse(struct import *in, const struct plan_item *item,
                         const struct blob_content *content, struct buf *detail)
{
    struct error problem = {0};
    report_item(item->path, item->blob, (int64_t)content->size);
    bool ok = page_parse(&in->page, item->path, content->bytes, content->size, &problem);
    report_no_item();
    if (!ok) {
        buf_add_text(detail, problem.text);
        return "binary";
    }
    if (in->page.warning && in->warned++ < WARNINGS_SHOWN)
        log_line(LOG_WARN, in->sync->source->id, "import", "%s: %s", item->path, in->page.warning);
    return NULL;
}

static bool import_item(struct import *in, const struct plan_item *item,
                        const struct blob_content *content, struct error *e)
{
    struct sync *s = in->sync;
    const struct page_origin origin = {
        .path = item->path,
        .path_size = item->path_size,
        .blob = content->blob ? content->blob : item->blob,
        .epoch = s->rules.epoch,
        .size_bytes = (int64_t)content->size,
    };
    struct buf detail = {0};
    const char *reason = refusal_reason(in, item, content, &detail);
    int64_t *left = item->page ? &s->now.left.changes : &s->now.left.adds;
    int64_t *count = item->page ? &s->now.changed : &s->now.added;
    bool ok;
    if (!reason)
        reason = parse(in, item, content, &detail);
    if (reason)
        ok = refuse(
            in, item, &origin,
            &(struct page_refusal){.reason = reason, .detail = detail.data, .shape = s->shape}, e);
    else {
        int64_t page = item->page;
        ok = store_page_put(s->store, &page, &origin, &in->page, e) &&
             (!s->kind->stored || s->kind->stored(s->kind_state, s->store, page, content, e));
        *count += !item->moved;
    }
    --*left;
    buf_release(&detail);
    return ok;
}

/* Loads a block and asks the source for it. */
static enum step load(struct import *in, struct plan_block *block, int64_t after, struct error *e)
{
    struct sync *s = in->sync;
    if (!plan_read(s->store, PLAN_IMPORT, after, block, e))
        return STEP_FAILED;
    if (s->kind->prepare && block->count) {
        enum step step = s->kind->prepare(s->kind_state, block, e);
        if (step != STEP_DONE)
            return step;
    }
    bool last = block->count < block->limit;
    if (block->count || last)
        if (!s->kind->request(s->kind_state, block, last, e))
            return STEP_FAILED;
    return STEP_DONE;
}

static enum step import_block(struct import *in, const struct plan_block *block, struct error *e)
{
    struct sync *s = in->sync;
    for (size_t i = 0; i < block->count; i++) {
        struct blob_content content = {0};
        if (stop_requested())
            return STEP_STOPPED;
        enum step step = s->kind->read(s->kind_state, s->source->max_page_bytes, &content, e);
        if (step != STEP_DONE)
            return step;
        if (content.content == CONTENT_MISSING || content.content == CONTENT_MOVED) {
            ++*(content.content == CONTENT_MISSING ? &s->missing : &s->moved);
            continue;
        }
        if (!batch_begin(&in->batch, e) || !import_item(in, &block->items[i], &content, e) ||
            !batch_end(&in->batch, (int64_t)content.size, e))
            return STEP_FAILED;
    }
    return stop_poll(NULL, 0, 0) ? STEP_DONE : STEP_STOPPED;
}

/* Two blocks: while one is imported, the source reads the other. */
static enum step import_all(struct import *in, struct error *e)
{
    struct plan_block *now = &in->blocks[0];
    struct plan_block *next = &in->blocks[1];
    enum step step = load(in, now, 0, e);
    while (step == STEP_DONE && now->count) {
        next->count = 0;
        if (now->count == now->limit)
            step = load(in, next, now->items[now->count - 1].seq, e);
        if (step == STEP_DONE)
            step = import_block(in, now, e);
        struct plan_block *done = now;
        now = next;
        next = done;
    }
    return step;
}

static enum step run_operations(struct import *in, struct error *e)
{
    enum step step = apply_all(in, PLAN_RENAME, e);
    if (step == STEP_DONE && in->sync->now.left.adds + in->sync->now.left.changes > 0)
        step = import_all(in, e);
    if (step == STEP_DONE)
        step = apply_all(in, PLAN_DELETE, e);
    return step == STEP_DONE ? apply_all(in, PLAN_FORGET, e) : step;
}

static enum step import_pages(struct sync *s, struct error *e)
{
    struct import in = {.sync = s};
    const struct plan_counts *c = &s->now.left;
    batch_init(&in.batch, s, c->renames + c->adds + c->changes + c->deletes + c->forgets,
               c->changes + c->deletes > 0);
    for (int i = 0; i < 2; i++)
        in.blocks[i].limit = in.batch.low ? BLOCK_ITEMS_LOW : BLOCK_ITEMS;
    if (!in.batch.low && c->adds + c->changes >= BULK_PAGES)
        heap_use_huge_pages();
    enum step step = run_operations(&in, e);
    page_release(&in.page);
    plan_block_release(&in.blocks[0]);
    plan_block_release(&in.blocks[1]);
    return step;
}

enum step import_run(struct sync *s, struct error *e)
{
    s->done = 0;
    enum step step = s->kind->import ? s->kind->import(s, s->kind_state, e) : import_pages(s, e);
    /* What was done before a stop, or before the source failed, is kept. */
    bool sound = step != STEP_FAILED ||
                 (e->cause != CAUSE_STORE && e->cause != CAUSE_BUG && e->cause != CAUSE_SHRINK);
    struct error problem = {0};
    if (sound && !store_lost_lock(s->store) && !sync_commit(s, &problem)) {
        step = STEP_FAILED;
        *e = problem;
    }
    return step;
}
