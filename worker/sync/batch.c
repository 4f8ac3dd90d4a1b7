/* How much goes into one transaction: what a stop can wait for. */
#include "worker/sync/batch.h"

#include "common/clock.h"
#include "worker/sync/stop.h"
#include "worker/sync/store_index.h"
#include "worker/sync/sync.h"

/* A transaction ends after this many pages or bytes, or when its time is up: see has_time. Larger
 * ones save little; smaller ones make more segments of the index, which then have to merge. */
enum { BATCH_PAGES_NORMAL = 5120, BATCH_PAGES_LOW = 256 };
enum { BATCH_BYTES_NORMAL = 40 * 1024 * 1024, BATCH_BYTES_LOW = 2 * 1024 * 1024 };
/* A commit writes the index that its batch gathered, and a stop that comes just before it must
 * still see it end: so it may take half of the grace. How long it takes is learned from the ones
 * before, as a share of the time that gathering took. What the first one is taken to need was
 * measured: a third of it where all is new. Where the index waits (store_index.h) it is up to 2.5
 * times as much, and that is not learned from those before: they may have renamed only. */
enum { COMMIT_GRACE_SHARE = 2, BATCH_MIN_MS = 20 };
static const double first_commit_share = 0.4;
static const double commit_share_waiting = 2.5;
static const double least_commit_share = 0.1;

void batch_init(struct batch *b, struct sync *sync, int64_t total, bool waiting)
{
    *b = (struct batch){
        .sync = sync,
        .low = sync->source->memory == MEMORY_LOW,
        .total = total,
        .commit_ms = sync->job->grace_ms / COMMIT_GRACE_SHARE,
        .commit_share = waiting ? commit_share_waiting : first_commit_share,
        .least_share = waiting ? commit_share_waiting : least_commit_share,
    };
}

/* May the batch go on, or would its commit come to take too long? */
static bool has_time(const struct batch *b)
{
    int64_t gathered_ms = clock_monotonic_ms() - b->started_ms;
    return gathered_ms < BATCH_MIN_MS ||
           (double)gathered_ms * b->commit_share < (double)b->commit_ms;
}

static bool commit(struct batch *b, struct error *e)
{
    int64_t started_ms = clock_monotonic_ms();
    int64_t gathered_ms = started_ms - b->started_ms;
    b->pages = 0;
    if (!sync_commit(b->sync, e))
        return false;
    int64_t took_ms = clock_monotonic_ms() - started_ms;
    if (gathered_ms >= BATCH_MIN_MS) {
        double share = (double)took_ms / (double)gathered_ms;
        b->commit_share = share > b->least_share ? share : b->least_share;
    }
    return true;
}

bool batch_end(struct batch *b, int64_t bytes, struct error *e)
{
    struct sync *s = b->sync;
    b->pages++;
    b->bytes += bytes;
    if (!sync_progress(s, s->done + 1, b->total, e))
        return false;
    if (b->pages < (b->low ? BATCH_PAGES_LOW : BATCH_PAGES_NORMAL) &&
        b->bytes < (b->low ? BATCH_BYTES_LOW : BATCH_BYTES_NORMAL) && !stop_requested() &&
        has_time(b))
        return true;
    return commit(b, e);
}

bool batch_begin(struct batch *b, struct error *e)
{
    struct sync *s = b->sync;
    if (store_in_transaction(s->store))
        return true;
    b->pages = 0;
    b->bytes = 0;
    b->started_ms = clock_monotonic_ms();
    return sync_begin(s, e) && store_bulk(s->store, e);
}
