/* What the formats share: cleaning, shortening, times, a tool's name from its call's id. */
#include "worker/sync/log_line.h"

#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

#include "common/private.h"
#include "common/secret.h"
#include "common/secret_find.h"
#include "worker/sync/date.h"

static const char shortened[] = "…";

const struct log_format *log_format_find(const char *name)
{
    static const struct log_format *const formats[] = {&log_claude, &log_codex};
    for (size_t i = 0; i < sizeof formats / sizeof *formats; i++)
        if (strcmp(formats[i]->name, name) == 0)
            return formats[i];
    return NULL;
}

static void clear(struct log_line *line)
{
    line->session[0] = '\0';
    line->cwd[0] = '\0';
    line->title[0] = '\0';
    line->title_rank = LOG_TITLE_NONE;
    line->at = -1;
    line->day[0] = '\0';
    line->sidechain = false;
    line->messages = 0;
    line->model[0] = '\0';
    line->tokens = (struct session_tokens){0};
    line->used = false;
    line->count = 0;
    buf_reserve(&line->text, 1);
    buf_reset(&line->text);
}

static void take_time(struct log_reader *reader)
{
    enum { DAY_S = 86400 };
    const struct log_json *json = &reader->json;
    struct log_line *line = &reader->line;
    char text[DATE_SIZE + 24];
    int64_t at;
    const struct log_json_value *v =
        &json->values[log_json_member(json, LOG_JSON_ROOT, "timestamp")];
    if (v->kind != LOG_JSON_STRING || v->size >= sizeof text)
        return;
    memcpy(text, json->text + v->start, v->size);
    text[v->size] = '\0';
    if (!date_read(text, &at) || at < 0)
        return;
    line->at = at;
    if (!reader->day[0] || reader->day_of != at / DAY_S) {
        date_write(at, text);
        memcpy(reader->day, text, sizeof reader->day - 1);
        reader->day_of = at / DAY_S;
    }
    memcpy(line->day, reader->day, sizeof line->day);
}

bool log_line_read(struct log_reader *reader, const char *text, size_t size, bool cut)
{
    struct log_json *json = &reader->json;
    const struct log_json_options options = {.inside = reader->format->inside, .cut = cut};
    clear(&reader->line);
    if (!log_json_read(json, text, size, &options) ||
        log_json_kind(json, LOG_JSON_ROOT) != LOG_JSON_OBJECT)
        return false;
    take_time(reader);
    reader->format->take(json, &reader->state, &reader->line);
    return true;
}

void log_reader_release(struct log_reader *reader)
{
    log_json_release(&reader->json);
    free(reader->line.blocks);
    buf_release(&reader->line.text);
    *reader = (struct log_reader){0};
}

size_t log_clean(char *text, size_t size)
{
    return secret_mask(text, session_strip(text, size));
}

/* One line: runs of white space become one space. The new size; where that is above `most`, more
 * than that is not needed. */
static size_t one_line(char *text, size_t size, size_t most)
{
    size_t kept = 0;
    for (size_t i = 0; i < size && kept <= most + 1; i++) {
        bool space = text[i] == ' ' || text[i] == '\n' || text[i] == '\t' || text[i] == '\r';
        if (space && (kept == 0 || text[kept - 1] == ' '))
            continue;
        text[kept++] = space ? ' ' : text[i];
    }
    return kept && text[kept - 1] == ' ' ? kept - 1 : kept;
}

static size_t trim(const char *text, size_t *start, size_t end)
{
    while (*start < end && strchr(" \n\t\r", text[*start]) && text[*start])
        ++*start;
    while (end > *start && strchr(" \n\t\r", text[end - 1]) && text[end - 1])
        end--;
    return end;
}

void log_copy(struct log_line *line, const struct log_json *json, log_json_at at, char *out,
              size_t size)
{
    size_t start = line->text.size;
    size_t length = 0;
    if (log_json_text(json, at, size * 2, &line->text)) {
        char *text = line->text.data + start;
        length = one_line(text, log_clean(text, line->text.size - start), size);
        if (length >= size)
            length = utf8_floor(text, size - 1);
        memcpy(out, text, length);
    }
    out[length] = '\0';
    line->text.size = start;
}

static struct log_block *new_block(struct log_line *line, enum log_block_kind kind)
{
    if (line->count == line->room) {
        line->room = line->room ? line->room * 2 : 8;
        line->blocks = xrealloc(line->blocks, line->room * sizeof *line->blocks);
    }
    struct log_block *block = &line->blocks[line->count++];
    block->kind = kind;
    block->tool[0] = '\0';
    block->failed = false;
    return block;
}

bool log_add_raw(struct log_line *line, enum log_block_kind kind, size_t start, size_t most)
{
    char *text = line->text.data + start;
    size_t size = line->text.size > start ? log_clean(text, line->text.size - start) : 0;
    if (most && size)
        size = one_line(text, size, most);
    line->text.size = start + size;
    if (most && size > most) {
        line->text.size = start + utf8_floor(text, most);
        buf_add_text(&line->text, shortened);
    }
    size_t end = size ? trim(line->text.data, &start, line->text.size) : start;
    if (end == start)
        return false;
    struct log_block *block = new_block(line, kind);
    block->start = start;
    block->size = end - start;
    return true;
}

