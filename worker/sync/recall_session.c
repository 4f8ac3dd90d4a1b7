/* Reads what repo-recall says of a session. */
#include "worker/sync/recall_session.h"

#include <stdlib.h>
#include <string.h>

#include "worker/sync/log_line.h"

/* A document inside a string. */
enum { INNER_MAX_BYTES = 256 * 1024 };
/* Sums of these must not overflow. */
#define COUNT_MAX (INT64_C(1) << 53)

static struct recall_text text_of(const json_t *value)
{
    if (!json_is_string(value) || json_string_length(value) == 0)
        return (struct recall_text){0};
    return (struct recall_text){json_string_value(value), json_string_length(value)};
}

static struct recall_text text_at(const json_t *object, const char *key)
{
    return text_of(json_object_get(object, key));
}

static int64_t number_at(const json_t *object, const char *key, int64_t otherwise)
{
    const json_t *value = json_object_get(object, key);
    if (json_is_real(value)) {
        double real = json_real_value(value);
        return real >= 0 && real <= (double)COUNT_MAX ? (int64_t)real : otherwise;
    }
    if (!json_is_integer(value) || json_integer_value(value) < 0)
        return otherwise;
    return json_integer_value(value) < COUNT_MAX ? json_integer_value(value) : COUNT_MAX;
}

static int compare(struct recall_text a, struct recall_text b)
{
    size_t least = a.size < b.size ? a.size : b.size;
    int order = least ? memcmp(a.at, b.at, least) : 0;
    return order ? order : (a.size > b.size) - (a.size < b.size);
}

static bool is_name(struct recall_text text)
{
    return text.size > 0 && text.size <= RECALL_NAME_MAX_BYTES;
}

static int by_text(const void *a, const void *b)
{
    return compare(*(const struct recall_text *)a, *(const struct recall_text *)b);
}

/* Of one name, the one that was counted comes first. */
static int by_name(const void *a, const void *b)
{
    const struct recall_count *one = a;
    const struct recall_count *two = b;
    int order = compare(one->name, two->name);
    return order ? order : (one->calls < two->calls) - (one->calls > two->calls);
}

static int by_path(const void *a, const void *b)
{
    const struct recall_repo *one = a;
    const struct recall_repo *two = b;
    int order = compare(one->path, two->path);
    return order ? order : compare(one->name, two->name);
}

static void read_models(struct recall_session *s, const json_t *session)
{
    size_t i;
    const json_t *value;
    size_t kept = 0;
    json_array_foreach (json_object_get(session, "models_used"), i, value)
        if (is_name(text_of(value)) && s->model_count < RECALL_NAMES_MAX)
            s->models[s->model_count++] = text_of(value);
    qsort(s->models, s->model_count, sizeof *s->models, by_text);
    for (size_t k = 0; k < s->model_count; k++)
        if (kept == 0 || compare(s->models[k], s->models[kept - 1]) != 0)
            s->models[kept++] = s->models[k];
    s->model_count = kept;
}

/* JSON inside a string of JSON. */
static json_t *inner(const json_t *session, const char *key)
{
    struct recall_text text = text_at(session, key);
    if (text.size == 0 || text.size > INNER_MAX_BYTES)
        return NULL;
    json_t *json = json_loadb(text.at, text.size, JSON_ALLOW_NUL, NULL);
    if (json_is_object(json))
        return json;
    json_decref(json);
    return NULL;
}

static struct recall_count *add_count(struct recall_count *list, size_t *count,
                                      struct recall_text name)
{
    if (!is_name(name) || *count == RECALL_NAMES_MAX)
        return NULL;
    list[*count] = (struct recall_count){.name = name};
    return &list[(*count)++];
}

/* Sorted, each name once; how many. */
static size_t settle_counts(struct recall_count *list, size_t count)
{
    size_t kept = 0;
    qsort(list, count, sizeof *list, by_name);
    for (size_t k = 0; k < count; k++)
        if (kept == 0 || compare(list[k].name, list[kept - 1].name) != 0)
            list[kept++] = list[k];
    return kept;
}

