/* Adding and removing one entry of sources.json. */
#include <string.h>

#include "common/cleanup.h"
#include "common/config.h"
#include "common/config_file.h"
#include "common/config_values.h"
#include "common/text.h"

/* The file as JSON; a missing one is an empty list. NULL if it is not JSON: then `check` says so.
 */
static json_t *load(const struct config_file *file)
{
    size_t mark = 0;
    if (!file->existed)
        return json_pack("{s:[]}", "sources");
    if (file->text.size >= 3 && memcmp(file->text.data, "\xEF\xBB\xBF", 3) == 0)
        mark = 3;
    return json_loadb(file->text.data + mark, file->text.size - mark, JSON_REJECT_DUPLICATES, NULL);
}

/* What is written: order kept, one key a line. Caller frees with free(). */
static char *dump(const json_t *root)
{
    CLEANUP(free_text) char *text = json_dumps(root, JSON_INDENT(2) | JSON_PRESERVE_ORDER);
    return xasprintf("%s\n", text ? text : "");
}

static bool check(const char *text, size_t size, struct error *e)
{
    struct config config;
    if (size > CONFIG_MAX_BYTES)
        return error_set(e, CAUSE_CONFIG, "would be larger than %d bytes", CONFIG_MAX_BYTES);
    bool ok = config_parse(text, size, &config, NULL, e);
    config_release(&config);
    return ok;
}

static size_t find_entry(json_t *sources, const char *id)
{
    size_t i = 0;
    for (; i < json_array_size(sources); i++) {
        const char *other = json_string_value(json_object_get(json_array_get(sources, i), "id"));
        if (other && strcmp(other, id) == 0)
            break;
    }
    return i;
}

/* All mistakes of the entry that is being added; "sources[3].timeout: ..." becomes "timeout: ...".
 */
static bool blame_entry(const struct config_mistakes *mistakes, size_t index, struct error *e)
{
    struct buf all = {0};
    CLEANUP(free_text) char *place = xasprintf("sources[%zu].", index);
    size_t length = strlen(place);
    for (size_t i = 0; i < mistakes->count; i++) {
        const char *line = mistakes->lines[i];
        buf_add_text(&all, i ? "; " : "");
        buf_add_text(&all, strncmp(line, place, length) == 0 ? line + length : line);
    }
    error_set(e, CAUSE_USAGE, "%s", all.data ? all.data : "cannot be added");
    buf_release(&all);
    return false;
}

static bool check_added(const char *text, size_t index, struct error *e)
{
    struct config config;
    struct config_mistakes mistakes;
    if (strlen(text) > CONFIG_MAX_BYTES)
        return error_set(e, CAUSE_CONFIG, "would be larger than %d bytes", CONFIG_MAX_BYTES);
    bool ok = config_parse(text, strlen(text), &config, &mistakes, e);
    if (!ok)
        blame_entry(&mistakes, index, e);
    config_release(&config);
    config_mistakes_release(&mistakes);
    return ok;
}

bool config_add(const char *path, json_t *entry, struct error *e)
{
    CLEANUP(config_file_close) struct config_file file;
    if (!config_file_open(path, &file, e))
        return false;
    if (file.existed && !check(file.text.data, file.text.size, e))
        return error_wrap(e, "%s", path);
    CLEANUP(free_json) json_t *root = load(&file);
    json_t *sources = json_object_get(root, "sources");
    const char *id = json_string_value(json_object_get(entry, "id"));
    size_t index = json_array_size(sources);
    if (id && source_id_valid(id) && find_entry(sources, id) < index)
        return error_set(e, CAUSE_USAGE,
                         "%s: there is a source with this id already; remove it first or choose "
                         "another id",
                         id);
    json_array_append(sources, entry);
    CLEANUP(free_text) char *text = dump(root);
    return check_added(text, index, e) && config_file_write(&file, text, e);
}

bool config_remove(const char *path, const char *id, struct error *e)
{
    CLEANUP(config_file_close) struct config_file file;
    if (!config_file_open(path, &file, e))
        return false;
    CLEANUP(free_json) json_t *root = load(&file);
    json_t *sources = json_object_get(root, "sources");
    size_t index = find_entry(sources, id);
    if (!root || !json_is_array(sources))
        return !check(file.text.data, file.text.size, e) && error_wrap(e, "%s", path);
    if (index == json_array_size(sources)) {
        CLEANUP(free_text) char *shown = config_shown(id);
        return error_set(e, CAUSE_USAGE, "%s: no such source; `lattice-supervise list` shows them",
                         shown);
    }
    json_array_remove(sources, index);
    CLEANUP(free_text) char *text = dump(root);
    if (!check(text, strlen(text), e))
        return error_wrap(e, "%s", path);
    return config_file_write(&file, text, e);
}
