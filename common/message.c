/* What supervisor and worker tell each other: writers and readers side by side. */
#include "common/message.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "common/cleanup.h"
#include "common/json_text.h"
#include "common/text.h"

/* The numbers of a result, in one list for writer and reader. */
#define RESULT_NUMBERS(X)                                                                          \
    X(started_at)                                                                                  \
    X(pages)                                                                                       \
    X(added)                                                                                       \
    X(changed)                                                                                     \
    X(deleted)                                                                                     \
    X(renamed)                                                                                     \
    X(remaining)                                                                                   \
    X(errors)                                                                                      \
    X(quarantined)                                                                                 \
    X(skipped)                                                                                     \
    X(duration_ms)                                                                                 \
    X(cpu_ms)                                                                                      \
    X(peak_rss_bytes)

char *message_write_result(const struct run_result *r)
{
    json_t *json = json_pack("{s:i, s:s, s:s, s:s, s:s, s:o, s:b}", "v", MESSAGE_VERSION, "type",
                             "result", "run_id", r->run_id, "outcome", outcome_name(r->outcome),
                             "cause", cause_name(r->cause), "message", text_json(r->message),
                             "committed", r->committed);
#define X(name) json_object_set_new(json, #name, json_integer(r->name));
    RESULT_NUMBERS(X)
#undef X
    return json_line(json);
}

static bool copy_text(const json_t *json, const char *key, char *out, size_t size, struct error *e)
{
    const char *text = json_string_value(json_object_get(json, key));
    if (!text)
        return error_set(e, CAUSE_BUG, "message without text \"%s\"", key);
    snprintf(out, size, "%.*s", (int)utf8_floor(text, strnlen(text, size - 1)), text);
    return true;
}

static bool copy_number(const json_t *json, const char *key, int64_t *out, struct error *e)
{
    const json_t *value = json_object_get(json, key);
    if (!json_is_integer(value))
        return error_set(e, CAUSE_BUG, "message without number \"%s\"", key);
    *out = json_integer_value(value);
    return true;
}

