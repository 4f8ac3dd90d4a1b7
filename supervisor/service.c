/* Due times, file-system notice, signals and systemd. */
#include "supervisor/service.h"

#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "common/cleanup.h"
#include "common/clock.h"
#include "common/log.h"
#include "common/notify.h"
#include "common/text.h"
#include "common/url.h"
#include "supervisor/backoff.h"
#include "supervisor/due.h"
#include "supervisor/help.h"
#include "supervisor/limits.h"
#include "supervisor/news.h"
#include "supervisor/run.h"
#include "supervisor/service_metrics.h"
#include "supervisor/service_reload.h"

struct service {
    struct run *run;
    uv_timer_t tick;     /* the next due time */
    uv_timer_t reload;   /* an edit comes in several notices */
    uv_timer_t watchdog; /* systemd's */
    uv_signal_t kick;    /* SIGUSR1 */
    struct news *config; /* owned; of sources.json */
    struct service_metrics metrics;
    int64_t swept_ms;   /* when the last sweep ended; on uv_now()'s clock */
    int64_t sweep_ms;   /* how long it took */
    bool reload_wanted; /* once the sweep is over */
    bool ran;           /* since the last sweep */
    bool ready;
    bool ended;
};

static int64_t now(const struct run *run)
{
    return (int64_t)uv_now(&run->loop);
}

static uint32_t random_number(void)
{
    uint32_t number = 0;
    return getrandom(&number, sizeof number, 0) == (ssize_t)sizeof number ? number : 0;
}

/* What backoff still asks for. */
static int64_t backoff_wait_s(const struct task *task)
{
    int64_t now_s = clock_unix_s();
    return task_in_backoff(task, now_s) ? task->history.next_attempt_at - now_s : 0;
}

static struct due due_of(const struct run *run, const struct task *task)
{
    return (struct due){.every_ms = task->source->every_ms,
                        .now_ms = now(run),
                        .started_ms = task->started_ms,
                        .wait_s = backoff_wait_s(task),
                        .again = task->again &&
                                 schedule_verdict(&task->history.last.result) == VERDICT_PARTIAL,
                        .random = random_number()};
}

/* Is there something in the file system to watch? Which, a worker tells. */
static bool is_local(const struct source_config *source)
{
    struct git_url url = {0};
    struct error ignored = {0};
    if (source->path || strcmp(source->kind, "inbox") == 0)
        return true;
    bool local = source->url && git_url_parse(source->url, getenv("HOME"), &url, &ignored) &&
                 url.kind == URL_PATH;
    git_url_release(&url);
    return local;
}

/* What moved while nobody watched shows in a run, and only a run says what to watch. */
void service_make_due(const struct run *run, struct task *task)
{
    struct due due = due_of(run, task);
    int64_t last_s = is_local(task->source) ? 0 : task->history.last_attempt_at;
    task->due_ms = due_at_start(&due, last_s ? clock_unix_s() - last_s : -1);
}

static bool waits(const struct task *task)
{
    return task->source->enabled && !task->queued && !task->child && !task->gone &&
           !chores_purge(task->run, task->source->id);
}

static void ticked(uv_timer_t *timer);

/* One timer for all sources: none is looked at before its time. */
static void arm(struct service *service)
{
    struct run *run = service->run;
    int64_t next = INT64_MAX;
    for (size_t i = 0; i < run->list.count; i++) {
        const struct task *task = &run->list.tasks[i];
        if (waits(task) && task->due_ms < next)
            next = task->due_ms;
    }
    if (next == INT64_MAX || run->stop_signal || service->ended)
        uv_timer_stop(&service->tick);
    else
        uv_timer_start(&service->tick, ticked, next > now(run) ? (uint64_t)(next - now(run)) : 0,
                       0);
}

static void ticked(uv_timer_t *timer)
{
    struct service *service = timer->data;
    struct run *run = service->run;
    for (size_t i = 0; i < run->list.count; i++)
        if (waits(&run->list.tasks[i]) && run->list.tasks[i].due_ms <= now(run))
            wave_enqueue(run, &run->list.tasks[i]);
    wave_go(run);
    arm(service);
}

/* After the first sweep, and whenever all that ran has ended. */
void service_idle(struct run *run)
{
    struct service *service = run->service;
    if (run->stop_signal) {
        if (!service->ended)
            run_end(run);
        return;
    }
    if (wave_pending(run)) {
        wave_go(run);
        return;
    }
    if (service->ran) {
        service->ran = false;
        wave_start(run); /* sweeps, and comes back here */
        return;
    }
    if (!service->ready) {
        notify_send("READY=1");
        log_line(LOG_INFO, NULL, "serve", "ready: %zu source%s", run->list.count,
                 run->list.count == 1 ? "" : "s");
    }
    service->ready = true;
    service_metrics_round(&service->metrics);
    arm(service);
}

void service_started(struct run *run)
{
    service_metrics_started(&run->service->metrics);
}

bool service_sweep_is_due(const struct run *run)
{
    const struct service *service = run->service;
    int64_t rest_ms = service->sweep_ms * SWEEP_SHARE;
    return now(run) - service->swept_ms >= (rest_ms > SWEEP_EVERY_MS ? rest_ms : SWEEP_EVERY_MS);
}

/* The sweep holds tasks by their address, so what reloads waits for its end: some milliseconds. */
static void reload(struct service *service)
{
    struct run *run = service->run;
    if (run->stop_signal || run->sweeping)
        return;
    service->reload_wanted = false;
    service_reload(run);
    arm(service);
}

