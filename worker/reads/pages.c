/* Showing a page and a part of it. */
#include "worker/reads/pages.h"

#include <stdlib.h>
#include <string.h>

#include "common/text.h"
#include "worker/reads/answer.h"
#include "worker/reads/store_observations.h"

static const char *arg_text(json_t *args, const char *name)
{
    return json_string_value(json_object_get(args, name));
}

enum op_end request_one_failed(struct reader *reader, const struct error *cause, struct error *e)
{
    struct error copy = *cause;
    request_fail(reader, 0, &copy);
    if (request_late(request_clock(reader))) {
        error_set(e, CAUSE_DEADLINE, "the deadline came before the store had answered");
        return OP_LATE;
    }
    *e = copy;
    e->cause = CAUSE_STORE;
    return OP_FAILED;
}

struct rstore *request_one(struct reader *reader, json_t *args, enum op_end *end, struct error *e)
{
    json_t *ids = json_array();
    json_array_append(ids, json_object_get(args, "source"));
    struct request_scope scope = {.ids = ids};
    struct rstore *store = NULL;
    *end = OP_FAILED;
    if (!request_begin(reader, scope, e))
        *end = e->cause == CAUSE_USAGE ? OP_NOT_FOUND : OP_FAILED;
    else {
        store = request_store(reader, 0);
        if (!store)
            *end = request_no_answer(reader, 0, e);
    }
    json_decref(ids);
    return store;
}

enum op_end page_not_found(json_t *args, struct error *e)
{
    error_set(e, CAUSE_USAGE, "%s has no page %s", arg_text(args, "source"),
              arg_text(args, "path"));
    return OP_NOT_FOUND;
}

struct showing {
    json_t *object;
    int64_t page; /* 0: not found */
    int64_t chunk_count;
};

static void show_page(void *owner, const struct page_row *page)
{
    struct showing *s = owner;
    json_t *front = page->front[0] ? json_loads(page->front, 0, NULL) : NULL;
    s->page = page->id;
    json_object_set_new(s->object, "path", json_text(page->path));
    json_object_set_new(s->object, "title", json_text(page->title));
    json_object_set_new(s->object, "kind", json_text(page->kind));
    json_object_set_new(s->object, "front", front ? front : json_null());
    json_object_set_new(s->object, "warning", json_text_or_null(page->warning));
    json_object_set_new(s->object, "size_bytes", json_integer(page->size_bytes));
    json_object_set_new(s->object, "created_at", json_integer(page->created_at));
    json_object_set_new(s->object, "updated_at", json_integer(page->updated_at));
}

static void add_tag(void *list, const char *tag)
{
    json_array_append_new(list, json_text(tag));
}

/* The chunks of a page while they are read. */
struct chunks {
    struct rstore *store;
    bool hides; /* the store has some that search leaves out */
    json_t *list;
    struct error error;
};

static void add_chunk(void *owner, const struct chunk_row *chunk)
{
    struct chunks *chunks = owner;
    bool hidden = false;
    json_t *object = json_object();
    json_object_set_new(object, "chunk", json_integer(chunk->position));
    json_object_set_new(object, "heading", json_text(chunk->heading));
    json_object_set_new(object, "text", json_text_sized(chunk->text, chunk->text_size));
    if (chunks->hides && !rstore_is_hidden(chunks->store, chunk->id, &hidden, &chunks->error))
        chunks->hides = false;
    if (hidden)
        json_object_set_new(object, "superseded", json_true());
    json_array_append_new(chunks->list, object);
}

static bool read_chunks(struct rstore *store, struct positions positions, json_t *list,
                        struct error *e)
{
    struct chunks chunks = {.store = store, .list = list};
    bool ok = rstore_hides(store, &chunks.hides, e) &&
              rstore_chunks(store, positions, add_chunk, &chunks, e);
    if (ok && chunks.error.text[0]) {
        *e = chunks.error;
        ok = false;
    }
    return ok;
}

static bool read_page(struct rstore *store, json_t *args, struct showing *s, struct error *e)
{
    json_t *tags = json_array();
    json_object_set(s->object, "source", json_object_get(args, "source"));
    bool ok = rstore_page(store, arg_text(args, "path"), show_page, s, e);
    if (ok && s->page)
        ok = rstore_tags(store, s->page, add_tag, tags, e);
    json_object_set_new(s->object, "tags", tags);
    return ok;
}

/* The page with the chunks from `first` to `last`. */
static enum op_end show(struct reader *reader, json_t *args, struct positions positions,
                        json_t **answer, struct error *e)
{
    enum op_end end;
    struct error cause = {0};
    struct rstore *store = request_one(reader, args, &end, e);
    if (!store)
        return end;
    struct showing s = {.object = json_object()};
    json_t *chunks = json_array();
    bool ok = read_page(store, args, &s, &cause);
    positions.page = s.page;
    if (ok && s.page)
        ok = read_chunks(store, positions, chunks, &cause) &&
             rstore_chunk_count(store, s.page, &s.chunk_count, &cause);
    json_object_set_new(s.object, "chunks", chunks);
    json_object_set_new(s.object, "chunk_count", json_integer(s.chunk_count));
    end = !ok ? request_one_failed(reader, &cause, e) : s.page ? OP_DONE : page_not_found(args, e);
    if (end == OP_DONE) {
        request_describe(reader, s.object);
        *answer = json_incref(s.object);
    }
    json_decref(s.object);
    return end;
}

enum op_end page_run(struct reader *reader, json_t *args, json_t **answer, struct error *e)
{
    enum op_end end = show(reader, args, (struct positions){0, 0, INT64_MAX}, answer, e);
    request_end(reader);
    return end;
}

enum op_end context_run(struct reader *reader, json_t *args, json_t **answer, struct error *e)
{
    int64_t around = json_integer_value(json_object_get(args, "around"));
    struct positions positions = {
        .first = around - json_integer_value(json_object_get(args, "before")),
        .last = around + json_integer_value(json_object_get(args, "after"))};
    enum op_end end = show(reader, args, positions, answer, e);
    request_end(reader);
    if (end != OP_DONE)
        return end;
    int64_t count = json_integer_value(json_object_get(*answer, "chunk_count"));
    json_object_set_new(*answer, "around", json_integer(around));
    if (around < count)
        return OP_DONE;
    json_decref(*answer);
    *answer = NULL;
    error_set(e, CAUSE_USAGE, "%s has %lld chunks, from 0; there is no chunk %lld",
              arg_text(args, "path"), (long long)count, (long long)around);
    return OP_NOT_FOUND;
}
