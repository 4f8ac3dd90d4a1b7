/* Readers of single values of sources.json. */
#include "common/config_values.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/config_keys.h"
#include "common/duration.h"
#include "common/glob.h"
#include "common/text.h"
#include "common/url.h"

enum { SHOWN_MAX = 80, BRANCH_MAX = 200 };

static const char expected_duration[] = "expected a duration such as 90s, 10m, 1h";

void config_mistake(struct config_mistakes *mistakes, const char *format, ...)
{
    char line[ERROR_TEXT_SIZE];
    va_list args;
    va_start(args, format);
    vsnprintf(line, sizeof line, format, args);
    va_end(args);
    line[utf8_floor(line, strlen(line))] = '\0';
    mistakes->lines = xrealloc(mistakes->lines, (mistakes->count + 1) * sizeof *mistakes->lines);
    mistakes->lines[mistakes->count++] = xstrdup(line);
}

char *config_shown(const char *text)
{
    struct buf out = {0};
    char *masked = url_mask(text);
    size_t length = strlen(masked);
    size_t keep = length > SHOWN_MAX ? utf8_floor(masked, SHOWN_MAX) : length;
    text_escape(&out, masked, keep);
    if (keep < length)
        buf_add_text(&out, "...");
    free(masked);
    return buf_take(&out);
}

/* Lists and objects by their name, anything else as it is in the file. Caller frees. */
static char *show_value(const json_t *json)
{
    if (json_is_array(json))
        return xstrdup("a list");
    if (json_is_object(json))
        return xstrdup("an object");
    if (!json_is_string(json))
        return json_dumps(json, JSON_ENCODE_ANY);
    char *text = config_shown(json_string_value(json));
    char *quoted = xasprintf("\"%s\"", text);
    free(text);
    return quoted;
}

void config_mistake_value(const struct config_value *value, const char *reason)
{
    char *shown = show_value(value->json);
    config_mistake(value->mistakes, "%s: %s: %s", value->place, shown ? shown : "?", reason);
    free(shown);
}

const char *config_text(const struct config_value *value, const char *expected)
{
    const char *text = json_string_value(value->json);
    if (!text)
        config_mistake_value(value, expected);
    return text;
}

void config_set_text(const struct config_value *value, const char *text)
{
    char **field = value->field;
    free(*field);
    *field = xstrdup(text);
}

void config_read_id(const struct config_value *value)
{
    const char *expected = "expected 1 to 64 of a-z 0-9 . _ - that start with a letter or digit";
    const char *id = config_text(value, expected);
    if (id && source_id_valid(id))
        config_set_text(value, id);
    else if (id)
        config_mistake_value(value, expected);
}

void config_read_kind(const struct config_value *value)
{
    struct buf reason = {0};
    const char *name = config_text(value, "expected the name of a kind, such as \"git\"");
    if (!name)
        return;
    if (config_kind_find(name)) {
        config_set_text(value, name);
        return;
    }
    const char *nearest = config_kind_nearest(name);
    buf_add_text(&reason, "unknown kind");
    if (nearest)
        buf_printf(&reason, "; did you mean \"%s\"?", nearest);
    buf_add_text(&reason, nearest ? " This version knows:" : "; this version knows:");
    for (const char *const *k = config_kinds(); *k; k++)
        buf_printf(&reason, " %s", *k);
    config_mistake_value(value, reason.data);
    buf_release(&reason);
}

void config_read_bool(const struct config_value *value)
{
    if (json_is_boolean(value->json))
        *(bool *)value->field = json_is_true(value->json);
    else
        config_mistake_value(value, "expected true or false");
}

void config_read_duration(const struct config_value *value)
{
    int64_t *ms = value->field;
    struct error e = {0};
    *ms = -1;
    if (json_is_string(value->json)) {
        if (!duration_parse(json_string_value(value->json), value->place, ms, &e))
            config_mistake(value->mistakes, "%s", e.text);
        return;
    }
    json_int_t seconds = json_integer_value(value->json);
    if (!json_is_integer(value->json) || seconds <= 0)
        config_mistake_value(value, expected_duration);
    else if (seconds > DURATION_MAX_MS / 1000)
        config_mistake_value(value, "expected at most 3650d");
    else
        *ms = seconds * 1000;
}

void config_read_bytes(const struct config_value *value)
{
    json_int_t bytes = json_integer_value(value->json);
    if (bytes < MIN_MAX_PAGE_BYTES || bytes > MAX_MAX_PAGE_BYTES)
        config_mistake_value(value, "expected a number of bytes from 1024 to 67108864 (64 MiB)");
    else
        *(int64_t *)value->field = bytes;
}