bool log_add(struct log_line *line, enum log_block_kind kind, const struct log_json *json,
             log_json_at text, size_t most)
{
    size_t start = line->text.size;
    return log_json_text(json, text, most ? most + LOG_LOOK_AHEAD_BYTES : 0, &line->text) &&
           log_add_raw(line, kind, start, most);
}

bool log_inner_read(struct log_inner *inner, struct log_line *line, size_t start)
{
    const struct log_json_options options = {.cut = true};
    size_t size = line->text.size - start;
    *inner = (struct log_inner){0};
    if (!size || line->text.data[start] != '{')
        return false;
    buf_add(&inner->text, line->text.data + start, size);
    if (!log_json_read(&inner->json, inner->text.data, size, &options) ||
        !log_json_first(&inner->json, LOG_JSON_ROOT)) {
        log_inner_release(inner);
        return false;
    }
    line->text.size = start;
    return true;
}

void log_inner_release(struct log_inner *inner)
{
    log_json_release(&inner->json);
    buf_release(&inner->text);
}

/* Looked at of what a tool was given. */
enum { INPUT_LOOK_BYTES = LOG_CALL_BYTES + LOG_LOOK_AHEAD_BYTES };

/* Lists and objects as JSON. */
static void add_value(struct log_line *line, const struct log_json *json, log_json_at value)
{
    const struct log_json_value *v = &json->values[value];
    if (!log_json_text(json, value, INPUT_LOOK_BYTES, &line->text))
        utf8_sanitize(&line->text, json->text + v->start,
                      v->size < INPUT_LOOK_BYTES ? v->size : INPUT_LOOK_BYTES);
}

/* `key: value, key: value`. */
static void add_members(struct log_line *line, const struct log_json *json, log_json_at input)
{
    size_t start = line->text.size;
    bool object = log_json_kind(json, input) == LOG_JSON_OBJECT;
    for (log_json_at k = log_json_first(json, input);
         k && line->text.size - start < INPUT_LOOK_BYTES;) {
        log_json_at value = object ? log_json_next(json, input, k) : k;
        if (!value)
            break;
        if (line->text.size > start)
            buf_add_text(&line->text, object ? ", " : " ");
        size_t key = line->text.size;
        bool named = object && log_json_text(json, k, LOG_NAME_BYTES, &line->text);
        /* Without its quotes a value would look like prose. */
        bool secret = named && secret_named(line->text.data + key, line->text.size - key);
        if (named)
            buf_add_text(&line->text, ": ");
        if (secret && log_json_kind(json, value) == LOG_JSON_STRING)
            buf_add_text(&line->text, "***");
        else
            add_value(line, json, value);
        k = log_json_next(json, input, value);
    }
}

static void add_input(struct log_line *line, const struct log_json *json, log_json_at input)
{
    struct log_inner inner;
    size_t start = line->text.size;
    if (!input)
        return;
    if (!log_json_text(json, input, INPUT_LOOK_BYTES, &line->text)) {
        add_members(line, json, input);
    } else if (log_inner_read(&inner, line, start)) {
        add_members(line, &inner.json, LOG_JSON_ROOT);
        log_inner_release(&inner);
    }
}

void log_add_call(struct log_line *line, struct log_state *state, const struct log_json *json,
                  const struct log_call *call)
{
    size_t start = line->text.size;
    add_input(line, json, call->input);
    if (!log_add_raw(line, LOG_CALL, start, LOG_CALL_BYTES))
        *new_block(line, LOG_CALL) = (struct log_block){.kind = LOG_CALL, .start = start};
    struct log_block *block = &line->blocks[line->count - 1];
    log_copy(line, json, call->name, block->tool, sizeof block->tool);
    size_t slot = state->next_tool++ % LOG_TOOLS_OPEN;
    state->tools[slot].id = log_hash(json, call->id, 0);
    memcpy(state->tools[slot].name, block->tool, sizeof block->tool);
}

/* The tool of this call's id goes into the block. */
static void name_tool(struct log_block *block, struct log_state *state, uint64_t call)
{
    for (size_t i = 0; i < LOG_TOOLS_OPEN; i++) {
        if (state->tools[i].id != call)
            continue;
        memcpy(block->tool, state->tools[i].name, sizeof block->tool);
        state->tools[i].id = 0;
        return;
    }
}

void log_add_result(struct log_line *line, struct log_state *state, const struct log_json *json,
                    const struct log_result *result)
{
    static const char nothing_but_that[] = "failed";
    bool added = log_add_raw(line, LOG_RESULT, result->start, LOG_RESULT_BYTES);
    if (!added && result->failed) {
        size_t start = line->text.size;
        buf_add_text(&line->text, nothing_but_that);
        added = log_add_raw(line, LOG_RESULT, start, LOG_RESULT_BYTES);
    }
    if (!added)
        return;
    struct log_block *block = &line->blocks[line->count - 1];
    name_tool(block, state, log_hash(json, result->call, 0));
    block->failed = result->failed;
}

uint64_t log_hash(const struct log_json *json, log_json_at a, log_json_at b)
{
    uint64_t hash = 0;
    const log_json_at both[] = {a, b};
    for (size_t i = 0; i < 2; i++) {
        const struct log_json_value *v = &json->values[both[i]];
        bool text = v->kind == LOG_JSON_STRING;
        hash = XXH3_64bits_withSeed(json->text + (text ? v->start : 0), text ? v->size : 0, hash);
    }
    return hash ? hash : 1;
}
