/* Any bytes as lines of an agent's log: none crashes, what comes out of a line is clean. */
/* The reader of JSON agrees with jansson, the state survives being written, and secrets are masked
 * as where every byte is looked at. */
#include <jansson.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/private.h"
#include "tests/fuzz/must.h"
#include "tests/fuzz/secret_same.h"
#include "worker/sync/log_line.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* As log_json_text gives it. */
static void must_equal(const struct log_json *json, log_json_at at, const char *want, size_t size)
{
    struct buf got = {0};
    struct buf clean = {0};
    for (size_t i = 0; i < size; i++)
        if ((unsigned char)want[i] >= ' ' || want[i] == '\n' || want[i] == '\t')
            buf_add_byte(&clean, want[i]);
    MUST(log_json_text(json, at, 0, &got));
    MUST(got.size == clean.size && memcmp(got.data, clean.data ? clean.data : "", got.size) == 0);
    buf_release(&got);
    buf_release(&clean);
}

static void must_agree(const struct log_json *json, log_json_at at, json_t *want);

static void members_must_agree(const struct log_json *json, log_json_at at, json_t *want)
{
    size_t count = 0;
    for (log_json_at key = log_json_first(json, at); key; count++) {
        struct buf name = {0};
        log_json_at value = log_json_next(json, at, key);
        MUST(value && log_json_text(json, key, 0, &name));
        json_t *other = json_object_get(want, name.data);
        if (other) /* else its name has a control byte */
            must_agree(json, value, other);
        key = log_json_next(json, at, value);
        buf_release(&name);
    }
    MUST(count == json_object_size(want));
}

static void must_agree(const struct log_json *json, log_json_at at, json_t *want)
{
    static const enum log_json_kind kinds[] = {
        [JSON_OBJECT] = LOG_JSON_OBJECT, [JSON_ARRAY] = LOG_JSON_ARRAY,
        [JSON_STRING] = LOG_JSON_STRING, [JSON_INTEGER] = LOG_JSON_NUMBER,
        [JSON_REAL] = LOG_JSON_NUMBER,   [JSON_TRUE] = LOG_JSON_TRUE,
        [JSON_FALSE] = LOG_JSON_FALSE,   [JSON_NULL] = LOG_JSON_NULL,
    };
    MUST(log_json_kind(json, at) == kinds[json_typeof(want)]);
    if (json_is_string(want))
        must_equal(json, at, json_string_value(want), json_string_length(want));
    if (json_is_integer(want) && log_json_count(json, at) >= 0)
        MUST(log_json_count(json, at) == json_integer_value(want));
    if (json_is_object(want))
        members_must_agree(json, at, want);
    if (!json_is_array(want))
        return;
    size_t count = 0;
    for (log_json_at v = log_json_first(json, at); v; v = log_json_next(json, at, v), count++)
        must_agree(json, v, json_array_get(want, count));
    MUST(count == json_array_size(want));
}

static bool too_deep(const char *text, size_t size)
{
    size_t brackets = 0;
    for (size_t i = 0; i < size; i++)
        brackets += text[i] == '[' || text[i] == '{';
    return brackets >= LOG_JSON_MAX_DEPTH;
}

/* What is JSON is read as jansson reads it, also where it is cut anywhere. */
static void check_json(const char *text, size_t size)
{
    struct log_json json = {0};
    json_error_t error;
    json_t *want = json_loadb(text, size, JSON_ALLOW_NUL | JSON_REJECT_DUPLICATES, &error);
    bool read = log_json_read(&json, text, size, &(struct log_json_options){0});
    /* jansson takes a bare NUL byte for a blank. */
    if (want && !too_deep(text, size) && !memchr(text, '\0', size)) {
        size_t start = strspn(text, " \t\r\n") + 1;
        MUST(read);
        must_agree(&json, LOG_JSON_ROOT, want);
        for (size_t cut = start; cut < size; cut += 1 + cut / 16)
            MUST(log_json_read(&json, text, cut, &(struct log_json_options){.cut = true}));
    }
    json_decref(want);
    log_json_release(&json);
}

static void check_line(const struct log_line *line)
{
    MUST(utf8_valid(line->session, strlen(line->session)));
    MUST(utf8_valid(line->title, strlen(line->title)));
    MUST(utf8_valid(line->cwd, strlen(line->cwd)));
    MUST(line->tokens.input >= 0 && line->tokens.output >= 0 && line->tokens.cache_read >= 0);
    for (size_t i = 0; i < line->count; i++) {
        const struct log_block *block = &line->blocks[i];
        MUST(block->start + block->size <= line->text.size);
        if (block->size == 0)
            continue;
        char *text = xstrndup(line->text.data + block->start, block->size);
        MUST(utf8_valid(text, block->size));
        MUST(private_strip(text, block->size) == block->size);
        MUST(block_strip(text, block->size, "system-reminder") == block->size);
        free(text);
    }
}

static void check_state(const struct log_state *state)
{
    struct log_state again;
    json_t *json = log_state_write(state);
    log_state_read(&again, json);
    json_t *twice = log_state_write(&again);
    MUST(json_equal(json, twice));
    json_decref(json);
    json_decref(twice);
}

static void check_lines(const struct log_format *format, const char *text, size_t size, bool cut)
{
    struct log_reader reader = {.format = format};
    while (size > 0) {
        const char *newline = memchr(text, '\n', size);
        size_t length = newline ? (size_t)(newline - text) : size;
        if (log_line_read(&reader, text, length, cut))
            check_line(&reader.line);
        check_state(&reader.state);
        text += length + (newline != NULL);
        size -= length + (newline != NULL);
    }
    log_reader_release(&reader);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = xstrndup((const char *)data, size);
    check_json(text, size);
    check_lines(&log_claude, text, size, false);
    check_lines(&log_codex, text, size, true);
    MUST(secret_same(text, size));
    free(text);
    return 0;
}
