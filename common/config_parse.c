/* sources.json from text: every key is read by its row in the table, every mistake is named. */
#include <stdlib.h>
#include <string.h>

#include "common/cleanup.h"
#include "common/config.h"
#include "common/config_keys.h"
#include "common/duration.h"
#include "common/text.h"

static const char *const default_include[] = {"*.md",  "*.markdown", "*.mdx", "*.txt",
                                              "*.rst", "*.org",      NULL};
static const char *const default_exclude[] = {NULL};

/* Everything that the reading of one file shares. */
struct parser {
    struct config_mistakes *mistakes; /* borrowed */
    struct source_config defaults;    /* built-in, then `defaults`; grace 0 is "not named" */
    json_t *seen;                     /* owned; id -> index of the first entry that has it */
};

/* One object being read: an entry or `defaults`. */
struct reading {
    struct config_mistakes *mistakes;
    json_t *object;
    const char *place;
    struct source_config *into;
};

static void built_in(struct source_config *source)
{
    *source = (struct source_config){
        .enabled = true,
        .timeout_ms = DEFAULT_TIMEOUT_MS,
        .stall_ms = DEFAULT_STALL_MS,
        .every_ms = DEFAULT_EVERY_MS,
        .max_page_bytes = DEFAULT_MAX_PAGE_BYTES,
        .include = config_list_copy(default_include),
        .exclude = config_list_copy(default_exclude),
    };
}

static void copy_defaults(const struct source_config *from, struct source_config *to)
{
    *to = *from;
    to->include = config_list_copy((const char *const *)from->include);
    to->exclude = config_list_copy((const char *const *)from->exclude);
}

static void read_key(const struct reading *r, const struct config_key *key, json_t *json)
{
    char *place = xasprintf("%s.%s", r->place, key->name);
    void *field = (char *)r->into + key->field;
    key->read(&(struct config_value){json, place, field, r->mistakes});
    free(place);
}

static void unknown_key(struct config_mistakes *mistakes, const char *place, const char *name,
                        const char *nearest)
{
    char *shown = config_shown(name);
    const char *dot = *place ? "." : "";
    if (nearest)
        config_mistake(mistakes, "%s%s%s: unknown key; did you mean \"%s\"?", place, dot, shown,
                       nearest);
    else
        config_mistake(mistakes, "%s%s%s: unknown key", place, dot, shown);
    free(shown);
}

static void check_grace(const struct reading *r)
{
    const struct source_config *s = r->into;
    char timeout[DURATION_TEXT_SIZE];
    char grace[DURATION_TEXT_SIZE];
    if (s->timeout_ms <= 0 || s->grace_ms <= s->timeout_ms / 2)
        return;
    duration_format_exact(s->timeout_ms, timeout);
    duration_format_exact(s->grace_ms, grace);
    if (json_object_get(r->object, "grace"))
        config_mistake(r->mistakes, "%s.grace: %s is over half of the timeout, which is %s",
                       r->place, grace, timeout);
    else if (json_object_get(r->object, "timeout"))
        config_mistake(r->mistakes, "%s.timeout: %s is under twice the grace, which is %s",
                       r->place, timeout, grace);
}

static void read_default(const struct reading *r, const char *name, json_t *value)
{
    const struct config_key *key = config_key_find(NULL, name);
    if (key && key->use == KEY_DEFAULT)
        read_key(r, key, value);
    else if (key)
        config_mistake(r->mistakes, "%s.%s: not a default; it belongs into a source", r->place,
                       name);
    else
        unknown_key(r->mistakes, r->place, name, config_key_nearest(NULL, name));
}

static void read_defaults(struct parser *parser, json_t *object, struct config_mistakes *mistakes)
{
    const char *name;
    json_t *value;
    struct reading r = {mistakes, object, "defaults", &parser->defaults};
    if (object && !json_is_object(object))
        config_mistake_value(&(struct config_value){object, "defaults", NULL, mistakes},
                             "expected an object such as {\"timeout\": \"10m\"}");
    json_object_foreach (object, name, value)
        read_default(&r, name, value);
    check_grace(&r);
}

