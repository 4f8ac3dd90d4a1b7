/* What changed last, over all stores: only the rows that a page needs are kept, and shown. */
#include <stdlib.h>
#include <string.h>

#include "common/text.h"
#include "worker/reads/answer.h"
#include "worker/reads/pages.h"

struct recent {
    const char *source; /* borrowed */
    char *path;         /* owned, as the next two */
    char *title;
    char *kind;
    int64_t created_at;
    int64_t updated_at;
};

/* The newest so far: a heap with the one that goes first at its top. */
struct newest {
    struct recent *heap; /* owned */
    size_t count;
    size_t most;
    const char *source; /* whose rows come */
};

static int by_time(const void *a, const void *b)
{
    const struct recent *x = a;
    const struct recent *y = b;
    if (x->updated_at != y->updated_at)
        return x->updated_at > y->updated_at ? -1 : 1;
    int order = strcmp(x->source, y->source);
    return order ? order : strcmp(x->path, y->path);
}

static void release(struct recent *row)
{
    free(row->path);
    free(row->title);
    free(row->kind);
}

static void swap(struct recent *a, struct recent *b)
{
    struct recent old = *a;
    *a = *b;
    *b = old;
}

static void sift_up(struct newest *n, size_t at)
{
    for (; at > 0 && by_time(&n->heap[at], &n->heap[(at - 1) / 2]) > 0; at = (at - 1) / 2)
        swap(&n->heap[at], &n->heap[(at - 1) / 2]);
}

static void sift_down(struct newest *n)
{
    size_t at = 0;
    for (;;) {
        size_t last = at;
        for (size_t child = 2 * at + 1; child <= 2 * at + 2 && child < n->count; child++)
            if (by_time(&n->heap[child], &n->heap[last]) > 0)
                last = child;
        if (last == at)
            return;
        swap(&n->heap[at], &n->heap[last]);
        at = last;
    }
}

static void take_row(void *owner, const struct page_row *page)
{
    struct newest *n = owner;
    struct recent row = {.source = n->source,
                         .path = (char *)(uintptr_t)page->path,
                         .created_at = page->created_at,
                         .updated_at = page->updated_at};
    if (n->count == n->most && by_time(&row, &n->heap[0]) >= 0)
        return;
    row.path = xstrdup(page->path);
    row.title = xstrdup(page->title);
    row.kind = xstrdup(page->kind);
    if (n->count < n->most) {
        n->heap[n->count++] = row;
        sift_up(n, n->count - 1);
        return;
    }
    release(&n->heap[0]);
    n->heap[0] = row;
    sift_down(n);
}

static void take_all(struct reader *reader, struct newest *n)
{
    for (size_t i = 0; i < request_count(reader); i++) {
        struct error e = {0};
        struct rstore *store = request_store(reader, i);
        struct recent_range range = {.since =
                                         n->count == n->most ? n->heap[0].updated_at : INT64_MIN,
                                     .limit = (int64_t)n->most};
        n->source = request_source(reader, i)->id;
        if (store && !rstore_recent(store, range, take_row, n, &e))
            request_fail(reader, i, &e);
    }
}

static json_t *show(const struct recent *row)
{
    bool added = row->created_at == row->updated_at;
    json_t *object = json_object();
    json_object_set_new(object, "source", json_string(row->source));
    json_object_set_new(object, "path", json_text(row->path));
    json_object_set_new(object, "title", json_text(row->title));
    json_object_set_new(object, "kind", json_text(row->kind));
    json_object_set_new(object, "created_at", json_integer(row->created_at));
    json_object_set_new(object, "updated_at", json_integer(row->updated_at));
    json_object_set_new(object, "change", json_string(added ? "added" : "changed"));
    return object;
}

static json_t *list_recent(struct reader *reader, const struct paging *paging)
{
    struct newest n = {.most = (size_t)(paging->offset + paging_ask(paging))};
    json_t *pages = json_array();
    n.heap = xcalloc(n.most, sizeof *n.heap);
    take_all(reader, &n);
    qsort(n.heap, n.count, sizeof *n.heap, by_time);
    for (size_t i = 0; i < n.count; i++) {
        if ((int64_t)i >= paging->offset)
            json_array_append_new(pages, show(&n.heap[i]));
        release(&n.heap[i]);
    }
    free(n.heap);
    return pages;
}

enum op_end recent_run(struct reader *reader, json_t *args, json_t **answer, struct error *e)
{
    struct request_scope scope = {json_object_get(args, "source"),
                                  json_string_value(json_object_get(args, "kind"))};
    struct paging paging = paging_of(args);
    if (!request_begin(reader, scope, e))
        return OP_FAILED;
    *answer = json_object();
    paging_add(*answer, &paging, "pages", list_recent(reader, &paging));
    return request_finish(reader, *answer, e);
}
