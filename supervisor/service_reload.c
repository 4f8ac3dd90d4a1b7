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

/* Everything but what the entry itself says. */
static void take_over(struct run *run, struct task *old, struct task *task)
{
    struct task entry = *task;
    *task = *old;
    task->source = entry.source;
    task->shown = entry.shown;
    task->selected = entry.selected;
    task->limits = entry.limits;
    task->order.position = entry.order.position;
    old->view_error = NULL;
    old->item = (struct page_name){0};
    old->blamed = (struct blamed_pages){0};
    old->news = NULL;
    handover_move(&run->handovers, old, task);
}

static void drop(struct run *run, struct task *old)
{
    handover_refuse(&run->handovers, old, "the source was removed");
    news_close(old->news);
    old->news = NULL;
}

/* Who waited for a slot still does. */
static void rebuild_queue(struct run *run)
{
    run->queue = xrealloc(run->queue, (run->list.count + 1) * sizeof *run->queue);
    run->queue_next = run->queue_count = 0;
    for (size_t i = 0; i < run->list.count; i++)
        if (run->list.tasks[i].queued)
            run->queue[run->queue_count++] = &run->list.tasks[i];
}

static void replace(struct run *run, struct config *config, struct task_list *list)
{
    for (size_t i = 0; i < list->count; i++) {
        struct task *task = &list->tasks[i];
        struct task *old = task_find(&run->list, task->source->id);
        if (old)
            take_over(run, old, task);
        task->run = run;
        service_make_due(run, task);
    }
    for (size_t i = 0; i < run->list.count; i++)
        if (!task_find(list, run->list.tasks[i].source->id))
            drop(run, &run->list.tasks[i]);
    task_list_release(&run->list);
    config_release(&run->config);
    run->list = *list;
    run->config = *config;
    rebuild_queue(run);
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
    log_line(LOG_INFO, NULL, "config", "%s was read again: %zu sources", HOME_SOURCES_JSON,
             run->list.count);
}
