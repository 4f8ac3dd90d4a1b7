/* What the parser knows between two runs, as JSON: ids are hashes, so no text of a log is in it. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/json_text.h"
#include "worker/sync/log_line.h"

static json_t *write_id(uint64_t id)
{
    char text[17];
    snprintf(text, sizeof text, "%016" PRIx64, id);
    return json_string(text);
}

static uint64_t read_id(const json_t *json)
{
    const char *text = json_string_value(json);
    return text ? strtoull(text, NULL, 16) : 0;
}

/* The oldest first, as they will be overwritten. */
static json_t *write_tools(const struct log_state *state)
{
    json_t *list = json_array();
    for (uint32_t i = 0; i < LOG_TOOLS_OPEN; i++) {
        uint32_t at = (state->next_tool + i) % LOG_TOOLS_OPEN;
        if (state->tools[at].id)
            json_array_append_new(list, json_pack("[o, o]", write_id(state->tools[at].id),
                                                  text_json(state->tools[at].name)));
    }
    return list;
}

static json_t *write_usages(const struct log_state *state)
{
    json_t *list = json_array();
    for (uint32_t i = 0; i < LOG_USAGES_SEEN; i++) {
        uint32_t at = (state->next_usage + i) % LOG_USAGES_SEEN;
        if (state->usages[at].id)
            json_array_append_new(list, json_pack("[o, I]", write_id(state->usages[at].id),
                                                  (json_int_t)state->usages[at].output));
    }
    return list;
}

json_t *log_state_write(const struct log_state *state)
{
    const struct session_tokens *t = &state->total;
    return json_pack("{s:o, s:o, s:o, s:[I, I, I]}", "tools", write_tools(state), "usages",
                     write_usages(state), "model", text_json(state->model), "total",
                     (json_int_t)t->input, (json_int_t)t->output, (json_int_t)t->cache_read);
}

void log_state_read(struct log_state *state, const json_t *json)
{
    size_t i;
    json_t *entry;
    *state = (struct log_state){0};
    json_array_foreach (json_object_get(json, "tools"), i, entry) {
        uint32_t at = state->next_tool++ % LOG_TOOLS_OPEN;
        const char *name = json_string_value(json_array_get(entry, 1));
        state->tools[at].id = read_id(json_array_get(entry, 0));
        snprintf(state->tools[at].name, LOG_NAME_BYTES, "%s", name ? name : "");
    }
    json_array_foreach (json_object_get(json, "usages"), i, entry) {
        uint32_t at = state->next_usage++ % LOG_USAGES_SEEN;
        state->usages[at].id = read_id(json_array_get(entry, 0));
        state->usages[at].output = json_integer_value(json_array_get(entry, 1));
    }
    const char *model = json_string_value(json_object_get(json, "model"));
    const json_t *total = json_object_get(json, "total");
    snprintf(state->model, sizeof state->model, "%s", model ? model : "");
    state->total = (struct session_tokens){
        .input = json_integer_value(json_array_get(total, 0)),
        .output = json_integer_value(json_array_get(total, 1)),
        .cache_read = json_integer_value(json_array_get(total, 2)),
    };
}
