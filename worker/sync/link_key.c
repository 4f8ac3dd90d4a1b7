/* What a link means inside its source. */
#include "worker/sync/link_key.h"

#include <ctype.h>
#include <string.h>

/* `scheme:` as RFC 3986, 3.1 spells it. */
static bool has_scheme(const char *target)
{
    size_t n = 0;
    if (!isalpha((unsigned char)target[0]))
        return false;
    while (isalnum((unsigned char)target[n]) || (target[n] && strchr("+-.", target[n])))
        n++;
    return target[n] == ':';
}

static int hex(char c)
{
    return isdigit((unsigned char)c) ? c - '0' : tolower((unsigned char)c) - 'a' + 10;
}

static void add_decoded(struct buf *out, const char *text, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        if (text[i] == '%' && i + 2 < size && isxdigit((unsigned char)text[i + 1]) &&
            isxdigit((unsigned char)text[i + 2]) && hex(text[i + 1]) + hex(text[i + 2]) > 0) {
            buf_add_byte(out, (char)(hex(text[i + 1]) * 16 + hex(text[i + 2])));
            i += 2;
        } else
            buf_add_byte(out, text[i]);
    }
}

/* Drops the last segment of `key`; false at the root. */
static bool up(struct buf *key)
{
    if (key->size == 0)
        return false;
    char *slash = memrchr(key->data, '/', key->size);
    key->size = slash ? (size_t)(slash - key->data) : 0;
    key->data[key->size] = '\0';
    return true;
}

/* Appends the segments of a decoded path to a folder, with `.` and `..` taken out. */
static bool add_segments(struct buf *key, const char *path)
{
    while (*path) {
        size_t size = strcspn(path, "/");
        bool same = size == 0 || (size == 1 && path[0] == '.');
        if (size == 2 && path[0] == '.' && path[1] == '.') {
            if (!up(key))
                return false;
        } else if (!same) {
            if (key->size)
                buf_add_byte(key, '/');
            buf_add(key, path, size);
        }
        path += size + (path[size] == '/');
    }
    return true;
}

bool link_key(enum link_kind kind, const char *target, const char *path, struct buf *key)
{
    buf_reset(key);
    size_t size = strcspn(target, kind == LINK_WIKI ? "#" : "?#");
    if (size == 0)
        return false;
    if (kind == LINK_WIKI) {
        buf_add(key, target, size);
        return true;
    }
    if (has_scheme(target) || (target[0] == '/' && target[1] == '/'))
        return false;
    struct buf decoded = {0};
    add_decoded(&decoded, target, size);
    if (target[0] != '/') {
        const char *slash = strrchr(path, '/');
        buf_add(key, path, slash ? (size_t)(slash - path) : 0);
    }
    bool inside = add_segments(key, decoded.data) && key->size && utf8_valid(key->data, key->size);
    buf_release(&decoded);
    return inside;
}
