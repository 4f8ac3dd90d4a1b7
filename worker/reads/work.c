/* The pool of readers. */
#include "worker/reads/work.h"

#include <stdlib.h>

#include "common/text.h"
#include "worker/reads/limits.h"

struct work_pool {
    uv_loop_t *loop;         /* borrowed */
    const struct home *home; /* borrowed */
    int64_t timeout_ms;
    uint64_t turned_away;
    size_t count;        /* under way; the loop's, as the next three */
    size_t running;      /* of them: libuv has them */
    struct work *oldest; /* the others */
    struct work *newest;
    uv_mutex_t lock; /* of the rest */
    bool stopped;
    struct reader *readers[WORK_READERS_MAX]; /* owned; all that were opened */
    size_t reader_count;
    struct reader *idle[WORK_READERS_MAX]; /* a stack: the one used last is warm */
    size_t idle_count;
};

struct work_pool *work_pool_new(uv_loop_t *loop, const struct home *home, int64_t timeout_ms)
{
    struct work_pool *pool = xcalloc(1, sizeof *pool);
    pool->loop = loop;
    pool->home = home;
    pool->timeout_ms = timeout_ms;
    uv_mutex_init(&pool->lock);
    return pool;
}

void work_pool_free(struct work_pool **pool)
{
    if (!*pool)
        return;
    for (size_t i = 0; i < (*pool)->reader_count; i++)
        reader_free(&(*pool)->readers[i]);
    uv_mutex_destroy(&(*pool)->lock);
    free(*pool);
    *pool = NULL;
}

/* No more run than there are readers, so one is idle or may be opened. */
static bool take_reader(struct work_pool *pool, struct reader **reader, struct error *e)
{
    struct reader_limits limits = {
        .stores_max = WORK_STORES_MAX, .words_kib = WORK_WORDS_KIB, .kept_kib = WORK_KEPT_KIB};
    uv_mutex_lock(&pool->lock);
    *reader = pool->idle_count > 0 ? pool->idle[--pool->idle_count] : NULL;
    uv_mutex_unlock(&pool->lock);
    if (*reader)
        return true;
    if (!reader_open(pool->home, &limits, reader, e))
        return false;
    uv_mutex_lock(&pool->lock);
    pool->readers[pool->reader_count++] = *reader;
    if (pool->stopped)
        reader_stop(*reader);
    uv_mutex_unlock(&pool->lock);
    return true;
}

static void run(uv_work_t *request)
{
    struct work *work = request->data;
    struct work_pool *pool = work->pool;
    struct reader *reader = NULL;
    struct error e = {0};
    int64_t waited_ms = (int64_t)((uv_hrtime() - work->queued_ns) / 1000000);
    bool late = pool->timeout_ms > 0 && waited_ms >= pool->timeout_ms;
    if (late)
        error_set(&e, CAUSE_DEADLINE, "not begun within %lld ms: too many queries at a time",
                  (long long)pool->timeout_ms);
    if (late || !take_reader(pool, &reader, &e)) {
        work->failed(work, &e);
        return;
    }
    work->run(work, reader);
    uv_mutex_lock(&pool->lock);
    pool->idle[pool->idle_count++] = reader;
    uv_mutex_unlock(&pool->lock);
}

static void start_next(struct work_pool *pool);

static void done(uv_work_t *request, int status)
{
    struct work *work = request->data;
    struct work_pool *pool = work->pool;
    (void)status; /* nothing is cancelled */
    pool->count--;
    pool->running--;
    start_next(pool);
    work->done(work);
}

/* Not all of libuv's threads: one is left for what must not wait for queries. */
static void start_next(struct work_pool *pool)
{
    while (pool->oldest && pool->running < WORK_READERS_MAX) {
        struct work *work = pool->oldest;
        pool->oldest = work->next;
        pool->running++;
        uv_queue_work(pool->loop, &work->request, run, done);
    }
}

static void refuse(struct work *work, const char *why)
{
    struct error e = {0};
    error_set(&e, CAUSE_DEADLINE, "%s", why);
    work->failed(work, &e);
    work->done(work);
}

static const char why_stopped[] = "the service is being stopped; ask again when it runs";

void work_start(struct work_pool *pool, struct work *work)
{
    work->pool = pool;
    if (pool->stopped) {
        refuse(work, why_stopped);
        return;
    }
    if (pool->count >= WORK_QUEUE_MAX) {
        pool->turned_away++;
        refuse(work, "too many queries wait already; ask again in a second");
        return;
    }
    work->request.data = work;
    work->next = NULL;
    work->queued_ns = uv_hrtime();
    if (pool->oldest)
        pool->newest->next = work;
    else
        pool->oldest = work;
    pool->newest = work;
    pool->count++;
    start_next(pool);
}

size_t work_count(const struct work_pool *pool)
{
    return pool->count;
}

uint64_t work_turned_away(const struct work_pool *pool)
{
    return pool->turned_away;
}

int64_t work_timeout_ms(const struct work_pool *pool)
{
    return pool->timeout_ms;
}

void work_pool_stop(struct work_pool *pool)
{
    uv_mutex_lock(&pool->lock);
    pool->stopped = true;
    for (size_t i = 0; i < pool->reader_count; i++)
        reader_stop(pool->readers[i]);
    uv_mutex_unlock(&pool->lock);
    for (struct work *work = pool->oldest, *next; work; work = next) {
        next = work->next;
        pool->count--;
        refuse(work, why_stopped);
    }
    pool->oldest = NULL;
}
