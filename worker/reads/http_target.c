/* Decoding a request's target. */
#include "worker/reads/http_target.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "common/text.h"
#include "worker/reads/limits.h"

static int hex(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* Caller frees *out, also on failure. */
static bool decode(const char *raw, size_t size, bool plus, char **out, struct error *e)
{
    struct buf text = {0};
    buf_add(&text, "", 0);
    buf_reserve(&text, size + 1);
    for (size_t i = 0; i < size; i++) {
        char c = raw[i];
        if (c == '%') {
            int high = size - i > 2 ? hex(raw[i + 1]) : -1;
            int low = high >= 0 ? hex(raw[i + 2]) : -1;
            if (low < 0) {
                buf_release(&text);
                return error_set(e, CAUSE_USAGE, "the address has a %% without two hex digits");
            }
            c = (char)(high * 16 + low);
            i += 2;
        } else if (plus && c == '+')
            c = ' ';
        buf_add_byte(&text, c);
    }
    bool nul = text.size && memchr(text.data, '\0', text.size);
    bool valid = !nul && utf8_valid(text.size ? text.data : "", text.size);
    *out = buf_take(&text);
    if (nul)
        return error_set(e, CAUSE_USAGE, "the address has a NUL character");
    return valid || error_set(e, CAUSE_USAGE, "the address is not UTF-8");
}

static void add_arg(json_t *args, const char *name, const char *value)
{
    json_t *old = json_object_get(args, name);
    if (!old)
        json_object_set_new(args, name, json_string(value));
    else if (json_is_array(old))
        json_array_append_new(old, json_string(value));
    else
        json_object_set_new(args, name, json_pack("[O,s]", old, value));
}

static bool parse_arg(const char *raw, size_t size, json_t *args, struct error *e)
{
    const char *equals = memchr(raw, '=', size);
    size_t name_size = equals ? (size_t)(equals - raw) : size;
    char *name = NULL;
    char *value = NULL;
    bool ok = decode(raw, name_size, true, &name, e) &&
              (equals ? decode(equals + 1, size - name_size - 1, true, &value, e)
                      : decode("", 0, true, &value, e));
    if (ok)
        add_arg(args, name, value);
    free(name);
    free(value);
    return ok;
}

static bool parse_args(const char *raw, size_t size, json_t *args, struct error *e)
{
    size_t count = 0;
    while (size > 0) {
        const char *end = memchr(raw, '&', size);
        size_t length = end ? (size_t)(end - raw) : size;
        if (++count > HTTP_ARGS_MAX)
            return error_set(e, CAUSE_USAGE, "more than %d parameters", HTTP_ARGS_MAX);
        if (length > 0 && !parse_arg(raw, length, args, e))
            return false;
        raw += end ? length + 1 : length;
        size -= end ? length + 1 : length;
    }
    return true;
}

/* The absolute form, which proxies are sent and each server must accept: RFC 9112, section 3.2.2.
 * Leaves path and query. */
static bool take_host(const char **raw, size_t *size, char **host, struct error *e)
{
    static const char scheme[] = "http://";
    size_t skip = sizeof scheme - 1;
    if (*size < skip || strncasecmp(*raw, scheme, skip) != 0)
        return true;
    size_t length = 0;
    while (length < *size - skip && !strchr("/?#", (*raw)[skip + length]))
        length++;
    *host = xstrndup(*raw + skip, length);
    *raw += skip + length;
    *size -= skip + length;
    if (length == 0)
        return error_set(e, CAUSE_USAGE, "the address has no host");
    return !strchr(*host, '@') || error_set(e, CAUSE_USAGE, "the address has a user's name");
}

bool http_target_parse(const char *raw, size_t size, struct http_target *target, struct error *e)
{
    *target = (struct http_target){.args = json_object()};
    if (!take_host(&raw, &size, &target->host, e))
        return false;
    if (memchr(raw, '#', size))
        return error_set(e, CAUSE_USAGE, "the address has a #: write %%23");
    const char *query = memchr(raw, '?', size);
    size_t path_size = query ? (size_t)(query - raw) : size;
    bool bare = target->host && path_size == 0; /* http://host is http://host/ */
    bool server = !target->host && size == 1 && raw[0] == '*';
    if (!bare && !server && (size == 0 || raw[0] != '/'))
        return error_set(e, CAUSE_USAGE, "the address must begin with / or http://");
    if (!(bare ? decode("/", 1, false, &target->path, e)
               : decode(raw, path_size, false, &target->path, e)))
        return false;
    return !query || parse_args(query + 1, size - path_size - 1, target->args, e);
}

void http_target_release(struct http_target *target)
{
    free(target->host);
    free(target->path);
    json_decref(target->args);
    *target = (struct http_target){0};
}
