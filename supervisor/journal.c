/* Batches of ledger writes. */
#include "supervisor/journal.h"

#include <stdlib.h>
#include <string.h>

#include "common/clock.h"
#include "common/ledger_history.h"
#include "common/log.h"
#include "common/text.h"
#include "supervisor/limits.h"

struct entry {
    char source[SOURCE_ID_MAX + 1];
    int64_t at;
    const char *type;        /* of an event, or the name of a counter */
    char *json;              /* owned; of a counter its label */
    int64_t count;           /* 0 for all but counters */
    struct attempt *attempt; /* owned; NULL for the others */
    struct page_name page;   /* owned; no path for the others */
    bool retry;
    bool purge;
    char *retry_path; /* owned; NULL: all */
};

struct batch {
    struct entry *entries; /* owned */
    size_t count;
    size_t room;
};

struct journal {
    uv_loop_t *loop;       /* borrowed */
    struct ledger *ledger; /* owned; the pool's while `writing` */
    int64_t started_at;
    int64_t invocation; /* 0 until the first transaction */
    uv_timer_t timer;
    uv_work_t work;
    bool writing;
    bool stopped;
    bool warned;                           /* once is enough */
    bool wrote;                            /* the last batch; the pool's while `writing` */
    void (*written)(void *owner, bool ok); /* NULL: nobody waits for it */
    void *owner;
    struct batch waiting;
    struct batch batch; /* the pool's while `writing` */
};

static void batch_clear(struct batch *batch)
{
    for (size_t i = 0; i < batch->count; i++) {
        free(batch->entries[i].json);
        free(batch->entries[i].attempt);
        free(batch->entries[i].page.path);
        free(batch->entries[i].page.blob);
        free(batch->entries[i].retry_path);
    }
    batch->count = 0;
}

static void batch_release(struct batch *batch)
{
    batch_clear(batch);
    free(batch->entries);
}

static struct entry *batch_add(struct batch *batch, const char *source)
{
    if (batch->count == batch->room) {
        batch->room = batch->room ? batch->room * 2 : 16;
        batch->entries = xrealloc(batch->entries, batch->room * sizeof *batch->entries);
    }
    struct entry *entry = &batch->entries[batch->count++];
    memset(entry, 0, sizeof *entry);
    memcpy(entry->source, source, strnlen(source, SOURCE_ID_MAX));
    entry->at = clock_unix_s();
    return entry;
}

static bool write_entry(struct journal *journal, const struct entry *entry, struct error *e)
{
    if (entry->attempt)
        return ledger_add_attempt(journal->ledger, journal->invocation, entry->source,
                                  entry->attempt, e);
    if (entry->retry) {
        struct ledger_retry taken = {0};
        return ledger_retry(journal->ledger, entry->source, entry->retry_path, &taken, e);
    }
    if (entry->purge) {
        int64_t rows;
        return ledger_forget(journal->ledger, entry->source, &rows, e);
    }
    if (entry->page.path) {
        struct ledger_page page = {.source = entry->source,
                                   .path = entry->page.path,
                                   .blob = entry->page.blob,
                                   .at = entry->at};
        return ledger_blame_page(journal->ledger, &page, e);
    }
    if (entry->count)
        return ledger_count(journal->ledger, entry->type, entry->json, entry->count, e);
    struct ledger_event event = {
        .at = entry->at, .source = entry->source, .type = entry->type, .json = entry->json};
    return ledger_add_event(journal->ledger, &event, e);
}

static bool write_batch(struct journal *journal, const struct invocation *end, struct error *e)
{
    if (!ledger_begin(journal->ledger, e))
        return false;
    if (!journal->invocation &&
        !ledger_add_invocation(journal->ledger, journal->started_at, &journal->invocation, e))
        return false;
    for (size_t i = 0; i < journal->batch.count; i++)
        if (!write_entry(journal, &journal->batch.entries[i], e))
            return false;
    if (end && !ledger_end_invocation(journal->ledger, journal->invocation, end, e))
        return false;
    return ledger_commit(journal->ledger, e);
}

/* History that cannot be written is said; it holds up no source. */
static bool write_or_warn(struct journal *journal, const struct invocation *end)
{
    struct error e = {0};
    int64_t before = journal->invocation;
    if (write_batch(journal, end, &e))
        return true;
    ledger_roll_back(journal->ledger);
    journal->invocation = before;
    if (!journal->warned)
        log_line(LOG_WARN, NULL, "ledger", "%s", e.text);
    journal->warned = true;
    return false;
}

