/* Sessions that agents pushed, of all stores that have some. */
#include "worker/reads/sessions.h"

#include <stdlib.h>
#include <string.h>

#include "common/cleanup.h"
#include "worker/reads/answer.h"
#include "worker/reads/request.h"
#include "worker/reads/store_observations.h"

/* One of the list, until all stores were asked. */
struct listed {
    json_t *session; /* owned */
    int64_t last_ms;
    size_t source; /* of the request's */
    int64_t page;
};

struct listing {
    struct reader *reader;
    struct listed *list; /* owned */
    size_t count;
    size_t room;
    size_t source; /* whose rows come */
};

static void set_time(json_t *object, const char *key, int64_t seconds)
{
    json_object_set_new(object, key, seconds ? json_integer(seconds) : json_null());
}

static json_t *show_session(const char *source, const struct session_row *row)
{
    json_t *object = json_object();
    json_object_set_new(object, "source", json_string(source));
    json_object_set_new(object, "id", json_text(row->id));
    json_object_set_new(object, "path", json_text(row->path));
    json_object_set_new(object, "title", json_text(row->title));
    json_object_set_new(object, "state", json_text(row->state));
    json_object_set_new(object, "project", json_text_or_null(row->project));
    json_object_set_new(object, "cwd", json_text_or_null(row->cwd));
    json_object_set_new(object, "agent", json_text_or_null(row->agent));
    set_time(object, "started_at", row->started_at);
    set_time(object, "last_at", row->last_ms / 1000);
    set_time(object, "ended_at", row->ended_at);
    return object;
}

static void add_type(void *counts, const char *type, int64_t count)
{
    json_object_set_new(counts, type, json_integer(count));
}

/* --- the list ------------------------------------------------------------------------------------
 */

static void list_session(void *owner, const struct session_row *row)
{
    struct listing *l = owner;
    if (l->count == l->room) {
        l->room = l->room ? 2 * l->room : 64;
        l->list = xrealloc(l->list, l->room * sizeof *l->list);
    }
    l->list[l->count++] =
        (struct listed){show_session(request_source(l->reader, l->source)->id, row), row->last_ms,
                        l->source, row->page};
}

static int last_first(const void *a, const void *b)
{
    const struct listed *x = a;
    const struct listed *y = b;
    if (x->last_ms != y->last_ms)
        return x->last_ms > y->last_ms ? -1 : 1;
    if (x->source != y->source)
        return x->source < y->source ? -1 : 1;
    return (x->page > y->page) - (x->page < y->page);
}

/* In order, and no more than can be shown. */
static void cut(struct listing *l, size_t most)
{
    if (l->count)
        qsort(l->list, l->count, sizeof *l->list, last_first);
    while (l->count > most)
        json_decref(l->list[--l->count].session);
}

static void list_all(struct listing *l, const struct session_range *range)
{
    for (l->source = 0; l->source < request_count(l->reader); l->source++) {
        struct error e = {0};
        struct rstore *store = request_store(l->reader, l->source);
        if (store && !rstore_sessions(store, range, list_session, l, &e))
            request_fail(l->reader, l->source, &e);
        cut(l, (size_t)range->limit);
    }
}

/* What is shown gets its counts. */
static json_t *show_list(struct listing *l, const struct paging *paging)
{
    json_t *sessions = json_array();
    for (size_t i = 0; i < l->count; i++) {
        struct listed *one = &l->list[i];
        struct error e = {0};
        json_t *counts = json_object();
        struct rstore *store =
            (int64_t)i < paging->offset ? NULL : request_store(l->reader, one->source);
        if (store && !rstore_observation_types(store, one->page, add_type, counts, &e))
            request_fail(l->reader, one->source, &e);
        json_object_set_new(one->session, "observations", counts);
        if ((int64_t)i >= paging->offset)
            json_array_append(sessions, one->session);
        json_decref(one->session);
    }
    free(l->list);
    return sessions;
}

