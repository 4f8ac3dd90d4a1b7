/* Reading sources.json from its file, and looking into what was read. */
#include "common/config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "common/cleanup.h"
#include "common/config_file.h"
#include "common/config_values.h"
#include "common/text.h"

bool config_read(const char *path, struct config *config, struct config_mistakes *mistakes,
                 struct error *e)
{
    struct buf text = {0};
    *config = (struct config){0};
    if (mistakes)
        *mistakes = (struct config_mistakes){0};
    CLEANUP(close_fd) int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (fd < 0 && errno == ENOENT)
        return error_set(e, CAUSE_CONFIG,
                         "%s: is not there; add the first source with `lattice-supervise add ID "
                         "URL`",
                         path);
    if (fd < 0)
        return error_set(e, CAUSE_CONFIG, "%s: %s", path, strerror(errno));
    bool ok =
        config_file_read(fd, &text, e) && config_parse(text.data, text.size, config, mistakes, e);
    buf_release(&text);
    return ok || error_wrap(e, "%s", path);
}

static void source_release(struct source_config *source)
{
    free(source->id);
    free(source->kind);
    config_list_free(source->include);
    config_list_free(source->exclude);
    free(source->url);
    free(source->branch);
    free(source->path);
    free(source->format);
    free(source->token_file);
    free(source->token_env);
    free(source->header_file);
    json_decref(source->map);
    json_decref(source->entry);
}

void config_release(struct config *config)
{
    for (size_t i = 0; i < config->count; i++)
        source_release(&config->sources[i]);
    free(config->sources);
    json_decref(config->defaults);
    *config = (struct config){0};
}

void config_mistakes_release(struct config_mistakes *mistakes)
{
    for (size_t i = 0; i < mistakes->count; i++)
        free(mistakes->lines[i]);
    free(mistakes->lines);
    *mistakes = (struct config_mistakes){0};
}

char *config_write_one(const struct config *config, const struct source_config *source,
                       size_t most_bytes)
{
    json_t *root = json_pack("{s:[O]}", "sources", source->entry);
    if (config->defaults)
        json_object_set(root, "defaults", config->defaults);
    char *text = json_dumps(root, JSON_COMPACT);
    json_decref(root);
    if (text && strlen(text) > most_bytes) {
        free(text);
        return NULL;
    }
    return text;
}

const struct source_config *config_find(const struct config *config, const char *id)
{
    for (size_t i = 0; i < config->count; i++)
        if (strcmp(config->sources[i].id, id) == 0)
            return &config->sources[i];
    return NULL;
}

bool source_id_valid(const char *id)
{
    const char *letters = "abcdefghijklmnopqrstuvwxyz0123456789";
    size_t length = strspn(id, "abcdefghijklmnopqrstuvwxyz0123456789._-");
    return length > 0 && length <= SOURCE_ID_MAX && id[length] == '\0' && strchr(letters, id[0]);
}

int64_t default_grace_ms(int64_t timeout_ms)
{
    return timeout_ms / 4 < DEFAULT_GRACE_MS ? timeout_ms / 4 : DEFAULT_GRACE_MS;
}
