/* The loop copies what is known, the pool writes it: no timer is armed while nothing happens. */
#include "supervisor/service_metrics.h"

#include <stdlib.h>

#include "common/clock.h"
#include "common/ledger_history.h"
#include "common/log.h"
#include "common/text.h"
#include "supervisor/holder.h"
#include "supervisor/limits.h"

static int64_t now(const struct service_metrics *m)
{
    return (int64_t)uv_now(&m->run->loop);
}

/* Plain memory: what the pool reads must not change while a worker ends or sources.json does. */
static void copy_sources(struct service_metrics *m)
{
    const struct task_list *list = &m->run->list;
    size_t count = 0;
    m->statuses = xcalloc(list->count + 1, sizeof *m->statuses);
    m->sources = xcalloc(list->count + 1, sizeof *m->sources);
    for (size_t i = 0; i < list->count; i++) {
        const struct task *task = &list->tasks[i];
        if (!task->shown)
            continue;
        task_status_now(task, &m->statuses[count]);
        m->sources[count] = (struct metrics_source){
            .status = &m->statuses[count], .last_attempt_at = task->history.last_attempt_at};
        count++;
    }
    m->written = m->round;
    m->written.sources = m->sources;
    m->written.count = count;
}

static void write_work(uv_work_t *work)
{
    struct service_metrics *m = work->data;
    struct error e = {0};
    if (metrics_write(&m->run->home, NULL, &m->written, &e) || m->warned)
        return;
    log_line(LOG_WARN, NULL, "metrics", "%s", e.text);
    m->warned = true;
}

static void arm(struct service_metrics *m);

static void wrote(uv_work_t *work, int status)
{
    struct service_metrics *m = work->data;
    (void)status;
    m->writing = false;
    free(m->statuses);
    free(m->sources);
    m->statuses = NULL;
    m->sources = NULL;
    arm(m);
}

static void due(uv_timer_t *timer)
{
    struct service_metrics *m = timer->data;
    struct run *run = m->run;
    journal_count(run->journal, COUNTER_OVERLAP, "", holder_take_overlaps(run->lock));
    /* The counters are read from the ledger: what has ended must be in it. */
    if (journal_is_busy(run->journal)) {
        uv_timer_start(timer, due, JOURNAL_DELAY_MS, 0);
        return;
    }
    m->wanted = false;
    m->made_ms = now(m);
    m->round.loop_lag_ms = loop_lag_take_ms(&run->lag);
    copy_sources(m);
    m->writing = uv_queue_work(&run->loop, &m->work, write_work, wrote) == 0;
}

/* Within a round seldom, at its end soon. */
static void arm(struct service_metrics *m)
{
    if (m->closed || m->writing || !m->wanted)
        return;
    int64_t due_ms = m->made_ms + (m->in_round ? METRICS_EVERY_MS : METRICS_ROUND_MS);
    int64_t wait_ms = due_ms - now(m);
    uv_timer_start(&m->timer, due,
                   (uint64_t)(wait_ms > JOURNAL_DELAY_MS ? wait_ms : JOURNAL_DELAY_MS), 0);
}

void service_metrics_open(struct service_metrics *m, struct run *run)
{
    *m = (struct service_metrics){.run = run, .made_ms = -METRICS_EVERY_MS};
    uv_timer_init(&run->loop, &m->timer);
    m->timer.data = m->work.data = m;
}

void service_metrics_close(struct service_metrics *m)
{
    m->closed = true;
    uv_close((uv_handle_t *)&m->timer, NULL);
}

void service_metrics_started(struct service_metrics *m)
{
    if (!m->in_round)
        m->started_ms = now(m);
    m->in_round = true;
}

void service_metrics_ended(struct service_metrics *m)
{
    bool first = !m->wanted;
    m->wanted = true;
    if (first)
        arm(m);
}

void service_metrics_round(struct service_metrics *m)
{
    if (!m->in_round)
        return;
    m->in_round = false;
    m->round.ended_at = clock_unix_s();
    m->round.duration_ms = now(m) - m->started_ms;
    m->wanted = true;
    arm(m);
}
