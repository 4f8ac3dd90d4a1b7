/* Writing and reading the lines of supervise.sock. */
#include "supervisor/control_message.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "common/cleanup.h"
#include "common/json_text.h"
#include "common/text.h"

static json_t *begin(const char *type)
{
    json_t *json = json_object();
    json_object_set_new(json, "v", json_integer(CONTROL_VERSION));
    json_object_set_new(json, "type", json_string(type));
    return json;
}

/* NULL with `e` filled unless it is an object of our version. */
static json_t *parse(const char *line, size_t size, size_t most, struct error *e)
{
    json_error_t problem;
    if (size > most) {
        error_set(e, CAUSE_USAGE, "a line of more than %zu bytes", most);
        return NULL;
    }
    json_t *json = json_loadb(line, size, JSON_REJECT_DUPLICATES, &problem);
    int64_t version = json_integer_value(json_object_get(json, "v"));
    if (version == CONTROL_VERSION)
        return json;
    if (!json)
        error_set(e, CAUSE_USAGE, "not JSON: %s", problem.text);
    else
        error_set(e, CAUSE_USAGE,
                  "version %" PRId64 ", not %d: is the running supervisor of the same version?",
                  version, CONTROL_VERSION);
    json_decref(json);
    return NULL;
}

/* A missing key is an empty text or 0. */
static bool copy_text(const json_t *json, const char *key, char *out, size_t size)
{
    const char *text = json_string_value(json_object_get(json, key));
    size_t length = text ? strlen(text) : 0;
    bool fits = length < size;
    snprintf(out, size, "%.*s", (int)utf8_floor(text ? text : "", fits ? length : size - 1),
             text ? text : "");
    return fits;
}

static int64_t number(const json_t *json, const char *key)
{
    return json_integer_value(json_object_get(json, key));
}

/* The numbers of a request, in one list for writer and reader. */
#define REQUEST_NUMBERS(X)                                                                         \
    X("timeout_ms", limits.timeout_ms)                                                             \
    X("grace_ms", limits.grace_ms)                                                                 \
    X("stall_ms", limits.stall_ms)                                                                 \
    X("budget_ms", budget_ms)                                                                      \
    X("waves", waves)                                                                              \
    X("max_age_ms", max_age_ms)

char *control_write_request(const struct control_request *request)
{
    json_t *json = begin("request");
    json_object_set_new(json, "command", text_json(request->command));
    json_object_set_new(json, "source", text_json(request->source));
    if (request->path)
        json_object_set_new(json, "path", text_json(request->path));
#define X(key, field) json_object_set_new(json, key, json_integer(request->field));
    REQUEST_NUMBERS(X)
#undef X
    json_object_set_new(json, "full", json_boolean(request->full));
    json_object_set_new(json, "allow_shrink", json_boolean(request->allow_shrink));
    json_object_set_new(json, "force", json_boolean(request->force));
    return json_line(json);
}

bool control_read_request(const char *line, size_t size, struct control_request *request,
                          struct error *e)
{
    CLEANUP(free_json) json_t *json = parse(line, size, CONTROL_REQUEST_BYTES_MAX, e);
    struct control_request read = {0};
    char type[16];
    if (!json)
        return false;
    if (!copy_text(json, "type", type, sizeof type) || strcmp(type, "request") != 0 ||
        !copy_text(json, "command", read.command, sizeof read.command) ||
        !copy_text(json, "source", read.source, sizeof read.source))
        return error_set(e, CAUSE_USAGE, "not a request");
#define X(key, field)                                                                              \
    read.field = number(json, key);                                                                \
    if (read.field < 0 || read.field > INT64_C(1) << 40)                                           \
        return error_set(e, CAUSE_USAGE, "a request with a bad \"%s\"", key);
    REQUEST_NUMBERS(X)
#undef X
    read.full = json_is_true(json_object_get(json, "full"));
    read.allow_shrink = json_is_true(json_object_get(json, "allow_shrink"));
    read.force = json_is_true(json_object_get(json, "force"));
    const char *path = json_string_value(json_object_get(json, "path"));
    read.path = path ? xstrdup(path) : NULL;
    *request = read;
    return true;
}

void control_request_release(struct control_request *request)
{
    free(request->path);
    *request = (struct control_request){0};
}

static const char *const reply_types[] = {
    [REPLY_TAKEN] = "taken",     [REPLY_ATTEMPT] = "attempt", [REPLY_TEXT] = "text",
    [REPLY_RUNNING] = "running", [REPLY_VERDICT] = "verdict", [REPLY_END] = "end"};

/* The numbers of an attempt beside its result, which has a writer of its own. */
#define ATTEMPT_NUMBERS(X)                                                                         \
    X(ended_at)                                                                                    \
    X(failures)                                                                                    \
    X(next_attempt_at)

