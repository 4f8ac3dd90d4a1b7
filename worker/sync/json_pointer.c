/* JSON pointers (RFC 6901): one member or element per part. */
#include "worker/sync/json_pointer.h"

#include <string.h>

#include "common/text.h"

/* RFC 6901, 4: digits without a leading zero. */
static json_t *element(const json_t *array, const char *part)
{
    size_t index = 0;
    size_t digits = strspn(part, "0123456789");
    if (digits == 0 || digits > 9 || part[digits] != '\0' || (part[0] == '0' && digits > 1))
        return NULL;
    for (size_t i = 0; i < digits; i++)
        index = index * 10 + (size_t)(part[i] - '0');
    return json_array_get(array, index);
}

/* The part between two slashes with `~1` and `~0` read; false if a '~' means nothing. */
static bool unescape(struct buf *out, const char *part, size_t size)
{
    buf_reset(out);
    buf_reserve(out, size);
    for (size_t i = 0; i < size; i++) {
        char c = part[i];
        if (c == '~') {
            if (i + 1 == size || (part[i + 1] != '0' && part[i + 1] != '1'))
                return false;
            c = part[++i] == '1' ? '/' : '~';
        }
        buf_add_byte(out, c);
    }
    return true;
}

json_t *json_pointer(json_t *root, const char *pointer)
{
    struct buf part = {0};
    json_t *at = root;
    while (at && *pointer) {
        if (*pointer != '/')
            at = NULL;
        size_t size = strcspn(pointer + 1, "/");
        if (at && !unescape(&part, pointer + 1, size))
            at = NULL;
        if (json_is_array(at))
            at = element(at, part.data);
        else
            at = json_object_get(at, part.data ? part.data : "");
        pointer += 1 + size;
    }
    buf_release(&part);
    return at;
}