void config_read_memory(const struct config_value *value)
{
    const char *expected = "expected \"normal\" or \"low\"";
    enum memory_size *memory = value->field;
    const char *text = config_text(value, expected);
    if (text && strcmp(text, "normal") == 0)
        *memory = MEMORY_NORMAL;
    else if (text && strcmp(text, "low") == 0)
        *memory = MEMORY_LOW;
    else if (text)
        config_mistake_value(value, expected);
}

/* One pattern of a list. */
static void check_glob(const struct config_value *list, size_t index)
{
    char *place = xasprintf("%s[%zu]", list->place, index);
    struct config_value item = *list;
    item.place = place;
    item.json = json_array_get(list->json, index);
    const char *pattern = config_text(&item, "expected a pattern such as \"*.md\"");
    const char *reason = pattern ? glob_refusal(pattern) : NULL;
    if (reason)
        config_mistake_value(&item, reason);
    free(place);
}

/* All patterns of a checked list together: they must fit into one set. */
static void take_globs(const struct config_value *value)
{
    struct error e = {0};
    size_t count = json_array_size(value->json);
    char **list = xcalloc(count + 1, sizeof *list);
    for (size_t i = 0; i < count; i++)
        list[i] = xstrdup(json_string_value(json_array_get(value->json, i)));
    struct glob_set *set = glob_set_new((const char *const *)list, count, value->place, &e);
    if (!set)
        config_mistake(value->mistakes, "%s", e.text);
    glob_set_free(set);
    config_list_free(*(char ***)value->field);
    *(char ***)value->field = list;
}

void config_read_exclude(const struct config_value *value)
{
    size_t before = value->mistakes->count;
    if (!json_is_array(value->json)) {
        config_mistake_value(value, "expected a list of patterns such as [\"*.md\"]");
        return;
    }
    for (size_t i = 0; i < json_array_size(value->json); i++)
        check_glob(value, i);
    if (value->mistakes->count == before)
        take_globs(value);
}

void config_read_include(const struct config_value *value)
{
    if (json_is_array(value->json) && json_array_size(value->json) == 0)
        config_mistake(
            value->mistakes,
            "%s: would include nothing; leave it out for Markdown, text, reStructuredText"
            " and Org files",
            value->place);
    else
        config_read_exclude(value);
}

void config_read_git_url(const struct config_value *value)
{
    const char *text = config_text(value, "expected a URL or an absolute path");
    struct git_url url = {0};
    struct error e = {0};
    if (!text)
        return;
    if (!git_url_parse(text, getenv("HOME"), &url, &e))
        config_mistake_value(value, e.text);
    else if (url.kind == URL_PATH && url.location[0] != '/')
        config_mistake_value(value, "expected an absolute path or one that starts with ~/, since "
                                    "cron starts elsewhere than you");
    else
        config_set_text(value, text);
    git_url_release(&url);
}

/* What a part between slashes must not be; git-check-ref-format(1), rules 1 and 7. */
static bool branch_part_valid(const char *part, size_t length)
{
    return length > 0 && part[0] != '.' &&
           (length < 5 || memcmp(part + length - 5, ".lock", 5) != 0);
}

/* git-check-ref-format(1), for a branch: NULL or what is wrong. */
static const char *branch_refusal(const char *name)
{
    size_t length = strlen(name);
    if (strncmp(name, "refs/", 5) == 0 || strcmp(name, "HEAD") == 0)
        return "expected a branch's own name, such as main; leave it out for the remote's HEAD";
    if (length > BRANCH_MAX)
        return "longer than 200 bytes";
    if (name[0] == '-' || strcmp(name, "@") == 0 || strstr(name, "..") || strstr(name, "@{") ||
        (length && name[length - 1] == '.'))
        return "not a name that git allows for a branch";
    for (const char *p = name; *p; p++)
        if ((unsigned char)*p <= ' ' || *p == 0x7f || strchr("~^:?*[\\", *p))
            return "not a name that git allows for a branch";
    for (const char *part = name;; part++) {
        size_t size = strcspn(part, "/");
        if (!branch_part_valid(part, size))
            return "not a name that git allows for a branch";
        part += size;
        if (*part == '\0')
            return NULL;
    }
}

void config_read_branch(const struct config_value *value)
{
    const char *name = config_text(value, "expected the name of a branch");
    const char *reason = name ? branch_refusal(name) : NULL;
    if (reason)
        config_mistake_value(value, reason);
    else if (name)
        config_set_text(value, name);
}

char **config_list_copy(const char *const *list)
{
    size_t count = 0;
    while (list[count])
        count++;
    char **copy = xcalloc(count + 1, sizeof *copy);
    for (size_t i = 0; i < count; i++)
        copy[i] = xstrdup(list[i]);
    return copy;
}

void config_list_free(char **list)
{
    for (char **text = list; text && *text; text++)
        free(*text);
    free(list);
}
