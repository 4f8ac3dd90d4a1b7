/* Readers of values that only some kinds of source have. */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "common/config_values.h"
#include "common/text.h"
#include "common/url.h"

void config_read_http_url(const struct config_value *value)
{
    const char *expected = "expected a URL that starts with https:// or http://";
    const char *text = config_text(value, expected);
    struct git_url url = {0};
    struct error e = {0};
    if (!text)
        return;
    bool http = strncasecmp(text, "https://", 8) == 0 || strncasecmp(text, "http://", 7) == 0;
    bool read = git_url_parse(text, NULL, &url, &e);
    if (!http || !read)
        config_mistake_value(value, http ? e.text : expected);
    else if (url.user || url.secret)
        config_mistake_value(value, "a secret does not belong here; put it into a file and name "
                                    "that with token_file");
    else
        config_set_text(value, text);
    git_url_release(&url);
}

void config_read_path(const struct config_value *value)
{
    const char *expected = "expected an absolute path or one that starts with ~/, since cron "
                           "starts elsewhere than you";
    const char *text = config_text(value, expected);
    const char *home = getenv("HOME");
    if (!text)
        return;
    bool in_home = strncmp(text, "~/", 2) == 0 || strcmp(text, "~") == 0;
    if (in_home && (!home || home[0] != '/')) {
        config_mistake_value(value, "HOME is not set, so that ~ has no meaning");
        return;
    }
    if (!in_home && text[0] != '/') {
        config_mistake_value(value, expected);
        return;
    }
    char *path = in_home ? xasprintf("%s%s", home, text + 1) : xstrdup(text);
    size_t length = strlen(path);
    while (length > 1 && path[length - 1] == '/')
        path[--length] = '\0';
    config_set_text(value, path);
    free(path);
}

void config_read_format(const struct config_value *value)
{
    const char *expected = "expected \"claude\" or \"codex\"";
    const char *text = config_text(value, expected);
    if (text && (strcmp(text, "claude") == 0 || strcmp(text, "codex") == 0))
        config_set_text(value, text);
    else if (text)
        config_mistake_value(value, expected);
}

void config_read_variable(const struct config_value *value)
{
    const char *letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_0123456789";
    const char *expected = "expected the name of an environment variable, such as WIKI_TOKEN";
    const char *text = config_text(value, expected);
    if (!text)
        return;
    if (text[0] == '\0' || text[strspn(text, letters)] || (text[0] >= '0' && text[0] <= '9'))
        config_mistake_value(value, expected);
    else
        config_set_text(value, text);
}

/* RFC 6901: empty, or parts that each begin with '/'; `~` only as `~0` or `~1`. */
static bool is_pointer(const char *text)
{
    if (text[0] != '\0' && text[0] != '/')
        return false;
    for (const char *p = strchr(text, '~'); p; p = strchr(p + 1, '~'))
        if (p[1] != '0' && p[1] != '1')
            return false;
    return true;
}

static bool is_map_name(const char *name)
{
    static const char *const names[] = {"items",   "id",      "title", "body",
                                        "updated", "deleted", "next"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strcmp(names[i], name) == 0)
            return true;
    return false;
}

void config_read_map(const struct config_value *value)
{
    const char *name;
    json_t *pointer;
    size_t before = value->mistakes->count;
    if (!json_is_object(value->json)) {
        config_mistake_value(value, "expected an object such as {\"items\": \"/data/items\", "
                                    "\"id\": \"/id\", \"body\": \"/text\"}");
        return;
    }
    json_object_foreach (value->json, name, pointer) {
        char *shown = config_shown(name);
        char *place = xasprintf("%s.%s", value->place, shown);
        const struct config_value item = {pointer, place, NULL, value->mistakes};
        const char *text = json_string_value(pointer);
        if (!is_map_name(name))
            config_mistake(value->mistakes,
                           "%s: unknown name; a map has: items id title body updated deleted next",
                           place);
        else if (!text || !is_pointer(text))
            config_mistake_value(&item, "expected a JSON pointer such as \"/data/items\"");
        free(place);
        free(shown);
    }
    if (!json_object_get(value->json, "id"))
        config_mistake(value->mistakes, "%s.id: missing", value->place);
    if (value->mistakes->count > before)
        return;
    json_t **field = value->field;
    json_decref(*field);
    *field = json_incref(value->json);
}
