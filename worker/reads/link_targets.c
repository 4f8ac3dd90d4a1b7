/* Which pages links mean, within their source. */
#include "worker/reads/link_targets.h"

#include <stdlib.h>
#include <string.h>

#include "worker/reads/store_links.h"

void link_targets_add(struct link_targets *targets, const char *key, bool wiki)
{
    if (targets->count == targets->room) {
        targets->room = targets->room ? 2 * targets->room : 16;
        targets->all = xrealloc(targets->all, targets->room * sizeof *targets->all);
    }
    targets->all[targets->count++] = (struct link_target){.key = xstrdup(key), .wiki = wiki};
}

void link_targets_release(struct link_targets *targets)
{
    for (size_t i = 0; i < targets->count; i++) {
        free(targets->all[i].key);
        free(targets->all[i].path);
    }
    free(targets->all);
    *targets = (struct link_targets){0};
}

/* A page's names in lower case, beside keys of which some are among them. */
struct named {
    struct link_targets *targets;
    struct link_names folded;
    struct buf key;
};

static void take_if_named(void *owner, const char *key)
{
    struct named *named = owner;
    buf_reset(&named->key);
    link_fold(key, &named->key);
    for (size_t i = 0; i < named->folded.count; i++)
        if (strcmp(named->folded.names[i], named->key.data) == 0) {
            link_targets_add(named->targets, key, true);
            return;
        }
}

/* Keys are in the order of their bytes, so of those that differ in case only the first letter says
 * where they are. */
static bool add_wiki_names(struct link_targets *targets, struct rstore *store, const char *path,
                           struct error *e)
{
    struct link_names names;
    struct link_starts starts = {0};
    struct named named = {.targets = targets};
    bool ok = true;
    link_names_of_page(&names, path, true);
    for (size_t i = 0; i < names.count; i++) {
        struct buf folded = {0};
        link_fold(names.names[i], &folded);
        link_starts_add(&starts, names.names[i]);
        link_starts_add(&starts, folded.data);
        named.folded.names[named.folded.count++] = buf_take(&folded);
    }
    for (size_t i = 0; ok && i < starts.count; i++)
        ok = rstore_link_keys(store, starts.starts[i], take_if_named, &named, e);
    link_names_release(&names);
    link_names_release(&named.folded);
    buf_release(&named.key);
    return ok;
}

bool link_targets_add_names(struct link_targets *targets, struct rstore *store, const char *path,
                            struct error *e)
{
    struct link_names names;
    link_names_of_page(&names, path, false);
    for (size_t i = 0; i < names.count; i++)
        link_targets_add(targets, names.names[i], false);
    link_names_release(&names);
    return add_wiki_names(targets, store, path, e);
}

static void take_path(void *owner, const struct page_row *page)
{
    struct link_target *target = owner;
    free(target->path); /* a damaged store may have a path twice */
    target->path = xstrdup(page->path);
    target->fit = LINK_FIT_PATH;
}

static bool find_by_path(struct link_target *target, struct rstore *store, struct error *e)
{
    struct link_names names;
    bool ok = true;
    link_names_of_key(&names, target->key);
    for (size_t i = 0; ok && !target->path && i < names.count; i++)
        ok = rstore_page(store, names.names[i], take_path, target, e);
    link_names_release(&names);
    return ok;
}

/* A wiki link that is looked for among all paths. */
struct sought {
    struct link_target *target;
    struct buf folded; /* its key */
};
struct search {
    struct sought *all;
    size_t count;
    struct buf folded; /* the path at hand */
};

static bool is_key(const struct buf *key, const char *name, size_t size)
{
    return key->size == size && memcmp(key->data, name, size) == 0;
}

static enum link_fit fit_of(const struct sought *sought, const char *path, const struct buf *folded)
{
    size_t size;
    const char *base = link_base(path, &size);
    bool front = link_is_front(base, size);
    if (strlen(sought->target->key) == size && memcmp(sought->target->key, base, size) == 0)
        return LINK_FIT_NAME;
    base = link_base(folded->data, &size);
    size_t folder = (size_t)(base - folded->data);
    if (is_key(&sought->folded, folded->data, folded->size) ||
        is_key(&sought->folded, folded->data, folder + size))
        return LINK_FIT_FOLDED_PATH;
    if (front && folder > 1 && is_key(&sought->folded, folded->data, folder - 1))
        return LINK_FIT_FOLDED_PATH;
    return is_key(&sought->folded, base, size) ? LINK_FIT_FOLDED_NAME : LINK_FIT_NONE;
}

static void compare_path(void *owner, const char *path)
{
    struct search *search = owner;
    buf_reset(&search->folded);
    link_fold(path, &search->folded);
    for (size_t i = 0; i < search->count; i++) {
        struct link_target *target = search->all[i].target;
        enum link_fit fit = fit_of(&search->all[i], path, &search->folded);
        if (fit <= target->fit)
            continue;
        free(target->path);
        target->path = xstrdup(path);
        target->fit = fit;
    }
}

static bool find_by_name(struct link_targets *targets, struct rstore *store, struct error *e)
{
    struct search search = {.all = xcalloc(targets->count + 1, sizeof *search.all)};
    bool ok = true;
    for (size_t i = 0; i < targets->count; i++) {
        struct link_target *target = &targets->all[i];
        if (!target->wiki || !target->key[0] || target->path)
            continue;
        struct sought *sought = &search.all[search.count++];
        sought->target = target;
        link_fold(target->key, &sought->folded);
    }
    if (search.count)
        ok = rstore_paths(store, compare_path, &search, e);
    for (size_t i = 0; i < search.count; i++)
        buf_release(&search.all[i].folded);
    buf_release(&search.folded);
    free(search.all);
    return ok;
}

bool link_targets_find(struct link_targets *targets, struct rstore *store, struct error *e)
{
    bool ok = true;
    for (size_t i = 0; ok && i < targets->count; i++)
        ok = !targets->all[i].key[0] || find_by_path(&targets->all[i], store, e);
    return ok && find_by_name(targets, store, e);
}
