/* Removes blocks such as <private>, before anything of a page is looked at. */
#include "common/private.h"

#include <stdbool.h>
#include <string.h>
#include <strings.h>

/* Longest tag, its attributes included: bounds the look back from each '>'. */
enum { TAG_MAX_BYTES = 256 };

enum tag { TAG_NONE, TAG_OPEN, TAG_CLOSE };

struct tag_name {
    const char *text;
    size_t size;
};

/* What `<...>`, without its brackets, is. */
static enum tag tag_kind(const struct tag_name *name, const char *inner, size_t size)
{
    bool closes = size > 0 && inner[0] == '/';
    inner += closes;
    size -= closes;
    if (size < name->size || strncasecmp(inner, name->text, name->size) != 0)
        return TAG_NONE;
    char after = size > name->size ? inner[name->size] : ' ';
    if (after != ' ' && after != '\t' && after != '\n' && after != '\r')
        return TAG_NONE;
    return closes ? TAG_CLOSE : TAG_OPEN;
}

/* The tag whose '>' is the last byte of text[from, end), and where it starts. */
static enum tag tag_before(const struct tag_name *name, const char *text, size_t from, size_t end,
                           size_t *start)
{
    size_t floor = end - from > TAG_MAX_BYTES ? end - TAG_MAX_BYTES : from;
    for (size_t i = end - 1; i > floor;) {
        i--;
        if (text[i] == '>')
            return TAG_NONE;
        if (text[i] == '<') {
            *start = i;
            return tag_kind(name, text + i + 1, end - i - 2);
        }
    }
    return TAG_NONE;
}

/* Where the '>' of the first opening tag stands; `size` if there is none. Nearly every page ends
 * here: one memchr per '<'. */
static size_t first_open(const struct tag_name *name, const char *text, size_t size)
{
    size_t at = 0;
    const char *lt;
    while (at < size && (lt = memchr(text + at, '<', size - at)) != NULL) {
        at = (size_t)(lt - text) + 1;
        if (at >= size || (text[at] | 0x20) != name->text[0])
            continue;
        size_t left = size - at < TAG_MAX_BYTES ? size - at : TAG_MAX_BYTES;
        const char *gt = memchr(lt + 1, '>', left);
        size_t start;
        if (gt && tag_before(name, text, 0, (size_t)(gt - text) + 1, &start) == TAG_OPEN)
            return (size_t)(gt - text);
    }
    return size;
}

/* The tag is looked for in what is kept, not in what was read: else `<pri<private>x</private>vate>`
 * would leave a new block behind. Linear: each look back ends at the '>' before. */
size_t block_strip(char *text, size_t size, const char *word)
{
    const struct tag_name tag_name = {word, strlen(word)};
    const struct tag_name *name = &tag_name;
    size_t read = first_open(name, text, size);
    size_t kept = read;
    size_t block = 0; /* where the bytes after the outermost opening tag begin */
    size_t depth = 0;
    while (read < size) {
        const char *gt = memchr(text + read, '>', size - read);
        size_t next = gt ? (size_t)(gt - text) + 1 : size;
        size_t start = 0;
        if (depth > 0) {
            enum tag tag = gt ? tag_before(name, text, block, next, &start) : TAG_NONE;
            depth += tag == TAG_OPEN;
            depth -= tag == TAG_CLOSE;
        } else {
            memmove(text + kept, text + read, next - read);
            kept += next - read;
            if (gt && tag_before(name, text, 0, kept, &start) == TAG_OPEN) {
                kept = start;
                block = next;
                depth = 1;
            }
        }
        read = next;
    }
    return kept;
}

size_t private_strip(char *text, size_t size)
{
    return block_strip(text, size, "private");
}

size_t session_strip(char *text, size_t size)
{
    enum { ROUNDS = 4 };
    /* What is left of two blocks may be a third; who nests them like that gets nothing stored. */
    for (int round = 0; memchr(text, '<', size); round++) {
        size_t before = size;
        if (round == ROUNDS)
            return 0;
        size = private_strip(text, size);
        size = block_strip(text, size, "system-reminder");
        if (size == before)
            break;
    }
    return size;
}