/* Those that were counted, and those that are only named. */
static void read_tools(struct recall_session *s, const json_t *session)
{
    const char *key;
    size_t i;
    json_t *value;
    const json_t *name;
    json_object_foreach (s->counts, key, value) {
        const struct recall_text tool_name = {key, strlen(key)};
        struct recall_count *tool = add_count(s->tools, &s->tool_count, tool_name);
        if (!tool)
            continue;
        tool->calls = number_at(value, "calls", 0);
        tool->errors = number_at(value, "errors", 0);
    }
    json_array_foreach (json_object_get(session, "tools_used"), i, name)
        (void)add_count(s->tools, &s->tool_count, text_of(name));
    s->tool_count = settle_counts(s->tools, s->tool_count);
}

static void read_reasons(struct recall_session *s)
{
    const char *key;
    json_t *value;
    json_object_foreach (s->stops, key, value) {
        const struct recall_text name = {key, strlen(key)};
        struct recall_count *reason = add_count(s->reasons, &s->reason_count, name);
        if (reason)
            reason->calls = number_at(s->stops, key, 0);
    }
    s->reason_count = settle_counts(s->reasons, s->reason_count);
}

/* `[id, "name", "/path"]`; the id changes with every scan. */
static void read_repos(struct recall_session *s, const json_t *repos)
{
    size_t i;
    const json_t *value;
    size_t kept = 0;
    json_array_foreach (repos, i, value) {
        struct recall_repo repo = {text_of(json_array_get(value, 1)),
                                   text_of(json_array_get(value, 2))};
        if (is_name(repo.name) && repo.path.size > 0 && s->repo_count < RECALL_NAMES_MAX)
            s->repos[s->repo_count++] = repo;
    }
    qsort(s->repos, s->repo_count, sizeof *s->repos, by_path);
    for (size_t k = 0; k < s->repo_count; k++)
        if (kept == 0 || compare(s->repos[k].path, s->repos[kept - 1].path) != 0)
            s->repos[kept++] = s->repos[k];
    s->repo_count = kept;
}

/* What is private or secret must be gone before a part of it becomes the title. */
static void read_prompt(struct recall_session *s, const json_t *session)
{
    struct recall_text prompt = text_at(session, "last_prompt");
    if (prompt.size == 0)
        return;
    s->said = xmalloc(prompt.size);
    memcpy(s->said, prompt.at, prompt.size);
    s->prompt = (struct recall_text){s->said, log_clean(s->said, prompt.size)};
}

static void read_numbers(struct recall_session *s, const json_t *session)
{
    s->started_at = number_at(session, "started_at", -1);
    s->ended_at = number_at(session, "ended_at", -1);
    s->duration_ms = number_at(session, "duration_ms", 0);
    s->messages = number_at(session, "message_count", 0);
    s->prompts = number_at(session, "user_message_count", 0);
    s->answers = number_at(session, "assistant_message_count", 0);
    s->tokens = (struct session_tokens){
        .input = number_at(session, "input_tokens", 0),
        .output = number_at(session, "output_tokens", 0),
        .cache_read = number_at(session, "cache_read_tokens", 0),
        .cache_creation = number_at(session, "cache_creation_tokens", 0),
    };
}

bool recall_session_parse(const char *bytes, size_t size, struct recall_session *s, struct error *e)
{
    json_error_t problem;
    *s = (struct recall_session){0};
    s->json = json_loadb(bytes, size, JSON_ALLOW_NUL, &problem);
    if (!s->json)
        return error_set(e, CAUSE_BAD_DATA, "not JSON: %s", problem.text);
    const json_t *session = json_object_get(s->json, "session");
    if (!json_is_object(session))
        return error_set(e, CAUSE_BAD_DATA, "no object \"session\" in it");
    s->uuid = text_at(session, "session_uuid");
    if (!is_name(s->uuid))
        return error_set(e, CAUSE_BAD_DATA, "session_uuid: expected a text of 1 to %d bytes",
                         RECALL_NAME_MAX_BYTES);
    s->cwd = text_at(session, "cwd");
    s->log = text_at(session, "source_file");
    read_prompt(s, session);
    s->counts = inner(session, "tool_call_counts_json");
    s->stops = inner(session, "stop_reason_counts_json");
    read_numbers(s, session);
    read_models(s, session);
    read_tools(s, session);
    read_reasons(s);
    read_repos(s, json_object_get(s->json, "repos"));
    return true;
}

void recall_session_release(struct recall_session *s)
{
    json_decref(s->json);
    json_decref(s->counts);
    json_decref(s->stops);
    free(s->said);
    s->json = s->counts = s->stops = NULL;
    s->said = NULL;
}
