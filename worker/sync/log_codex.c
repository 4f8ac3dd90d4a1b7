/* Lines of ~/.codex/sessions/YYYY/MM/DD/rollout-TIME-SESSION.jsonl: {timestamp, type, payload}. */
#include <stdlib.h>
#include <string.h>

#include "worker/sync/log_line.h"

/* Everything said stands in it twice, as response_item and as event_msg: of the latter only the
 * token counts are read. */

static void take_meta(struct log_json *json, struct log_line *line, log_json_at payload)
{
    log_copy(line, json, log_json_member(json, payload, "id"), line->session, sizeof line->session);
    log_copy(line, json, log_json_member(json, payload, "cwd"), line->cwd, sizeof line->cwd);
}

static void take_context(struct log_json *json, struct log_state *state, struct log_line *line,
                         log_json_at payload)
{
    char model[LOG_NAME_BYTES];
    log_copy(line, json, log_json_member(json, payload, "cwd"), line->cwd, sizeof line->cwd);
    log_copy(line, json, log_json_member(json, payload, "model"), model, sizeof model);
    if (model[0])
        memcpy(state->model, model, sizeof model);
}

/* What the program says in the user's name. */
static bool is_told(const char *text)
{
    static const char *const openings[] = {"<environment_context>", "<user_instructions>",
                                           "<permissions instructions>", "<INSTRUCTIONS>",
                                           "# AGENTS.md instructions"};
    for (size_t i = 0; i < sizeof openings / sizeof *openings; i++)
        if (strncmp(text, openings[i], strlen(openings[i])) == 0)
            return true;
    return false;
}

static void take_message(struct log_json *json, struct log_state *state, struct log_line *line,
                         log_json_at payload)
{
    log_json_at role = log_json_member(json, payload, "role");
    log_json_at content = log_json_member(json, payload, "content");
    bool user = log_json_is(json, role, "user");
    if (!user && !log_json_is(json, role, "assistant"))
        return;
    for (log_json_at b = log_json_first(json, content); b; b = log_json_next(json, content, b)) {
        log_json_at text = log_json_member(json, b, "text");
        if (!log_add(line, user ? LOG_PROMPT : LOG_SAID, json, text, 0))
            continue;
        if (user && is_told(line->text.data + line->blocks[line->count - 1].start))
            line->count--;
    }
    if (user || !line->count)
        return;
    line->messages = 1;
    line->used = true;
    memcpy(line->model, state->model, sizeof line->model);
}

/* `Exit code: 1` in front, or {"output": ..., "metadata": {"exit_code": 1}}. */
static bool exit_failed(const char *text)
{
    static const char words[] = "Exit code: ";
    static const char key[] = "\"exit_code\":";
    const char *code = NULL;
    if (strncmp(text, words, sizeof words - 1) == 0)
        code = text + sizeof words - 1;
    else if (text[0] == '{')
        code = strstr(text, key);
    if (code && *code == '"')
        code += sizeof key - 1;
    return code && strtol(code, NULL, 10) != 0;
}

/* {"output": "...", "metadata": {...}} as a text: the output is meant. */
static void take_inner_output(struct log_line *line, size_t start)
{
    struct log_inner inner;
    if (!log_inner_read(&inner, line, start))
        return;
    log_json_at output = log_json_member(&inner.json, LOG_JSON_ROOT, "output");
    if (!log_json_text(&inner.json, output, 0, &line->text))
        buf_add(&line->text, inner.text.data, inner.text.size);
    log_inner_release(&inner);
}

static void take_output(struct log_json *json, struct log_state *state, struct log_line *line,
                        log_json_at payload)
{
    enum { LOOK = 64 * 1024 };
    log_json_at output = log_json_member(json, payload, "output");
    log_json_at success = log_json_member(json, output, "success");
    size_t start = line->text.size;
    if (log_json_kind(json, output) == LOG_JSON_OBJECT)
        output = log_json_member(json, output, "content");
    if (!log_json_text(json, output, LOOK, &line->text))
        return;
    bool failed = log_json_kind(json, success) == LOG_JSON_FALSE ||
                  (line->text.data && exit_failed(line->text.data + start));
    take_inner_output(line, start);
    log_add_result(line, state, json,
                   &(struct log_result){.call = log_json_member(json, payload, "call_id"),
                                        .start = start,
                                        .failed = failed});
}