static void write_work(uv_work_t *work)
{
    struct journal *journal = work->data;
    journal->wrote = write_or_warn(journal, NULL);
}

static void arm(struct journal *journal);

static void swap_batches(struct journal *journal)
{
    struct batch swap = journal->batch;
    journal->batch = journal->waiting;
    journal->waiting = swap;
}

static void wrote(uv_work_t *work, int status)
{
    (void)status;
    struct journal *journal = work->data;
    journal->writing = false;
    batch_clear(&journal->batch);
    arm(journal);
    if (journal->written)
        journal->written(journal->owner, journal->wrote);
}

static void timer_fired(uv_timer_t *timer)
{
    struct journal *journal = timer->data;
    swap_batches(journal);
    journal->writing = uv_queue_work(journal->loop, &journal->work, write_work, wrote) == 0;
}

static void arm(struct journal *journal)
{
    if (journal->stopped || journal->writing || journal->waiting.count == 0 ||
        uv_is_active((uv_handle_t *)&journal->timer))
        return;
    uv_timer_start(&journal->timer, timer_fired, JOURNAL_DELAY_MS, 0);
}

struct journal *journal_new(uv_loop_t *loop, struct ledger *ledger, int64_t started_at)
{
    struct journal *journal = xcalloc(1, sizeof *journal);
    journal->loop = loop;
    journal->ledger = ledger;
    journal->started_at = started_at;
    uv_timer_init(loop, &journal->timer);
    journal->timer.data = journal;
    journal->work.data = journal;
    return journal;
}

void journal_attempt(struct journal *journal, const char *source, const struct attempt *attempt)
{
    if (!journal->ledger)
        return;
    struct entry *entry = batch_add(&journal->waiting, source);
    entry->attempt = xmalloc(sizeof *attempt);
    *entry->attempt = *attempt;
    arm(journal);
}

void journal_blame(struct journal *journal, const char *source, const struct page_name *page)
{
    if (!journal->ledger)
        return;
    struct entry *entry = batch_add(&journal->waiting, source);
    entry->page = (struct page_name){.path = xstrdup(page->path), .blob = xstrdup(page->blob)};
    arm(journal);
}

void journal_retry(struct journal *journal, const char *source, const char *path)
{
    if (!journal->ledger)
        return;
    struct entry *entry = batch_add(&journal->waiting, source);
    entry->retry = true;
    entry->retry_path = path ? xstrdup(path) : NULL;
    arm(journal);
}

void journal_purge(struct journal *journal, const char *source)
{
    if (!journal->ledger)
        return;
    batch_add(&journal->waiting, source)->purge = true;
    arm(journal);
}

void journal_event(struct journal *journal, const char *source, const char *type, json_t *data)
{
    if (journal->ledger) {
        struct entry *entry = batch_add(&journal->waiting, source);
        entry->type = type;
        entry->json = json_dumps(data, JSON_COMPACT);
        if (!entry->json)
            entry->json = xstrdup("{}");
        arm(journal);
    }
    json_decref(data);
}

void journal_count(struct journal *journal, const char *name, const char *label, int64_t by)
{
    if (!journal->ledger || by <= 0)
        return;
    struct entry *entry = batch_add(&journal->waiting, "");
    entry->type = name;
    entry->json = xstrdup(label);
    entry->count = by;
    arm(journal);
}

void journal_on_written(struct journal *journal, void (*handle)(void *owner, bool ok), void *owner)
{
    journal->written = handle;
    journal->owner = owner;
}

bool journal_is_busy(const struct journal *journal)
{
    return journal->writing || journal->waiting.count > 0;
}

void journal_stop(struct journal *journal)
{
    journal->stopped = true;
    uv_close((uv_handle_t *)&journal->timer, NULL);
}

void journal_finish(struct journal *journal, const struct invocation *invocation)
{
    if (journal->ledger) {
        batch_clear(&journal->batch);
        swap_batches(journal);
        write_or_warn(journal, invocation);
    }
}

void journal_close(struct journal *journal)
{
    ledger_close(&journal->ledger);
    batch_release(&journal->batch);
    batch_release(&journal->waiting);
    free(journal);
}