/* The entry's kind as far as it can be told. */
static const struct config_kind *kind_of(json_t *entry)
{
    const char *name = json_string_value(json_object_get(entry, "kind"));
    return name ? config_kind_find(name) : NULL;
}

static void check_required(const struct reading *r, const struct config_key *keys)
{
    for (; keys->name; keys++)
        if (keys->use == KEY_REQUIRED && !json_object_get(r->object, keys->name))
            config_mistake(r->mistakes, "%s.%s: missing", r->place, keys->name);
}

/* What an entry leaves out and its kind knows better than all kinds together. */
static void fill_from_kind(const struct reading *r, const struct config_kind *kind)
{
    for (const struct config_key *key = kind->keys; key->name; key++) {
        CLEANUP(free_json)
        json_t *value = key->otherwise ? json_string(key->otherwise) : NULL;
        if (value && !json_object_get(r->object, key->name))
            read_key(r, key, value);
    }
    if (kind->include && !json_object_get(r->object, "include")) {
        config_list_free(r->into->include);
        r->into->include = config_list_copy(kind->include);
    }
}

/* A key that neither all kinds nor this one takes. */
static void foreign_key(const struct reading *r, const struct config_kind *kind, const char *name)
{
    const char *nearest = kind ? config_key_nearest(kind, name) : NULL;
    if (kind && config_key_find(NULL, name) && !nearest)
        config_mistake(r->mistakes, "%s.%s: kind \"%s\" has no such key", r->place, name,
                       kind->name);
    else
        unknown_key(r->mistakes, r->place, name, nearest);
}

static void read_keys(const struct reading *r, const struct config_kind *kind)
{
    const char *name;
    json_t *value;
    json_object_foreach (r->object, name, value) {
        const struct config_key *key = config_key_find(kind, name);
        if (!key)
            foreign_key(r, kind, name);
        else
            read_key(r, key, value);
    }
    check_required(r, config_common_keys);
    if (kind) {
        check_required(r, kind->keys);
        fill_from_kind(r, kind);
    }
}

static void check_id(struct parser *parser, const struct reading *r, size_t index)
{
    const char *id = r->into->id;
    json_t *first = id ? json_object_get(parser->seen, id) : NULL;
    if (first)
        config_mistake(r->mistakes,
                       "%s.id: \"%s\": sources[%" JSON_INTEGER_FORMAT "] has it already", r->place,
                       id, json_integer_value(first));
    else if (id)
        json_object_set_new(parser->seen, id, json_integer((json_int_t)index));
}

static void read_entry(struct parser *parser, json_t *entry, size_t index,
                       struct source_config *source)
{
    char *place = xasprintf("sources[%zu]", index);
    struct reading r = {parser->mistakes, entry, place, source};
    copy_defaults(&parser->defaults, source);
    source->entry = json_incref(entry);
    if (json_is_object(entry)) {
        read_keys(&r, kind_of(entry));
        check_id(parser, &r, index);
        check_grace(&r);
    } else {
        config_mistake_value(&(struct config_value){entry, place, NULL, r.mistakes},
                             "expected an object such as {\"id\": \"notes\", \"kind\": \"git\", "
                             "\"url\": \"~/notes\"}");
    }
    if (source->grace_ms == 0)
        source->grace_ms = default_grace_ms(source->timeout_ms);
    free(place);
}

static void read_sources(struct parser *parser, json_t *list, struct config *config)
{
    if (!json_is_array(list)) {
        config_mistake_value(&(struct config_value){list, "sources", NULL, parser->mistakes},
                             "expected a list of sources");
        return;
    }
    if (json_array_size(list) > CONFIG_MAX_SOURCES) {
        config_mistake(parser->mistakes, "sources: %zu are more than %d", json_array_size(list),
                       CONFIG_MAX_SOURCES);
        return;
    }
    config->count = json_array_size(list);
    config->sources = xcalloc(config->count, sizeof *config->sources);
    for (size_t i = 0; i < config->count; i++)
        read_entry(parser, json_array_get(list, i), i, &config->sources[i]);
}

static void move_mistakes(struct config_mistakes *from, struct config_mistakes *to)
{
    for (size_t i = 0; i < from->count; i++)
        config_mistake(to, "%s", from->lines[i]);
    config_mistakes_release(from);
}

