/* What the formats share: cleaning, shortening, times, a tool's name from its call's id. */
#include "worker/sync/log_line.h"

#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

#include "common/private.h"
#include "common/secret.h"
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

/* What a tool was given, in words: `key: value, key: value`; lists and objects in it as JSON. */
static void add_input(struct log_line *line, const struct log_json *json, log_json_at input)
{
    enum { LOOK = LOG_CALL_BYTES + LOG_LOOK_AHEAD_BYTES };
    size_t start = line->text.size;
    if (!input)
        return;
    if (log_json_text(json, input, LOOK, &line->text))
        return;
    bool object = log_json_kind(json, input) == LOG_JSON_OBJECT;
    for (log_json_at k = log_json_first(json, input); k && line->text.size - start < LOOK;) {
        log_json_at value = object ? log_json_next(json, input, k) : k;
        if (!value)
            break;
        if (line->text.size > start)
            buf_add_text(&line->text, object ? ", " : " ");
        if (object && log_json_text(json, k, LOG_NAME_BYTES, &line->text))
            buf_add_text(&line->text, ": ");
        if (!log_json_text(json, value, LOOK, &line->text)) {
            const struct log_json_value *v = &json->values[value];
            utf8_sanitize(&line->text, json->text + v->start, v->size < LOOK ? v->size : LOOK);
        }
        k = log_json_next(json, input, value);
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

void log_name_result(struct log_line *line, struct log_state *state, const struct log_json *json,
                     log_json_at id)
{
    uint64_t hash = log_hash(json, id, 0);
    struct log_block *block = &line->blocks[line->count - 1];
    for (size_t i = 0; i < LOG_TOOLS_OPEN; i++) {
        if (state->tools[i].id != hash)
            continue;
        memcpy(block->tool, state->tools[i].name, sizeof block->tool);
        state->tools[i].id = 0;
        return;
    }
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
