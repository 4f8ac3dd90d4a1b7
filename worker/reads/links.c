/* Links out of a page and back to it. */
#include "worker/reads/links.h"

#include <stdlib.h>
#include <string.h>

#include "common/text.h"
#include "worker/reads/answer.h"
#include "worker/reads/pages.h"
#include "worker/reads/store_links.h"

static json_t *link_object(const struct link_row *link)
{
    json_t *object = json_object();
    json_object_set_new(object, "kind", json_text(link->kind));
    json_object_set_new(object, "target", json_text(link->target));
    json_object_set_new(object, "label", json_text(link->label));
    json_object_set_new(object, "chunk", json_integer(link->position));
    return object;
}

static void add_back(void *list, const struct link_row *link)
{
    json_t *object = link_object(link);
    json_object_set_new(object, "path", json_text(link->path));
    json_object_set_new(object, "title", json_text(link->title));
    json_array_append_new(list, object);
}

/* A link out whose page is looked for. */
struct target {
    char *key; /* owned; "" if it leads outside */
    bool wiki;
    char *path; /* owned; NULL: not found (yet) */
    char *title;
};
struct targets {
    json_t *list;
    struct target all[PAGING_LIMIT_MAX + 1];
    size_t count;
    struct target *at; /* the one at hand */
};

static void add_out(void *owner, const struct link_row *link)
{
    struct targets *t = owner;
    json_array_append_new(t->list, link_object(link));
    t->all[t->count++] =
        (struct target){.key = xstrdup(link->key), .wiki = strcmp(link->kind, "wiki") == 0};
}

static void found_page(void *owner, const struct page_row *page)
{
    struct targets *t = owner;
    /* A damaged store may have a path twice. */
    free(t->at->path);
    free(t->at->title);
    t->at->path = xstrdup(page->path);
    t->at->title = xstrdup(page->title);
}

static bool find_by_path(struct targets *t, struct rstore *store, struct error *e)
{
    struct link_names names;
    bool ok = true;
    link_names_of_key(&names, t->at->key);
    for (size_t i = 0; ok && !t->at->path && t->at->key[0] && i < names.count; i++)
        ok = rstore_page(store, names.names[i], found_page, t, e);
    link_names_release(&names);
    return ok;
}

/* [[name]] means a page of that name in any folder; the first in the order of paths. */
static void compare_name(void *owner, const char *path)
{
    struct targets *t = owner;
    size_t size;
    const char *base = link_base(path, &size);
    for (size_t i = 0; i < t->count; i++) {
        struct target *target = &t->all[i];
        if (target->wiki && !target->path && strlen(target->key) == size &&
            memcmp(target->key, base, size) == 0)
            target->path = xstrdup(path);
    }
}

/* The title of a page whose path is known; without one the path stays. */
static bool find_title(struct targets *t, struct rstore *store, struct error *e)
{
    char *path = t->at->path; /* the lookup reads it while found_page writes */
    t->at->path = NULL;
    bool ok = rstore_page(store, path, found_page, t, e);
    if (t->at->path)
        free(path);
    else
        t->at->path = path;
    return ok;
}

static bool find_targets(struct targets *t, struct rstore *store, struct error *e)
{
    bool ok = true;
    bool names = false;
    for (size_t i = 0; ok && i < t->count; i++) {
        t->at = &t->all[i];
        ok = find_by_path(t, store, e);
        names |= t->at->wiki && t->at->key[0] && !t->at->path;
    }
    if (ok && names)
        ok = rstore_paths(store, compare_name, t, e);
    for (size_t i = 0; ok && i < t->count; i++) {
        t->at = &t->all[i];
        if (t->at->path && !t->at->title)
            ok = find_title(t, store, e);
    }
    return ok;
}

static void describe_targets(const struct targets *t)
{
    for (size_t i = 0; i < t->count; i++) {
        const struct target *target = &t->all[i];
        json_t *object = json_array_get(t->list, i);
        json_object_set_new(object, "outside", json_boolean(!target->key[0]));
        json_object_set_new(object, "path", target->path ? json_text(target->path) : json_null());
        json_object_set_new(object, "title",
                            target->title ? json_text(target->title) : json_null());
    }
}

static bool list_out(struct rstore *store, int64_t page, struct rows rows, json_t *list,
                     struct error *e)
{
    struct targets *t = xcalloc(1, sizeof *t);
    t->list = list;
    bool ok = rstore_links_out(store, (struct links_of){page, rows}, add_out, t, e) &&
              find_targets(t, store, e);
    describe_targets(t);
    for (size_t i = 0; i < t->count; i++) {
        free(t->all[i].key);
        free(t->all[i].path);
        free(t->all[i].title);
    }
    free(t);
    return ok;
}

static bool list_back(struct rstore *store, const char *path, struct rows rows, json_t *list,
                      struct error *e)
{
    struct link_targets targets = {.rows = rows};
    link_names_of_page(&targets.markdown, path, false);
    link_names_of_page(&targets.wiki, path, true);
    bool ok = rstore_links_back(store, &targets, add_back, list, e);
    link_names_release(&targets.markdown);
    link_names_release(&targets.wiki);
    return ok;
}

static void take_id(void *id, const struct page_row *page)
{
    *(int64_t *)id = page->id;
}

static enum op_end find(struct reader *reader, json_t *args, json_t *answer, struct error *e)
{
    struct paging paging = paging_of(args);
    struct rows rows = {paging.offset, paging_ask(&paging)};
    const char *path = json_string_value(json_object_get(args, "path"));
    enum op_end end;
    struct error cause = {0};
    int64_t page = 0;
    struct rstore *store = request_one(reader, args, &end, e);
    if (!store)
        return end;
    json_t *out = json_array();
    json_t *back = json_array();
    bool ok = rstore_page(store, path, take_id, &page, &cause);
    if (ok && page)
        ok = list_out(store, page, rows, out, &cause) && list_back(store, path, rows, back, &cause);
    json_t *out_object = json_object();
    json_t *back_object = json_object();
    paging_add(out_object, &paging, "links", out);
    paging_add(back_object, &paging, "links", back);
    json_object_set(answer, "source", json_object_get(args, "source"));
    json_object_set(answer, "path", json_object_get(args, "path"));
    json_object_set_new(answer, "out", out_object);
    json_object_set_new(answer, "back", back_object);
    return !ok ? request_one_failed(reader, &cause, e) : page ? OP_DONE : page_not_found(args, e);
}

enum op_end links_run(struct reader *reader, json_t *args, json_t **answer, struct error *e)
{
    json_t *object = json_object();
    enum op_end end = find(reader, args, object, e);
    if (end == OP_DONE) {
        request_describe(reader, object);
        *answer = json_incref(object);
    }
    json_decref(object);
    request_end(reader);
    return end;
}