enum op_end sessions_run(struct reader *reader, json_t *args, json_t **answer, struct error *e)
{
    struct request_scope scope = {json_object_get(args, "source"),
                                  json_string_value(json_object_get(args, "kind"))};
    struct paging paging = paging_of(args);
    struct session_range range = {json_string_value(json_object_get(args, "state")),
                                  json_string_value(json_object_get(args, "project")),
                                  paging.offset + paging_ask(&paging)};
    struct listing l = {.reader = reader};
    if (!request_begin(reader, scope, e))
        return OP_FAILED;
    list_all(&l, &range);
    *answer = json_object();
    paging_add(*answer, &paging, "sessions", show_list(&l, &paging));
    return request_finish(reader, *answer, e);
}

/* --- one of them ---------------------------------------------------------------------------------
 */

struct showing {
    const char *source;
    json_t *session; /* owned; NULL: not found yet */
    int64_t page;
    json_t *observations;
};

static void show_one(void *owner, const struct session_row *row)
{
    struct showing *s = owner;
    s->session = show_session(s->source, row);
    s->page = row->page;
}

static void show_observation(void *owner, const struct observation_row *row)
{
    struct showing *s = owner;
    json_t *object = json_object();
    CLEANUP(free_json) json_t *detail = json_loads(row->detail, 0, NULL);
    json_object_set_new(object, "id", json_text(row->id));
    json_object_set_new(object, "type", json_text(row->type));
    set_time(object, "at", row->at_ms / 1000);
    json_object_set_new(object, "title", json_text_or_null(row->title));
    json_object_set_new(object, "text", json_text_sized(row->text, row->text_size));
    json_object_set_new(object, "chunk", json_integer(row->chunk));
    json_object_set_new(object, "project", json_text_or_null(row->project));
    json_object_set_new(object, "agent", json_text_or_null(row->agent));
    json_object_set_new(object, "superseded_by", json_text_or_null(row->superseded_by));
    set_time(object, "archived_at", row->archived_ms / 1000);
    if (json_is_object(detail))
        json_object_update_missing(object, detail);
    json_array_append_new(s->observations, object);
}

/* The first source that has it. False: its store failed. */
static bool find_in(struct rstore *store, struct showing *s, json_t *args, struct error *e)
{
    struct paging paging = paging_of(args);
    if (!rstore_session(store, json_string_value(json_object_get(args, "id")), show_one, s, e))
        return false;
    if (!s->session)
        return true;
    struct observation_range range = {s->page, paging.offset, paging_ask(&paging)};
    json_t *counts = json_object();
    json_object_set_new(s->session, "counts", counts);
    s->observations = json_array();
    bool ok = rstore_observation_types(store, s->page, add_type, counts, e) &&
              rstore_observations(store, &range, show_observation, s, e);
    paging_add(s->session, &paging, "observations", s->observations);
    return ok;
}

static enum op_end not_found(struct reader *reader, json_t *args, struct error *e)
{
    for (size_t i = 0; i < request_count(reader); i++)
        if (request_count(reader) == 1 && !request_store(reader, i))
            return request_no_answer(reader, i, e);
    error_set(e, CAUSE_USAGE, "no source has a session %s",
              json_string_value(json_object_get(args, "id")));
    return OP_NOT_FOUND;
}

enum op_end session_run(struct reader *reader, json_t *args, json_t **answer, struct error *e)
{
    struct request_scope scope = {json_object_get(args, "source"), "inbox"};
    struct showing s = {0};
    enum op_end end = OP_FAILED;
    if (!request_begin(reader, scope, e))
        return OP_FAILED;
    for (size_t i = 0; i < request_count(reader); i++) {
        struct error cause = {0};
        /* All of them: one that was not asked would be called late. */
        struct rstore *store = request_store(reader, i);
        if (s.session)
            continue;
        s.source = request_source(reader, i)->id;
        if (store && !find_in(store, &s, args, &cause))
            request_fail(reader, i, &cause);
    }
    if (s.session) {
        *answer = s.session;
        return request_finish(reader, s.session, e);
    }
    end = not_found(reader, args, e);
    request_end(reader);
    return end;
}
