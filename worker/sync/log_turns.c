/* What was said in a session, as the chunks of its page. */
#include "worker/sync/log_turns.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "worker/sync/chunk.h"

/* Of a prompt, in the heading of its turn. */
enum { PROMPT_SHOWN_BYTES = 80 };

bool log_turns_open(struct log_turns *t, struct store *store, int64_t page, int64_t position,
                    struct error *e)
{
    t->store = store;
    t->page = page;
    t->position = position;
    t->added = 0;
    t->row = 0;
    buf_reset(&t->text);
    if (t->words == 0)
        return true;
    struct log_chunk last = {.page = page, .position = position - 1};
    bool ok = store_log_chunk_read(store, &last, &t->text, e);
    t->row = last.id;
    return ok;
}

static bool store_chunk(struct log_turns *t, struct error *e)
{
    struct log_chunk chunk = {.id = t->row,
                              .page = t->page,
                              .position = t->position,
                              .title = t->title,
                              .heading = t->heading,
                              .text = t->text.data,
                              .size = t->text.size};
    if (!store_log_chunk_put(t->store, &chunk, e))
        return false;
    if (!t->row) {
        t->position++;
        t->added++;
    }
    t->row = chunk.id;
    return true;
}

bool log_turns_flush(struct log_turns *t, struct error *e)
{
    return t->text.size == 0 || store_chunk(t, e);
}

static bool close_chunk(struct log_turns *t, struct error *e)
{
    if (!log_turns_flush(t, e))
        return false;
    buf_reset(&t->text);
    t->words = 0;
    t->row = 0;
    return true;
}

static bool add_text(struct log_turns *t, const char *text, size_t size, struct error *e)
{
    if (t->text.size && t->text.size + size > CHUNK_MAX_BYTES && !close_chunk(t, e))
        return false;
    while (size > CHUNK_MAX_BYTES) {
        const char *newline = memrchr(text, '\n', CHUNK_MAX_BYTES);
        size_t part = newline ? (size_t)(newline - text) + 1 : utf8_floor(text, CHUNK_MAX_BYTES);
        buf_add(&t->text, text, part);
        if (!close_chunk(t, e))
            return false;
        text += part;
        size -= part;
    }
    buf_add(&t->text, text, size);
    t->words += count_words(text, size) + 1;
    return true;
}

void log_first_line(const char *text, size_t text_size, char *out, size_t size)
{
    const char *newline = memchr(text, '\n', text_size);
    size_t length = newline ? (size_t)(newline - text) : text_size;
    if (length >= size)
        length = utf8_floor(text, size - 1);
    memcpy(out, text, length);
    out[length] = '\0';
}

static bool begin_turn(struct log_turns *t, const char *prompt, size_t size, struct error *e)
{
    char shown[PROMPT_SHOWN_BYTES + 1];
    if (!close_chunk(t, e))
        return false;
    log_first_line(prompt, size, shown, sizeof shown);
    t->turn++;
    snprintf(t->heading, sizeof t->heading, "Turn %" PRId64 " › %s", t->turn, shown);
    return true;
}

/* The words in front of a block. */
static void add_label(struct buf *out, const struct log_block *block, bool sidechain)
{
    const char *tool = block->tool[0] ? block->tool : "tool";
    switch (block->kind) {
    case LOG_PROMPT:
        buf_add_text(out, "**User**\n\n");
        break;
    case LOG_SAID:
        buf_add_text(out, sidechain ? "**Subagent**\n\n" : "**Assistant**\n\n");
        break;
    case LOG_THOUGHT:
        buf_add_text(out, "*Thought:* ");
        break;
    case LOG_CALL:
        buf_printf(out, "`%s` ", tool);
        break;
    case LOG_RESULT:
        buf_printf(out, "`%s` %s ", tool, block->failed ? "failed:" : "→");
        break;
    case LOG_NOTE:
        buf_add_text(out, sidechain ? "**Task of a subagent**\n\n" : "");
        break;
    }
}

static bool add_block(struct log_turns *t, const struct log_line *line,
                      const struct log_block *block, struct buf *memory, struct error *e)
{
    const char *text = line->text.data + block->start;
    if (block->kind == LOG_PROMPT && !begin_turn(t, text, block->size, e))
        return false;
    buf_reset(memory);
    add_label(memory, block, line->sidechain);
    buf_add(memory, text, block->size);
    buf_add_text(memory, "\n\n");
    return add_text(t, memory->data, memory->size, e);
}

bool log_turns_add(struct log_turns *t, const struct log_line *line, struct error *e)
{
    struct buf memory = {0};
    bool ok = true;
    if (t->turn == 0 && !t->heading[0] && line->sidechain && line->count)
        snprintf(t->heading, sizeof t->heading, "Subagent");
    for (size_t i = 0; ok && i < line->count; i++)
        ok = add_block(t, line, &line->blocks[i], &memory, e);
    buf_release(&memory);
    return ok && (t->words < CHUNK_AIM_WORDS || close_chunk(t, e));
}

void log_turns_release(struct log_turns *t)
{
    buf_release(&t->text);
    *t = (struct log_turns){0};
}
