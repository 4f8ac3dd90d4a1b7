/* Lines of ~/.claude/projects/PROJECT/SESSION.jsonl. */
#include <stdio.h>
#include <string.h>

#include "worker/sync/log_line.h"

static int64_t count_of(const struct log_json *json, log_json_at usage, const char *key)
{
    int64_t count = log_json_count(json, log_json_member(json, usage, key));
    return count > 0 ? count : 0;
}

/* A message is split over lines that all repeat its usage, the first ones perhaps before the last
 * word was said: it counts once, and what its output has grown by since. */
static void take_usage(const struct log_json *json, struct log_state *state, struct log_line *line,
                       log_json_at message)
{
    log_json_at usage = log_json_member(json, message, "usage");
    log_json_at id = log_json_member(json, message, "id");
    int64_t output = count_of(json, usage, "output_tokens");
    uint64_t hash = log_hash(json, id, log_json_member(json, LOG_JSON_ROOT, "requestId"));
    for (size_t i = 0; id && i < LOG_USAGES_SEEN; i++) {
        if (state->usages[i].id != hash)
            continue;
        if (output <= state->usages[i].output)
            return;
        line->tokens.output = output - state->usages[i].output;
        line->used = true;
        state->usages[i].output = output;
        return;
    }
    line->messages = 1;
    line->used = true;
    line->tokens = (struct session_tokens){
        .input = count_of(json, usage, "input_tokens"),
        .output = output,
        .cache_read = count_of(json, usage, "cache_read_input_tokens"),
        .cache_creation = count_of(json, usage, "cache_creation_input_tokens"),
    };
    if (!id)
        return;
    size_t slot = state->next_usage++ % LOG_USAGES_SEEN;
    state->usages[slot].id = hash;
    state->usages[slot].output = output;
}

static void take_said(struct log_json *json, struct log_state *state, struct log_line *line,
                      log_json_at block)
{
    log_json_at type = log_json_member(json, block, "type");
    if (log_json_is(json, type, "text"))
        log_add(line, LOG_SAID, json, log_json_member(json, block, "text"), 0);
    else if (log_json_is(json, type, "thinking"))
        log_add(line, LOG_THOUGHT, json, log_json_member(json, block, "thinking"),
                LOG_THINKING_BYTES);
    else if (log_json_is(json, type, "tool_use") || log_json_is(json, type, "server_tool_use"))
        log_add_call(line, state, json,
                     &(struct log_call){.id = log_json_member(json, block, "id"),
                                        .name = log_json_member(json, block, "name"),
                                        .input = log_json_member(json, block, "input")});
}

static void take_assistant(struct log_json *json, struct log_state *state, struct log_line *line)
{
    log_json_at message = log_json_member(json, LOG_JSON_ROOT, "message");
    log_json_at content = log_json_member(json, message, "content");
    if (log_json_kind(json, content) == LOG_JSON_STRING)
        log_add(line, LOG_SAID, json, content, 0);
    else
        for (log_json_at b = log_json_first(json, content); b; b = log_json_next(json, content, b))
            take_said(json, state, line, b);
    log_copy(line, json, log_json_member(json, message, "model"), line->model, sizeof line->model);
    if (strcmp(line->model, "<synthetic>") != 0) /* the program's own words, of no model */
        take_usage(json, state, line, message);
}

/* What stands in a user's line and was not typed by a person. */
static bool is_note(const struct log_line *line, size_t start)
{
    static const char *const openings[] = {"<local-command-", "[Request interrupted by user",
                                           "Caveat: The messages below were generated",
                                           "<task-notification>"};
    const char *text = line->text.data + start;
    for (size_t i = 0; i < sizeof openings / sizeof *openings; i++)
        if (strncmp(text, openings[i], strlen(openings[i])) == 0)
            return true;
    return false;
}

/* What stands between <name> and </name> in a block; appended. */
static void add_between(struct log_line *line, const struct log_block *block, const char *name)
{
    char open[32];
    char close[32];
    snprintf(open, sizeof open, "<%s>", name);
    snprintf(close, sizeof close, "</%s>", name);
    const char *text = line->text.data + block->start;
    const char *from = memmem(text, block->size, open, strlen(open));
    if (!from)
        return;
    from += strlen(open);
    const char *to = memmem(from, block->size - (size_t)(from - text), close, strlen(close));
    if (!to)
        return;
    size_t start = (size_t)(from - line->text.data);
    size_t size = (size_t)(to - from);
    buf_reserve(&line->text, size + 1);
    buf_add(&line->text, line->text.data + start, size);
}