void service_swept(struct run *run, int64_t took_ms)
{
    run->service->swept_ms = now(run);
    run->service->sweep_ms = took_ms;
    run->service->ran = false;
    service_metrics_round(&run->service->metrics);
    if (run->running > 0)
        service_metrics_started(&run->service->metrics);
    if (run->service->reload_wanted)
        reload(run->service);
}

void service_ended(struct run *run, struct task *task)
{
    struct due due = due_of(run, task);
    run->service->ran = true;
    task->backoff_before = (struct backoff){.failures = task->history.failures,
                                            .next_at = task->history.next_attempt_at};
    task->tried_once_more = false;
    task->due_ms = due_after(&due);
    service_metrics_ended(&run->service->metrics);
    arm(run->service);
}

/* A burst of notices is one run: the first one sets the time. */
static void source_news(void *owner, const char *id)
{
    struct run *run = owner;
    struct task *task = task_find(&run->list, id);
    if (!task || !task->source->enabled)
        return;
    if (task->child)
        task->kicked = true;
    else if (task->due_ms > now(run) + NEWS_DELAY_MS)
        task->due_ms = now(run) + NEWS_DELAY_MS;
    arm(run->service);
}

void service_watch(struct run *run, struct task *task, const struct watch_list *list)
{
    if (task->gone)
        return;
    if (!task->news)
        task->news = news_new(&run->loop, task->source->id, source_news, run);
    news_watch(task->news, list);
}

static void reload_due(uv_timer_t *timer)
{
    struct service *service = timer->data;
    service->reload_wanted = true;
    reload(service);
    wave_go(service->run);
}

void service_reload_soon(struct run *run)
{
    uv_timer_start(&run->service->reload, reload_due, NEWS_DELAY_MS, 0);
}

static void config_news(void *owner, const char *id)
{
    (void)id;
    service_reload_soon(owner);
}

/* The file itself, and what a symbolic link in its place leads to. */
static void watch_config(struct service *service)
{
    CLEANUP(free_text) char *path = home_path(&service->run->home, HOME_SOURCES_JSON);
    char real[PATH_MAX];
    char *paths[] = {path, real};
    bool linked = realpath(path, real) && strcmp(path, real) != 0;
    struct watch_list list = {.paths = paths, .count = linked ? 2 : 1};
    service->config = news_new(&service->run->loop, "", config_news, service->run);
    news_watch(service->config, &list);
}

static void kicked(uv_signal_t *handle, int number)
{
    struct service *service = handle->data;
    struct run *run = service->run;
    (void)number;
    for (size_t i = 0; i < run->list.count; i++)
        if (run->list.tasks[i].source->enabled)
            wave_kick(run, &run->list.tasks[i]);
}

static void watchdog(uv_timer_t *timer)
{
    (void)timer;
    notify_send("WATCHDOG=1");
}

void service_open(struct run *run)
{
    struct service *service = xcalloc(1, sizeof *service);
    uv_timer_t *const timers[] = {&service->tick, &service->reload, &service->watchdog};
    uint64_t every_ms = (uint64_t)notify_watchdog_ms();
    service->run = run;
    run->service = service;
    service_metrics_open(&service->metrics, run);
    for (size_t i = 0; i < sizeof timers / sizeof *timers; i++) {
        uv_timer_init(&run->loop, timers[i]);
        timers[i]->data = service;
    }
    uv_signal_init(&run->loop, &service->kick);
    service->kick.data = service;
    uv_signal_start(&service->kick, kicked, SIGUSR1);
    if (every_ms)
        uv_timer_start(&service->watchdog, watchdog, every_ms, every_ms);
    watch_config(service);
    for (size_t i = 0; i < run->list.count; i++)
        service_make_due(run, &run->list.tasks[i]);
}

void service_stopping(struct run *run)
{
    notify_send("STOPPING=1");
    uv_timer_stop(&run->service->tick);
}

void service_close(struct run *run)
{
    struct service *service = run->service;
    service->ended = true;
    service_metrics_close(&service->metrics);
    for (size_t i = 0; i < run->list.count; i++) {
        news_close(run->list.tasks[i].news);
        run->list.tasks[i].news = NULL;
    }
    news_close(service->config);
    uv_close((uv_handle_t *)&service->tick, NULL);
    uv_close((uv_handle_t *)&service->reload, NULL);
    uv_close((uv_handle_t *)&service->watchdog, NULL);
    uv_close((uv_handle_t *)&service->kick, NULL);
}

static const char serve_help[] =
    "usage: lattice-supervise serve [OPTION]...\n"
    "\n"
    "Stays, and syncs each source every so often (`every` in sources.json, 15m), at once when a\n"
    "local repository's head moves, on `lattice-supervise kick` and on SIGUSR1. Reads\n"
    "sources.json again when it changes, and on SIGHUP. SIGTERM stops all workers softly.\n"
    "Speaks to systemd: Type=notify, WatchdogSec=.\n"
    "\n"
    "  --jobs N, --timeout D, --grace D, --stall D, --wait D, --home DIR  as for a run\n"
    "  --help  this text\n";

int command_serve(int argc, char **argv)
{
    char **words = xcalloc((size_t)argc + 2, sizeof *words);
    char all[] = "--all";
    int code;
    memcpy(words, argv, (size_t)argc * sizeof *words);
    words[argc] = all;
    bool help = argc > 1 && strcmp(argv[1], "--help") == 0;
    code = help ? help_print(serve_help) : run_as(argc + 1, words, true);
    free(words);
    return code;
}