static void unknown_at_top(struct parser *parser, const char *name)
{
    const struct config_key *key = config_key_find(NULL, name);
    if (key && key->use == KEY_DEFAULT)
        config_mistake(parser->mistakes, "%s: belongs into \"defaults\" or a source", name);
    else
        unknown_key(parser->mistakes, "", name,
                    config_names_close("sources", name)    ? "sources"
                    : config_names_close("defaults", name) ? "defaults"
                                                           : NULL);
}

/* Sources need the defaults, which may stand behind them; their mistakes keep the file's order. */
static void read_root(struct parser *parser, json_t *root, struct config *config)
{
    const char *name;
    json_t *value;
    struct config_mistakes in_defaults = {0};
    if (!json_is_object(root)) {
        config_mistake(parser->mistakes,
                       "expected an object: {\"defaults\": {...}, \"sources\": [...]}");
        return;
    }
    config->defaults = json_incref(json_object_get(root, "defaults"));
    read_defaults(parser, config->defaults, &in_defaults);
    json_object_foreach (root, name, value) {
        if (strcmp(name, "sources") == 0)
            read_sources(parser, value, config);
        else if (strcmp(name, "defaults") == 0)
            move_mistakes(&in_defaults, parser->mistakes);
        else
            unknown_at_top(parser, name);
    }
    if (!json_object_get(root, "sources"))
        config_mistake(parser->mistakes, "sources: missing");
}

/* Where the text stops being JSON. What jansson prints as "near" may be a URL: it is left out,
 * but for the name of a key that is there twice. */
static void syntax_mistake(const json_error_t *j, struct config_mistakes *mistakes)
{
    enum json_error_code code = json_error_code(j);
    const char *near = strstr(j->text, " near ");
    int reason = (int)(near ? (size_t)(near - j->text) : strlen(j->text));
    char *name = near ? config_shown(near) : NULL;
    if (code == json_error_null_character || code == json_error_null_byte_in_key)
        config_mistake(mistakes, "line %d, column %d: \\u0000 is not allowed", j->line, j->column);
    else
        config_mistake(mistakes, "line %d, column %d: %.*s%s", j->line, j->column, reason, j->text,
                       name && code == json_error_duplicate_key ? name : "");
    free(name);
}

static bool is_blank(const char *text, size_t size)
{
    while (size > 0 && strchr(" \t\r\n", text[size - 1]) && text[size - 1])
        size--;
    return size == 0;
}

static void parse(const char *text, size_t size, struct config *config,
                  struct config_mistakes *mistakes)
{
    json_error_t j;
    size_t mark = size >= 3 && memcmp(text, "\xEF\xBB\xBF", 3) == 0 ? 3 : 0;
    if (is_blank(text + mark, size - mark)) {
        config_mistake(mistakes, "is empty; expected at least {\"sources\": []}");
        return;
    }
    json_t *root = json_loadb(text + mark, size - mark, JSON_REJECT_DUPLICATES, &j);
    if (!root) {
        syntax_mistake(&j, mistakes);
        return;
    }
    struct parser parser = {.mistakes = mistakes, .seen = json_object()};
    built_in(&parser.defaults);
    read_root(&parser, root, config);
    config_list_free(parser.defaults.include);
    config_list_free(parser.defaults.exclude);
    json_decref(parser.seen);
    json_decref(root);
}

bool config_parse(const char *text, size_t size, struct config *config,
                  struct config_mistakes *mistakes, struct error *e)
{
    struct config_mistakes own = {0};
    struct config_mistakes *all = mistakes ? mistakes : &own;
    *config = (struct config){0};
    *all = (struct config_mistakes){0};
    parse(text, size, config, all);
    bool ok = all->count == 0;
    if (all->count == 1)
        error_set(e, CAUSE_CONFIG, "%s", all->lines[0]);
    else if (!ok)
        error_set(e, CAUSE_CONFIG,
                  "%s (and %zu more; `lattice-supervise check-config` names them all)",
                  all->lines[0], all->count - 1);
    if (!ok)
        config_release(config);
    config_mistakes_release(&own);
    return ok;
}
