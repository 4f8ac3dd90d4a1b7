/* Tools, models and tokens of a part of a log. */
#include "worker/sync/log_counts.h"

#include <string.h>

void log_add_tokens(struct session_tokens *to, const struct session_tokens *more)
{
    to->input += more->input;
    to->output += more->output;
    to->cache_read += more->cache_read;
    to->cache_creation += more->cache_creation;
}

bool log_counts_flush(struct log_counts *c, struct store *store, int64_t page, struct error *e)
{
    for (size_t i = 0; i < c->tool_count; i++) {
        const struct session_tool tool = {c->tools[i].name, c->tools[i].calls, c->tools[i].errors};
        if (!store_session_tool(store, page, &tool, e))
            return false;
    }
    for (size_t i = 0; i < c->use_count; i++) {
        const struct session_use use = {.day = c->uses[i].day,
                                        .model = c->uses[i].model,
                                        .messages = c->uses[i].messages,
                                        .tokens = c->uses[i].tokens};
        if (!store_session_use(store, page, &use, e))
            return false;
    }
    c->tool_count = 0;
    c->use_count = 0;
    return true;
}

static bool add_tool(struct log_counts *c, struct store *store, int64_t page,
                     const struct log_block *block, struct error *e)
{
    const char *name = block->tool[0] ? block->tool : "unknown";
    size_t i = 0;
    while (i < c->tool_count && strcmp(c->tools[i].name, name) != 0)
        i++;
    if (i == LOG_COUNT_TOOLS) {
        if (!log_counts_flush(c, store, page, e))
            return false;
        i = 0;
    }
    if (i == c->tool_count) {
        memset(&c->tools[i], 0, sizeof c->tools[i]);
        memcpy(c->tools[i].name, name, strlen(name));
        c->tool_count++;
    }
    c->tools[i].calls += block->kind == LOG_CALL;
    c->tools[i].errors += block->kind == LOG_RESULT && block->failed;
    return true;
}

static bool add_use(struct log_counts *c, struct store *store, int64_t page,
                    const struct log_line *line, struct error *e)
{
    const char *model = line->model[0] ? line->model : "unknown";
    size_t i = 0;
    while (i < c->use_count &&
           (strcmp(c->uses[i].model, model) != 0 || strcmp(c->uses[i].day, line->day) != 0))
        i++;
    if (i == LOG_COUNT_USES) {
        if (!log_counts_flush(c, store, page, e))
            return false;
        i = 0;
    }
    if (i == c->use_count) {
        memset(&c->uses[i], 0, sizeof c->uses[i]);
        memcpy(c->uses[i].model, model, strlen(model));
        memcpy(c->uses[i].day, line->day, sizeof line->day);
        c->use_count++;
    }
    c->uses[i].messages += line->messages;
    log_add_tokens(&c->uses[i].tokens, &line->tokens);
    return true;
}

bool log_counts_add(struct log_counts *c, struct store *store, int64_t page,
                    const struct log_line *line, struct error *e)
{
    for (size_t i = 0; i < line->count; i++) {
        const struct log_block *b = &line->blocks[i];
        if ((b->kind == LOG_CALL || (b->kind == LOG_RESULT && b->failed)) &&
            !add_tool(c, store, page, b, e))
            return false;
    }
    return !line->used || add_use(c, store, page, line, e);
}
