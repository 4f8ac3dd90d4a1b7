/* What a listing of logs differs by from what the store has read: a merge of both by path. */
#include "worker/sync/log_import_plan.h"

#include <stdlib.h>
#include <string.h>

#include "common/text.h"

struct merge {
    struct log_plan *plan;
    const struct log_tree *tree;
    size_t at; /* in the tree */
    int64_t epoch;
    size_t todo_room;
    size_t gone_room;
};

static void add_todo(struct merge *m, const struct log_entry *entry, bool known, int64_t bytes)
{
    struct log_plan *p = m->plan;
    if (p->count == m->todo_room) {
        m->todo_room = m->todo_room ? m->todo_room * 2 : 64;
        p->todo = xrealloc(p->todo, m->todo_room * sizeof *p->todo);
    }
    p->todo[p->count++] = (struct log_todo){entry, known};
    p->adds += !known;
    p->bytes += bytes > 0 ? bytes : entry->stat.size;
}

static void add_gone(struct merge *m, const struct log_file_head *head)
{
    struct log_plan *p = m->plan;
    if (p->gone_count == m->gone_room) {
        m->gone_room = m->gone_room ? m->gone_room * 2 : 64;
        p->gone = xrealloc(p->gone, m->gone_room * sizeof *p->gone);
    }
    p->gone[p->gone_count++] = (struct log_gone){.id = head->id,
                                                 .page = head->page,
                                                 .path = xstrdup(head->path),
                                                 .inode = head->stat.inode,
                                                 .offset = head->offset};
}

/* Files of the listing up to `path` (NULL: all) that the store does not know. An empty one says
 * nothing: it is as if it were not there. */
static void pass_new(struct merge *m, const char *path)
{
    for (; m->at < m->tree->count; m->at++) {
        const struct log_entry *entry = &m->tree->entries[m->at];
        if (path && strcmp(entry->path, path) >= 0)
            return;
        if (entry->stat.size > 0)
            add_todo(m, entry, false, entry->stat.size);
    }
}

static bool on_row(void *context, const struct log_file_head *head, struct error *e)
{
    struct merge *m = context;
    (void)e;
    pass_new(m, head->path);
    const struct log_entry *entry = m->at < m->tree->count ? &m->tree->entries[m->at] : NULL;
    bool same = entry && strcmp(entry->path, head->path) == 0;
    m->at += same;
    m->plan->unfinished |= head->stat.size < 0;
    if (!same || entry->stat.size == 0)
        add_gone(m, head);
    else if (head->epoch != m->epoch || memcmp(&head->stat, &entry->stat, sizeof entry->stat) != 0)
        add_todo(m, entry, true, entry->stat.size - head->offset);
    return true;
}

static int newest_first(const void *a, const void *b)
{
    const struct log_entry *x = ((const struct log_todo *)a)->entry;
    const struct log_entry *y = ((const struct log_todo *)b)->entry;
    if (x->stat.mtime_ns != y->stat.mtime_ns)
        return x->stat.mtime_ns < y->stat.mtime_ns ? 1 : -1;
    return strcmp(x->path, y->path);
}

static int by_inode(const void *a, const void *b)
{
    const struct log_gone *x = a;
    const struct log_gone *y = b;
    return (x->inode > y->inode) - (x->inode < y->inode);
}

static int by_page(const void *a, const void *b)
{
    const struct log_gone *x = a;
    const struct log_gone *y = b;
    return (x->page > y->page) - (x->page < y->page);
}

/* A file that went from one name and came under another keeps what it gave. Not where a session has
 * several: their order is that of the names. */
static bool pair_moves(struct log_plan *p, struct store *store, struct error *e)
{
    if (!p->gone_count || !p->adds)
        return true;
    qsort(p->gone, p->gone_count, sizeof *p->gone, by_inode);
    p->moves = xcalloc(p->count, sizeof *p->moves);
    for (size_t i = 0; i < p->count; i++) {
        struct log_todo *todo = &p->todo[i];
        const struct log_gone key = {.inode = todo->entry->stat.inode};
        struct log_gone *gone =
            todo->known ? NULL : bsearch(&key, p->gone, p->gone_count, sizeof key, by_inode);
        int64_t files = 0;
        if (!gone || !gone->id || gone->offset > todo->entry->stat.size)
            continue;
        if (gone->page && !store_log_count(store, gone->page, &files, e))
            return false;
        if (files > 1)
            continue;
        p->moves[p->move_count++] = (struct log_move){gone->id, todo->entry->path};
        todo->known = true;
        p->adds--;
        gone->id = 0;
    }
    return true;
}

/* Those that were moved leave the list of what is gone. */
static void drop_moved(struct log_plan *p)
{
    size_t kept = 0;
    for (size_t i = 0; i < p->gone_count; i++)
        if (p->gone[i].id)
            p->gone[kept++] = p->gone[i];
        else
            free(p->gone[i].path);
    p->gone_count = kept;
}

static bool count_pages(struct log_plan *p, struct store *store, struct error *e)
{
    if (p->gone_count)
        qsort(p->gone, p->gone_count, sizeof *p->gone, by_page);
    for (size_t i = 0; i < p->gone_count;) {
        int64_t page = p->gone[i].page;
        int64_t files = 0;
        int64_t gone = 0;
        for (; i < p->gone_count && p->gone[i].page == page; i++)
            gone++;
        if (page && !store_log_count(store, page, &files, e))
            return false;
        p->pages_gone += page && files == gone;
    }
    return true;
}

bool log_plan_make(struct log_plan *plan, struct store *store, const struct log_tree *tree,
                   int64_t epoch, struct error *e)
{
    struct merge m = {.plan = plan, .tree = tree, .epoch = epoch};
    if (!store_log_each(store, 0, on_row, &m, e))
        return false;
    pass_new(&m, NULL);
    if (plan->count)
        qsort(plan->todo, plan->count, sizeof *plan->todo, newest_first);
    if (!pair_moves(plan, store, e))
        return false;
    drop_moved(plan);
    return count_pages(plan, store, e);
}

void log_plan_release(struct log_plan *plan)
{
    for (size_t i = 0; i < plan->gone_count; i++)
        free(plan->gone[i].path);
    free(plan->todo);
    free(plan->gone);
    free(plan->moves);
    *plan = (struct log_plan){0};
}

static bool on_path(void *context, const struct log_file_head *head, struct error *e)
{
    struct log_paths *paths = context;
    (void)e;
    paths->paths = xrealloc(paths->paths, (paths->count + 1) * sizeof *paths->paths);
    paths->paths[paths->count++] = xstrdup(head->path);
    return true;
}

bool log_paths_of_page(struct store *store, int64_t page, struct log_paths *paths, struct error *e)
{
    return store_log_each(store, page, on_path, paths, e);
}

void log_paths_release(struct log_paths *paths)
{
    for (size_t i = 0; i < paths->count; i++)
        free(paths->paths[i]);
    free(paths->paths);
    *paths = (struct log_paths){0};
}
