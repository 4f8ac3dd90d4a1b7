/* Links out of a page and back to it. */
#include "worker/reads/links.h"

#include <stdlib.h>
#include <string.h>

#include "common/cleanup.h"
#include "worker/reads/answer.h"
#include "worker/reads/link_targets.h"
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

struct out {
    json_t *list;
    struct link_targets targets; /* of its links, in the same order */
};

static void add_out(void *owner, const struct link_row *link)
{
    struct out *out = owner;
    json_array_append_new(out->list, link_object(link));
    link_targets_add(&out->targets, link->key, strcmp(link->kind, "wiki") == 0);
}

static void add_title(void *object, const struct page_row *page)
{
    json_object_set_new(object, "title", json_text(page->title));
}

static bool describe_target(const struct link_target *target, struct rstore *store, json_t *object,
                            struct error *e)
{
    json_object_set_new(object, "outside", json_boolean(!target->key[0]));
    json_object_set_new(object, "path", target->path ? json_text(target->path) : json_null());
    json_object_set_new(object, "title", json_null());
    return !target->path || rstore_page(store, target->path, add_title, object, e);
}

static bool list_out(struct rstore *store, int64_t page, struct rows rows, json_t *list,
                     struct error *e)
{
    struct out out = {.list = list};
    struct link_targets *targets = &out.targets;
    bool ok = rstore_links_out(store, (struct links_of){page, rows}, add_out, &out, e) &&
              link_targets_find(targets, store, e);
    for (size_t i = 0; ok && i < targets->count; i++)
        ok = describe_target(&targets->all[i], store, json_array_get(list, i), e);
    link_targets_release(targets);
    return ok;
}

/* Keys of those that mean this page. */
static char *keys_to(const struct link_targets *targets, const char *path, bool wiki)
{
    json_t *keys = json_array();
    for (size_t i = 0; i < targets->count; i++) {
        const struct link_target *target = &targets->all[i];
        if (target->wiki == wiki && target->path && strcmp(target->path, path) == 0)
            json_array_append_new(keys, json_text(target->key));
    }
    char *text = json_dumps(keys, JSON_COMPACT);
    json_decref(keys);
    return text;
}

static bool list_back(struct rstore *store, const char *path, struct rows rows, json_t *list,
                      struct error *e)
{
    struct link_targets targets = {0};
    bool ok =
        link_targets_add_names(&targets, store, path, e) && link_targets_find(&targets, store, e);
    if (ok) {
        CLEANUP(free_text) char *markdown = keys_to(&targets, path, false);
        CLEANUP(free_text) char *wiki = keys_to(&targets, path, true);
        struct links_to to = {markdown, wiki, rows};
        ok = rstore_links_back(store, &to, add_back, list, e);
    }
    link_targets_release(&targets);
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
