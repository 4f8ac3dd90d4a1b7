/* Reading sources.json again: what is known of a source goes over to its new entry. */
#include "supervisor/service_reload.h"

#include <stdlib.h>
#include <string.h>

#include "common/cleanup.h"
#include "common/log.h"
#include "common/text.h"
#include "supervisor/news.h"
#include "supervisor/run.h"

static bool read_all(const struct run *run, struct config *config, struct task_list *list,
                     struct error *e)
{
    CLEANUP(free_text) char *path = home_path(&run->home, HOME_SOURCES_JSON);
    return config_read(path, config, NULL, e) &&
           task_list_make(config, run->options, NULL, list, e);
}

static bool same_text(const char *a, const char *b)
{
    return a == b || (a && b && strcmp(a, b) == 0);
}

static bool same_list(char *const *a, char *const *b)
{
    for (; a && b && *a && *b; a++, b++)
        if (strcmp(*a, *b) != 0)
            return false;
    return (!a || !*a) && (!b || !*b);
}

static bool same_json(const json_t *a, const json_t *b)
{
    return a == b || (a && b && json_equal(a, b));
}

/* Would a run give the same, at the same times? Its other limits matter only once it runs. */
static bool same_entry(const struct source_config *a, const struct source_config *b)
{
    return a->enabled == b->enabled && a->every_ms == b->every_ms &&
           a->max_page_bytes == b->max_page_bytes && same_text(a->kind, b->kind) &&
           same_text(a->url, b->url) && same_text(a->branch, b->branch) &&
           same_text(a->path, b->path) && same_text(a->format, b->format) &&
           same_text(a->token_file, b->token_file) && same_text(a->token_env, b->token_env) &&
           same_text(a->header_file, b->header_file) && same_json(a->map, b->map) &&
           same_list(a->include, b->include) && same_list(a->exclude, b->exclude);
}

static bool same_content(const struct source_config *a, const struct source_config *b)
{
    struct source_config c = *a;
    c.enabled = b->enabled;
    c.every_ms = b->every_ms;
    return same_entry(&c, b);
}

/* All that is known goes to `task`, which follows `old` at another address. What `old` is called by
 * stays its own: it is looked for by that until all have moved. */
static void move(struct run *run, struct task *old, struct task *task)
{
    *task = *old;
    if (task->child)
        child_move(task->child, task);
    handover_move(&run->handovers, old, task);
    task->entry = (struct config){0};
    old->view_error = NULL;
    old->item = (struct page_name){0};
    old->blamed = (struct blamed_pages){0};
    old->news = NULL;
    old->child = NULL;
}

/* Everything but what the entry itself says. */
static void take_over(struct run *run, struct task *old, struct task *task)
{
    struct task entry = *task;
    const struct source_config *before = old->source;
    bool was_gone = old->gone;
    move(run, old, task);
    task->source = entry.source;
    task->shown = entry.shown;
    task->selected = entry.selected;
    task->limits = entry.limits;
    task->order.position = entry.order.position;
    task->gone = false;
    task->queued = task->queued && (task->source->enabled || handover_of(&run->handovers, task));
    if (!was_gone && same_entry(before, task->source))
        return;
    service_make_due(run, task);
    /* What it is synced from or by has changed: what it holds is no longer what is wanted. Of one
     * that runs and was away nobody watched the files meanwhile. */
    if (task->source->enabled &&
        ((was_gone && task->child) || !same_content(before, task->source))) {
        task->due_ms = (int64_t)uv_now(&run->loop);
        task->kicked = task->child != NULL;
    }
}

/* Its entry, out of the configuration that goes: the task must outlive that. */
static void keep_entry(struct run *run, struct task *task)
{
    if (task->entry.count)
        return;
    struct source_config *entry = &run->config.sources[task->source - run->config.sources];
    task->entry = (struct config){.sources = xmalloc(sizeof *entry), .count = 1};
    task->entry.sources[0] = *entry;
    *entry = (struct source_config){0};
    task->entry.sources[0].enabled = false;
    task->source = &task->entry.sources[0];
    task->gone = true;
    task->shown = task->selected = task->queued = task->kicked = false;
    news_close(task->news);
    task->news = NULL;
}

/* Those that are no longer configured stay, out of sight: what runs goes on to its end, and one
 * that comes back is known, its backoff with it. Only of what was purged nothing is left. */
static void keep_removed(struct run *run, const struct config *config, struct task_list *list)
{
    for (size_t i = 0; i < run->list.count; i++) {
        struct task *old = &run->list.tasks[i];
        if (config_find(config, old->source->id))
            continue;
        if (!old->child)
            handover_refuse(&run->handovers, old, TASK_GONE_TEXT);
        if (old->gone && !old->entry.count) {
            news_close(old->news);
            old->news = NULL;
            continue;
        }
        struct task *task = &list->tasks[list->count++];
        keep_entry(run, old);
        move(run, old, task);
        task->entry = old->entry;
        old->entry = (struct config){0};
    }
}

static void replace(struct run *run, struct config *config, struct task_list *list)
{
    list->tasks = xrealloc(list->tasks, (list->count + run->list.count + 1) * sizeof *list->tasks);
    for (size_t i = 0; i < list->count; i++) {
        struct task *task = &list->tasks[i];
        struct task *old = task_find_any(&run->list, task->source->id);
        task->run = run;
        if (old)
            take_over(run, old, task);
        else
            service_make_due(run, task);
    }
    keep_removed(run, config, list);
    task_list_release(&run->list);
    config_release(&run->config);
    run->list = *list;
    run->config = *config;
    wave_queue_again(run);
}

static bool runs_removed(const struct task_list *list)
{
    for (size_t i = 0; i < list->count; i++)
        if (list->tasks[i].gone && list->tasks[i].child)
            return true;
    return false;
}

void service_reload(struct run *run)
{
    struct config config = {0};
    struct task_list list = {0};
    struct error e = {0};
    if (!read_all(run, &config, &list, &e)) {
        log_line(LOG_ERROR, NULL, "config", "%s; the one before stays in force", e.text);
        config_release(&config);
        return;
    }
    replace(run, &config, &list);
    log_line(LOG_INFO, NULL, "config", "%s was read again: %zu source%s%s", HOME_SOURCES_JSON,
             run->config.count, run->config.count == 1 ? "" : "s",
             runs_removed(&run->list) ? "; what was removed and runs goes on to its end" : "");
}