/* `/command arguments`, of which the program makes elements. */
static void take_command(struct log_line *line, struct log_block *block)
{
    static const char opening[] = "<command-";
    size_t start = line->text.size;
    if (strncmp(line->text.data + block->start, opening, sizeof opening - 1) != 0)
        return;
    add_between(line, block, "command-name");
    if (line->text.size == start)
        return;
    buf_add_byte(&line->text, ' ');
    add_between(line, block, "command-args");
    block->start = start;
    block->size = line->text.size - start;
}

static void take_typed(struct log_json *json, struct log_line *line, log_json_at text)
{
    if (!log_add(line, LOG_PROMPT, json, text, 0))
        return;
    struct log_block *block = &line->blocks[line->count - 1];
    take_command(line, block);
    if (line->sidechain ||
        log_json_true(json, log_json_member(json, LOG_JSON_ROOT, "isCompactSummary")) ||
        is_note(line, block->start))
        block->kind = LOG_NOTE;
}

/* A result is a text or blocks of text. */
static void take_result(struct log_json *json, struct log_state *state, struct log_line *line,
                        log_json_at block)
{
    log_json_at content = log_json_member(json, block, "content");
    enum { LOOK = LOG_RESULT_BYTES + LOG_LOOK_AHEAD_BYTES };
    size_t start = line->text.size;
    if (!log_json_text(json, content, LOOK, &line->text)) {
        log_json_at part = log_json_first(json, content);
        for (; part && line->text.size - start < LOOK; part = log_json_next(json, content, part))
            if (log_json_text(json, log_json_member(json, part, "text"), LOOK, &line->text))
                buf_add_byte(&line->text, '\n');
    }
    log_add_result(line, state, json,
                   &(struct log_result){
                       .call = log_json_member(json, block, "tool_use_id"),
                       .start = start,
                       .failed = log_json_true(json, log_json_member(json, block, "is_error"))});
}

static void take_user(struct log_json *json, struct log_state *state, struct log_line *line)
{
    log_json_at message = log_json_member(json, LOG_JSON_ROOT, "message");
    log_json_at content = log_json_member(json, message, "content");
    if (log_json_kind(json, content) == LOG_JSON_STRING) {
        take_typed(json, line, content);
        return;
    }
    for (log_json_at b = log_json_first(json, content); b; b = log_json_next(json, content, b)) {
        log_json_at type = log_json_member(json, b, "type");
        if (log_json_is(json, type, "text"))
            take_typed(json, line, log_json_member(json, b, "text"));
        else if (log_json_is(json, type, "tool_result"))
            take_result(json, state, line, b);
    }
}

/* Titles that a person gave, that a model made, or that sum up what was said. */
static void take_title(struct log_json *json, struct log_line *line, const char *key,
                       enum log_title rank)
{
    log_copy(line, json, log_json_member(json, LOG_JSON_ROOT, key), line->title,
             sizeof line->title);
    if (line->title[0])
        line->title_rank = rank;
}

static void take(struct log_json *json, struct log_state *state, struct log_line *line)
{
    log_json_at type = log_json_member(json, LOG_JSON_ROOT, "type");
    log_copy(line, json, log_json_member(json, LOG_JSON_ROOT, "sessionId"), line->session,
             sizeof line->session);
    if (log_json_is(json, type, "custom-title"))
        take_title(json, line, "customTitle", LOG_TITLE_GIVEN);
    else if (log_json_is(json, type, "ai-title"))
        take_title(json, line, "aiTitle", LOG_TITLE_MADE);
    else if (log_json_is(json, type, "summary"))
        take_title(json, line, "summary", LOG_TITLE_MADE);
    if (log_json_true(json, log_json_member(json, LOG_JSON_ROOT, "isMeta")))
        return;
    log_copy(line, json, log_json_member(json, LOG_JSON_ROOT, "cwd"), line->cwd, sizeof line->cwd);
    line->sidechain = log_json_true(json, log_json_member(json, LOG_JSON_ROOT, "isSidechain"));
    if (log_json_is(json, type, "user"))
        take_user(json, state, line);
    else if (log_json_is(json, type, "assistant"))
        take_assistant(json, state, line);
    else if (log_json_is(json, type, "system"))
        log_add(line, LOG_NOTE, json, log_json_member(json, LOG_JSON_ROOT, "content"),
                LOG_RESULT_BYTES);
}

static const char *const inside[] = {"message", NULL};

const struct log_format log_claude = {.name = "claude", .inside = inside, .take = take};