static bool read_result(const json_t *json, struct run_result *r, struct error *e)
{
    const char *outcome = json_string_value(json_object_get(json, "outcome"));
    const char *cause = json_string_value(json_object_get(json, "cause"));
    if (!outcome || !outcome_parse(outcome, &r->outcome))
        return error_set(e, CAUSE_BUG, "message with unknown outcome");
    if (!cause || !cause_parse(cause, &r->cause))
        return error_set(e, CAUSE_BUG, "message with unknown cause");
    r->committed = json_is_true(json_object_get(json, "committed"));
    if (!copy_text(json, "run_id", r->run_id, sizeof r->run_id, e) ||
        !copy_text(json, "message", r->message, sizeof r->message, e))
        return false;
#define X(name)                                                                                    \
    if (!copy_number(json, #name, &r->name, e))                                                    \
        return false;
    RESULT_NUMBERS(X)
#undef X
    return true;
}

char *message_write_progress(const struct run_progress *p)
{
    return json_line(json_pack("{s:i, s:s, s:s, s:I, s:I, s:o, s:o}", "v", MESSAGE_VERSION, "type",
                               "progress", "phase", p->phase, "done", (json_int_t)p->done, "total",
                               (json_int_t)p->total, "item_path", text_json(p->item_path),
                               "item_blob", text_json(p->item_blob)));
}

static bool read_progress(const json_t *json, struct run_progress *p, struct error *e)
{
    return copy_text(json, "phase", p->phase, sizeof p->phase, e) &&
           copy_number(json, "done", &p->done, e) && copy_number(json, "total", &p->total, e) &&
           copy_text(json, "item_path", p->item_path, sizeof p->item_path, e) &&
           copy_text(json, "item_blob", p->item_blob, sizeof p->item_blob, e);
}

char *message_write_watch(const struct watch_list *list)
{
    json_t *paths = json_array();
    for (size_t i = 0; i < list->count && i < WATCH_PATHS_MAX; i++)
        if (utf8_valid(list->paths[i], strlen(list->paths[i])))
            json_array_append_new(paths, text_json(list->paths[i]));
    return json_line(
        json_pack("{s:i, s:s, s:o}", "v", MESSAGE_VERSION, "type", "watch", "paths", paths));
}

static bool read_watch(const json_t *json, struct watch_list *list, struct error *e)
{
    const json_t *paths = json_object_get(json, "paths");
    size_t count = json_array_size(paths);
    if (!json_is_array(paths) || count > WATCH_PATHS_MAX)
        return error_set(e, CAUSE_BUG, "message without a list of at most %d paths",
                         WATCH_PATHS_MAX);
    list->paths = xcalloc(count + 1, sizeof *list->paths);
    for (size_t i = 0; i < count; i++) {
        const char *path = json_string_value(json_array_get(paths, i));
        if (!path || path[0] != '/' || strlen(path) > WATCH_PATH_BYTES_MAX) {
            watch_list_release(list);
            return error_set(e, CAUSE_BUG, "message with a bad path to watch");
        }
        list->paths[list->count++] = xstrdup(path);
    }
    return true;
}

void watch_list_release(struct watch_list *list)
{
    for (size_t i = 0; i < list->count; i++)
        free(list->paths[i]);
    free(list->paths);
    *list = (struct watch_list){0};
}

char *message_write_store(const struct store_notice *notice)
{
    return json_line(json_pack("{s:i, s:s, s:o, s:I, s:I}", "v", MESSAGE_VERSION, "type", "store",
                               "bookmark", text_json(notice->bookmark), "version",
                               (json_int_t)notice->version, "last_success_at",
                               (json_int_t)notice->last_success_at));
}

static bool read_store(const json_t *json, struct store_notice *notice, struct error *e)
{
    return copy_text(json, "bookmark", notice->bookmark, sizeof notice->bookmark, e) &&
           copy_number(json, "version", &notice->version, e) &&
           copy_number(json, "last_success_at", &notice->last_success_at, e);
}

/* NULL with `e` filled unless the line is an object of our version. */
static json_t *parse_line(const char *line, size_t size, struct error *e)
{
    json_error_t problem;
    if (size > MESSAGE_MAX_BYTES) {
        error_set(e, CAUSE_BUG, "message of %zu bytes; at most %d are taken", size,
                  MESSAGE_MAX_BYTES);
        return NULL;
    }
    json_t *json = json_loadb(line, size, JSON_REJECT_DUPLICATES, &problem);
    if (!json) {
        error_set(e, CAUSE_BUG, "message is not JSON: %s", problem.text);
        return NULL;
    }
    int64_t version = json_integer_value(json_object_get(json, "v"));
    if (version != MESSAGE_VERSION) {
        error_set(e, CAUSE_BUG,
                  "message of version %" PRId64 ", not %d: are lattice-supervise and "
                  "lattice-worker of the same version?",
                  version, MESSAGE_VERSION);
        json_decref(json);
        return NULL;
    }
    return json;
}

bool message_read(const char *line, size_t size, struct message *message, struct error *e)
{
    CLEANUP(free_json) json_t *json = parse_line(line, size, e);
    const char *type = json ? json_string_value(json_object_get(json, "type")) : NULL;
    if (!json)
        return false;
    *message = (struct message){0};
    if (type && strcmp(type, "progress") == 0) {
        message->type = MESSAGE_PROGRESS;
        return read_progress(json, &message->progress, e);
    }
    if (type && strcmp(type, "result") == 0) {
        message->type = MESSAGE_RESULT;
        return read_result(json, &message->result, e);
    }
    if (type && strcmp(type, "watch") == 0) {
        message->type = MESSAGE_WATCH;
        return read_watch(json, &message->watch, e);
    }
    if (type && strcmp(type, "store") == 0) {
        message->type = MESSAGE_STORE;
        return read_store(json, &message->store, e);
    }
    return error_set(e, CAUSE_BUG, "message of unknown type");
}

void message_release(struct message *message)
{
    watch_list_release(&message->watch);
}

char *message_write_job(const struct job *job)
{
    json_t *pages = json_array();
    for (size_t i = 0; i < job->quarantine_count; i++)
        json_array_append_new(pages, json_pack("[o, o]", text_json(job->quarantine[i].path),
                                               text_json(job->quarantine[i].blob)));
    return json_line(json_pack("{s:i, s:s, s:s, s:I, s:I, s:I, s:b, s:b, s:b, s:b, s:s?, s:o}", "v",
                               MESSAGE_VERSION, "type", "job", "run_id", job->run_id, "timeout_ms",
                               (json_int_t)job->timeout_ms, "grace_ms", (json_int_t)job->grace_ms,
                               "stall_ms", (json_int_t)job->stall_ms, "by_budget", job->by_budget,
                               "full", job->full, "allow_shrink", job->allow_shrink, "swept",
                               job->swept, "config", job->config, "quarantine", pages));
}

static bool read_quarantine(const json_t *list, struct job *job, struct error *e)
{
    size_t count = json_array_size(list);
    job->quarantine = xcalloc(count, sizeof *job->quarantine);
    for (size_t i = 0; i < count; i++) {
        const json_t *pair = json_array_get(list, i);
        const char *path = json_string_value(json_array_get(pair, 0));
        const char *blob = json_string_value(json_array_get(pair, 1));
        if (!path || !blob)
            return error_set(e, CAUSE_BUG, "job with a bad quarantine entry");
        job->quarantine[job->quarantine_count++] =
            (struct page_name){.path = xstrdup(path), .blob = xstrdup(blob)};
    }
    return true;
}

bool message_read_job(const char *line, size_t size, struct job *out, struct error *e)
{
    CLEANUP(free_json) json_t *json = parse_line(line, size, e);
    if (!json)
        return false;
    struct job job = {
        .by_budget = json_is_true(json_object_get(json, "by_budget")),
        .full = json_is_true(json_object_get(json, "full")),
        .allow_shrink = json_is_true(json_object_get(json, "allow_shrink")),
        .swept = json_is_true(json_object_get(json, "swept")),
    };
    if (!copy_text(json, "run_id", job.run_id, sizeof job.run_id, e) ||
        !copy_number(json, "timeout_ms", &job.timeout_ms, e) ||
        !copy_number(json, "grace_ms", &job.grace_ms, e) ||
        !copy_number(json, "stall_ms", &job.stall_ms, e) ||
        !read_quarantine(json_object_get(json, "quarantine"), &job, e)) {
        job_release(&job);
        return false;
    }
    const char *config = json_string_value(json_object_get(json, "config"));
    job.config = config ? xstrdup(config) : NULL;
    *out = job;
    return true;
}

static const char *const stop_lines[] = {
    [STOP_NONE] = "",
    [STOP_DEADLINE] = "stop deadline\n",
    [STOP_BUDGET] = "stop budget\n",
    [STOP_STALL] = "stop stall\n",
    [STOP_ASKED] = "stop asked\n",
};

const char *message_stop(enum stop_reason reason)
{
    return stop_lines[reason];
}

enum stop_reason message_read_stop(const char *text, size_t size)
{
    for (int i = STOP_DEADLINE; i <= STOP_ASKED; i++)
        if (size == strlen(stop_lines[i]) && memcmp(text, stop_lines[i], size) == 0)
            return (enum stop_reason)i;
    return size >= 4 && memcmp(text, "stop", 4) == 0 ? STOP_ASKED : STOP_NONE;
}

void page_names_free(struct page_name *pages, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        free(pages[i].path);
        free(pages[i].blob);
    }
    free(pages);
}

void job_release(struct job *job)
{
    page_names_free(job->quarantine, job->quarantine_count);
    free(job->config);
    *job = (struct job){0};
}

void run_id_make(char run_id[RUN_ID_SIZE])
{
    unsigned char random[(RUN_ID_SIZE - 1) / 2];
    ssize_t n;
    do
        n = getrandom(random, sizeof random, 0);
    while (n < 0 && errno == EINTR);
    if (n != (ssize_t)sizeof random) {
        fputs("error: bug: getrandom gave too little\n", stderr);
        exit(cause_exit(CAUSE_BUG));
    }
    for (size_t i = 0; i < sizeof random; i++)
        snprintf(run_id + 2 * i, 3, "%02x", random[i]);
}