static void take_thought(struct log_json *json, struct log_state *state, struct log_line *line,
                         log_json_at payload)
{
    (void)state;
    log_json_at list = log_json_member(json, payload, "summary");
    for (log_json_at b = log_json_first(json, list); b; b = log_json_next(json, list, b))
        log_add(line, LOG_THOUGHT, json, log_json_member(json, b, "text"), LOG_THINKING_BYTES);
}

static void take_call(struct log_json *json, struct log_state *state, struct log_line *line,
                      log_json_at payload)
{
    log_json_at action = log_json_member(json, payload, "action");
    struct log_call call = {.id = log_json_member(json, payload, "call_id"),
                            .name = log_json_member(json, payload, "name"),
                            .input = log_json_member(json, payload, "arguments")};
    if (!call.input)
        call.input = log_json_member(json, payload, "input");
    if (action) { /* local_shell_call */
        call.name = log_json_member(json, payload, "type");
        call.input = log_json_member(json, action, "command");
    }
    log_add_call(line, state, json, &call);
}

static void take_item(struct log_json *json, struct log_state *state, struct log_line *line,
                      log_json_at payload)
{
    static const struct {
        const char *type;
        void (*take)(struct log_json *json, struct log_state *state, struct log_line *line,
                     log_json_at payload);
    } items[] = {
        {"message", take_message},
        {"reasoning", take_thought},
        {"function_call", take_call},
        {"custom_tool_call", take_call},
        {"local_shell_call", take_call},
        {"function_call_output", take_output},
        {"custom_tool_call_output", take_output},
    };
    log_json_at type = log_json_member(json, payload, "type");
    for (size_t i = 0; i < sizeof items / sizeof *items; i++)
        if (log_json_is(json, type, items[i].type))
            items[i].take(json, state, line, payload);
}

static int64_t grown(int64_t now, int64_t before)
{
    return now > before ? now - before : 0;
}

/* Totals of the session so far, told again and again: what they have grown by counts. Totals that
 * fall are those of a count that began anew. */
static void take_tokens(struct log_json *json, struct log_state *state, struct log_line *line,
                        log_json_at payload)
{
    log_json_at info = log_json_member(json, payload, "info");
    log_json_at usage = log_json_member(json, info, "total_token_usage");
    int64_t input = log_json_count(json, log_json_member(json, usage, "input_tokens"));
    int64_t cached = log_json_count(json, log_json_member(json, usage, "cached_input_tokens"));
    int64_t output = log_json_count(json, log_json_member(json, usage, "output_tokens"));
    struct session_tokens *total = &state->total;
    if (!usage || input < 0 || output < 0)
        return;
    cached = cached < 0 ? 0 : cached < input ? cached : input;
    const struct session_tokens now = {
        .input = input - cached, .output = output, .cache_read = cached};
    if (now.output < total->output || now.input + cached < total->input + total->cache_read)
        *total = (struct session_tokens){0};
    line->tokens = (struct session_tokens){.input = grown(now.input, total->input),
                                           .output = grown(now.output, total->output),
                                           .cache_read = grown(cached, total->cache_read)};
    *total = now;
    line->used = line->tokens.input || line->tokens.output || line->tokens.cache_read;
    memcpy(line->model, state->model, sizeof line->model);
}

static void take(struct log_json *json, struct log_state *state, struct log_line *line)
{
    log_json_at type = log_json_member(json, LOG_JSON_ROOT, "type");
    log_json_at payload = log_json_member(json, LOG_JSON_ROOT, "payload");
    if (log_json_is(json, type, "session_meta"))
        take_meta(json, line, payload);
    else if (log_json_is(json, type, "turn_context"))
        take_context(json, state, line, payload);
    else if (log_json_is(json, type, "response_item"))
        take_item(json, state, line, payload);
    else if (log_json_is(json, type, "event_msg") &&
             log_json_is(json, log_json_member(json, payload, "type"), "token_count"))
        take_tokens(json, state, line, payload);
}

static const char *const inside[] = {"payload", NULL};

const struct log_format log_codex = {.name = "codex", .inside = inside, .take = take};
