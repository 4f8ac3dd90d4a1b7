/* Pages that pass a search's filters. */
#include "worker/reads/search_filter.h"

#include <stdlib.h>

#include "common/text.h"

bool search_filter_make(struct search_filter *filter, json_t *args, struct error *e)
{
    const json_t *since = json_object_get(args, "since");
    const json_t *until = json_object_get(args, "until");
    const char *path = json_string_value(json_object_get(args, "path"));
    *filter =
        (struct search_filter){.rows = {.tag = json_string_value(json_object_get(args, "tag")),
                                        .since = since ? json_integer_value(since) : INT64_MIN,
                                        .until = until ? json_integer_value(until) : INT64_MAX}};
    filter->any = filter->rows.tag || since || until || path;
    if (path)
        filter->paths = glob_set_new(&path, 1, "path", e);
    if (!path || filter->paths)
        return true;
    e->cause = CAUSE_USAGE;
    return false;
}

void search_filter_release(struct search_filter *filter)
{
    if (filter->paths)
        glob_set_free(filter->paths);
    filter->paths = NULL;
}

struct collecting {
    struct page_set *set;
    const struct search_filter *filter;
};

static void collect(void *owner, const struct page_row *page)
{
    const struct collecting *c = owner;
    struct page_set *set = c->set;
    if (c->filter->paths && !glob_set_match(c->filter->paths, page->path))
        return;
    if (set->count == set->room) {
        set->room = set->room ? set->room * 2 : 256;
        set->ids = xrealloc(set->ids, set->room * sizeof *set->ids);
    }
    set->ids[set->count++] = page->id;
}

static int by_number(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a;
    int64_t y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

bool page_set_make(struct page_set *set, const struct search_filter *filter, struct rstore *store,
                   struct error *e)
{
    struct collecting c = {set, filter};
    *set = (struct page_set){0};
    if (!rstore_filter(store, &filter->rows, collect, &c, e))
        return false;
    if (set->count)
        qsort(set->ids, set->count, sizeof *set->ids, by_number);
    return true;
}

void page_set_release(struct page_set *set)
{
    free(set->ids);
    *set = (struct page_set){0};
}

bool page_set_has(const struct page_set *set, int64_t page)
{
    return set->count && bsearch(&page, set->ids, set->count, sizeof *set->ids, by_number);
}