static void add_attempt(json_t *json, const struct attempt *attempt)
{
    CLEANUP(free_text) char *result = message_write_result(&attempt->result);
    json_object_set_new(json, "result", json_loads(result, 0, NULL));
    json_object_set_new(json, "kill_stage", text_json(attempt->kill_stage));
    json_object_set_new(json, "wave", json_integer(attempt->wave));
    json_object_set_new(json, "exit_code", json_integer(attempt->exit_code));
    json_object_set_new(json, "signal", json_integer(attempt->signal));
#define X(name) json_object_set_new(json, #name, json_integer(attempt->name));
    ATTEMPT_NUMBERS(X)
#undef X
}

static bool read_attempt(const json_t *json, struct attempt *attempt, struct error *e)
{
    struct message message;
    CLEANUP(free_text) char *result = json_dumps(json_object_get(json, "result"), JSON_COMPACT);
    if (!result || !message_read(result, strlen(result), &message, e))
        return error_set(e, CAUSE_BUG, "a reply without a result");
    attempt->result = message.result;
    bool is_result = message.type == MESSAGE_RESULT;
    message_release(&message);
    copy_text(json, "kill_stage", attempt->kill_stage, sizeof attempt->kill_stage);
    attempt->wave = (int)number(json, "wave");
    attempt->exit_code = (int)number(json, "exit_code");
    attempt->signal = (int)number(json, "signal");
#define X(name) attempt->name = number(json, #name);
    ATTEMPT_NUMBERS(X)
#undef X
    return is_result || error_set(e, CAUSE_BUG, "a reply without a result");
}

static bool read_verdict(const json_t *json, struct break_verdict *verdict, struct error *e)
{
    char answer[24];
    copy_text(json, "id", verdict->id, sizeof verdict->id);
    copy_text(json, "verdict", answer, sizeof answer);
    copy_text(json, "reason", verdict->reason, sizeof verdict->reason);
    copy_text(json, "host", verdict->host, sizeof verdict->host);
    verdict->pid = (pid_t)number(json, "pid");
    const json_t *age = json_object_get(json, "age_s");
    verdict->age_s = json_is_integer(age) ? json_integer_value(age) : -1;
    return break_answer_parse(answer, &verdict->answer) ||
           error_set(e, CAUSE_BUG, "a reply with an unknown verdict");
}

char *control_write_reply(const struct control_reply *reply)
{
    json_t *json = begin(reply_types[reply->type]);
    json_object_set_new(json, "source", text_json(reply->source));
    switch (reply->type) {
    case REPLY_TAKEN:
        break;
    case REPLY_ATTEMPT:
        add_attempt(json, &reply->attempt);
        break;
    case REPLY_TEXT:
    case REPLY_END:
        json_object_set_new(json, "cause", json_string(cause_name(reply->cause)));
        json_object_set_new(json, "text", text_json(reply->text));
        break;
    case REPLY_VERDICT:
        json_object_set_new(json, "verdict", break_verdict_json(&reply->verdict));
        break;
    case REPLY_RUNNING:
        json_object_set_new(json, "phase", text_json(reply->phase));
        json_object_set_new(json, "done", json_integer(reply->done));
        json_object_set_new(json, "total", json_integer(reply->total));
        json_object_set_new(json, "left_ms", json_integer(reply->left_ms));
        json_object_set_new(json, "quiet_ms", json_integer(reply->quiet_ms));
        json_object_set_new(json, "stopping", json_boolean(reply->stopping));
        break;
    }
    return json_line(json);
}

static void read_running(const json_t *json, struct control_reply *reply)
{
    copy_text(json, "phase", reply->phase, sizeof reply->phase);
    reply->done = number(json, "done");
    reply->total = number(json, "total");
    reply->left_ms = number(json, "left_ms");
    reply->quiet_ms = number(json, "quiet_ms");
    reply->stopping = json_is_true(json_object_get(json, "stopping"));
}

bool control_read_reply(const char *line, size_t size, struct control_reply *reply, struct error *e)
{
    CLEANUP(free_json) json_t *json = parse(line, size, CONTROL_REPLY_BYTES_MAX, e);
    char type[16];
    char cause[24];
    size_t at = 0;
    if (!json)
        return false;
    *reply = (struct control_reply){0};
    copy_text(json, "type", type, sizeof type);
    while (at <= REPLY_END && strcmp(type, reply_types[at]) != 0)
        at++;
    if (at > REPLY_END)
        return error_set(e, CAUSE_BUG, "a reply of unknown type");
    reply->type = (enum control_reply_type)at;
    copy_text(json, "source", reply->source, sizeof reply->source);
    copy_text(json, "text", reply->text, sizeof reply->text);
    if (copy_text(json, "cause", cause, sizeof cause) && cause[0] &&
        !cause_parse(cause, &reply->cause))
        return error_set(e, CAUSE_BUG, "a reply with an unknown cause");
    if (reply->type == REPLY_RUNNING)
        read_running(json, reply);
    if (reply->type == REPLY_VERDICT)
        return read_verdict(json_object_get(json, "verdict"), &reply->verdict, e);
    return reply->type != REPLY_ATTEMPT || read_attempt(json, &reply->attempt, e);
}
