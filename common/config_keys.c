/* The table of kinds and keys, and what is near to a name that is not in it. */
#include "common/config_keys.h"

#include <stddef.h>
#include <string.h>

#define FIELD(name) offsetof(struct source_config, name)

static const char *const log_include[] = {"*.jsonl", NULL};

/* A kind's lines here are all that sources.json needs to know of it. */
static const struct config_kind kinds[] = {
    {.name = "git",
     .keys = {{"url", KEY_REQUIRED, config_read_git_url, FIELD(url), NULL},
              {"branch", KEY_ENTRY, config_read_branch, FIELD(branch), NULL}}},
    {.name = "repo-recall",
     .keys = {{"url", KEY_ENTRY, config_read_http_url, FIELD(url), "http://127.0.0.1:7777"},
              {"token_file", KEY_ENTRY, config_read_path, FIELD(token_file), NULL},
              {"token_env", KEY_ENTRY, config_read_variable, FIELD(token_env), NULL}}},
    {.name = "dir", .keys = {{"path", KEY_REQUIRED, config_read_path, FIELD(path), NULL}}},
    {.name = "agent-log",
     .include = log_include,
     .keys = {{"path", KEY_REQUIRED, config_read_path, FIELD(path), NULL},
              {"format", KEY_ENTRY, config_read_format, FIELD(format), "claude"}}},
    {.name = "inbox"},
    {.name = "feed",
     .keys = {{"url", KEY_REQUIRED, config_read_http_url, FIELD(url), NULL},
              {"map", KEY_ENTRY, config_read_map, FIELD(map), NULL},
              {"token_file", KEY_ENTRY, config_read_path, FIELD(token_file), NULL},
              {"token_env", KEY_ENTRY, config_read_variable, FIELD(token_env), NULL},
              {"header_file", KEY_ENTRY, config_read_path, FIELD(header_file), NULL}}},
};

const struct config_key config_common_keys[] = {
    {"id", KEY_REQUIRED, config_read_id, FIELD(id), NULL},
    {"kind", KEY_REQUIRED, config_read_kind, FIELD(kind), NULL},
    {"enabled", KEY_DEFAULT, config_read_bool, FIELD(enabled), NULL},
    {"timeout", KEY_DEFAULT, config_read_duration, FIELD(timeout_ms), NULL},
    {"grace", KEY_DEFAULT, config_read_duration, FIELD(grace_ms), NULL},
    {"stall", KEY_DEFAULT, config_read_duration, FIELD(stall_ms), NULL},
    {"every", KEY_DEFAULT, config_read_duration, FIELD(every_ms), NULL},
    {"max_page_bytes", KEY_DEFAULT, config_read_bytes, FIELD(max_page_bytes), NULL},
    {"memory", KEY_DEFAULT, config_read_memory, FIELD(memory), NULL},
    {"include", KEY_DEFAULT, config_read_include, FIELD(include), NULL},
    {"exclude", KEY_DEFAULT, config_read_exclude, FIELD(exclude), NULL},
    {NULL, KEY_DEFAULT, NULL, 0, NULL},
};

enum { KIND_COUNT = sizeof kinds / sizeof *kinds };

const char *const *config_kinds(void)
{
    static const char *names[KIND_COUNT + 1];
    for (size_t i = 0; i < KIND_COUNT; i++)
        names[i] = kinds[i].name;
    return names;
}

const struct config_kind *config_kind_find(const char *name)
{
    for (size_t i = 0; i < KIND_COUNT; i++)
        if (strcmp(kinds[i].name, name) == 0)
            return &kinds[i];
    return NULL;
}

const struct config_key *config_kind_location(const struct config_kind *kind)
{
    const char *first = kind->keys[0].name;
    bool location = first && (strcmp(first, "url") == 0 || strcmp(first, "path") == 0);
    return location ? &kind->keys[0] : NULL;
}

const char *config_kind_nearest(const char *name)
{
    for (const char *const *kind = config_kinds(); *kind; kind++)
        if (config_names_close(*kind, name))
            return *kind;
    return NULL;
}

static const struct config_key *find_in(const struct config_key *keys, const char *name)
{
    for (; keys->name; keys++)
        if (strcmp(keys->name, name) == 0)
            return keys;
    return NULL;
}

const struct config_key *config_key_find(const struct config_kind *kind, const char *name)
{
    const struct config_key *key = find_in(config_common_keys, name);
    if (!key && kind)
        return find_in(kind->keys, name);
    for (size_t i = 0; i < KIND_COUNT && !key; i++)
        key = find_in(kinds[i].keys, name);
    return key;
}

const char *config_key_nearest(const struct config_kind *kind, const char *name)
{
    for (const struct config_key *key = config_common_keys; key->name; key++)
        if ((kind || key->use == KEY_DEFAULT) && config_names_close(key->name, name))
            return key->name;
    for (const struct config_key *key = kind ? kind->keys : NULL; key && key->name; key++)
        if (config_names_close(key->name, name))
            return key->name;
    return NULL;
}

static unsigned least(unsigned a, unsigned b, unsigned c)
{
    unsigned ab = a < b ? a : b;
    return ab < c ? ab : c;
}

static bool swapped(const char *a, const char *b)
{
    return a[0] == b[-1] && a[-1] == b[0];
}

/* Insertions, deletions, replacements and swaps of neighbours that lead from one to the other
 * (optimal string alignment). Both are at most NAME_MAX_BYTES long. */
enum { NAME_MAX_BYTES = 24 };

static unsigned distance(const char *a, const char *b)
{
    unsigned d[NAME_MAX_BYTES + 1][NAME_MAX_BYTES + 1];
    size_t rows = strlen(a);
    size_t columns = strlen(b);
    for (size_t i = 0; i <= rows; i++) {
        for (size_t k = 0; k <= columns; k++) {
            if (i == 0 || k == 0) {
                d[i][k] = (unsigned)(i + k);
                continue;
            }
            unsigned replaced = d[i - 1][k - 1] + (a[i - 1] != b[k - 1]);
            d[i][k] = least(d[i - 1][k] + 1, d[i][k - 1] + 1, replaced);
            if (i > 1 && k > 1 && swapped(a + i - 1, b + k - 1))
                d[i][k] = least(d[i][k], d[i - 2][k - 2] + 1, d[i][k]);
        }
    }
    return d[rows][columns];
}

bool config_names_close(const char *a, const char *b)
{
    size_t length = strlen(a);
    if (length > NAME_MAX_BYTES || strlen(b) > NAME_MAX_BYTES)
        return false;
    return distance(a, b) <= (length < 6 ? 1 : 2);
}
