/* From a page's path to the keys of links, and back. */
#include "worker/reads/link_names.h"

#include <stdlib.h>
#include <string.h>

#include <utf8proc.h>

const char *link_base(const char *path, size_t *size)
{
    const char *slash = strrchr(path, '/');
    const char *base = slash ? slash + 1 : path;
    const char *dot = strrchr(base, '.');
    *size = dot && dot > base ? (size_t)(dot - base) : strlen(base);
    return base;
}

bool link_is_front(const char *base, size_t size)
{
    return (size == 6 && memcmp(base, "README", 6) == 0) ||
           (size == 5 && memcmp(base, "index", 5) == 0);
}

static void add(struct link_names *names, char *name)
{
    for (size_t i = 0; i < names->count; i++)
        if (strcmp(names->names[i], name) == 0) {
            free(name);
            return;
        }
    names->names[names->count++] = name;
}

void link_names_of_page(struct link_names *names, const char *path, bool wiki)
{
    size_t base_size;
    const char *base = link_base(path, &base_size);
    size_t folder_size = (size_t)(base - path);
    *names = (struct link_names){0};
    add(names, xstrdup(path));
    add(names, xstrndup(path, folder_size + base_size));
    if (wiki)
        add(names, xstrndup(base, base_size));
    if (link_is_front(base, base_size) && folder_size > 1)
        add(names, xstrndup(path, folder_size - 1));
}

void link_names_of_key(struct link_names *names, const char *key)
{
    static const char *const ends[] = {"", ".md", "/README.md", "/index.md"};
    size_t size = strlen(key);
    while (size > 1 && key[size - 1] == '/')
        size--;
    *names = (struct link_names){0};
    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++)
        add(names, xasprintf("%.*s%s", (int)size, key, ends[i]));
}

void link_names_release(struct link_names *names)
{
    for (size_t i = 0; i < names->count; i++)
        free(names->names[i]);
    *names = (struct link_names){0};
}

static bool is_ascii(const char *text)
{
    while (*text && (unsigned char)*text < 0x80)
        text++;
    return !*text;
}

/* What is not valid UTF-8 (a damaged store's) is compared as it is. */
void link_fold(const char *name, struct buf *out)
{
    static const utf8proc_option_t options =
        UTF8PROC_NULLTERM | UTF8PROC_STABLE | UTF8PROC_COMPOSE | UTF8PROC_CASEFOLD;
    size_t start = out->size;
    utf8proc_uint8_t *folded = NULL;
    if (is_ascii(name) || utf8proc_map((const utf8proc_uint8_t *)name, 0, &folded, options) < 0) {
        buf_add_text(out, name);
        for (size_t i = start; i < out->size; i++)
            if (out->data[i] >= 'A' && out->data[i] <= 'Z')
                out->data[i] = (char)(out->data[i] - 'A' + 'a');
    } else
        buf_add_text(out, (const char *)folded);
    free(folded);
    while (out->size > start + 1 && out->data[out->size - 1] == '/')
        out->data[--out->size] = '\0';
}

static void add_start(struct link_starts *starts, utf8proc_int32_t point)
{
    char start[5] = {0};
    utf8proc_encode_char(point, (utf8proc_uint8_t *)start);
    for (size_t i = 0; i < starts->count; i++)
        if (strcmp(starts->starts[i], start) == 0)
            return;
    if (starts->count < LINK_STARTS_MAX)
        memcpy(starts->starts[starts->count++], start, sizeof start);
}

static void add_cases(struct link_starts *starts, utf8proc_int32_t point)
{
    add_start(starts, utf8proc_tolower(point));
    add_start(starts, utf8proc_toupper(point));
    add_start(starts, utf8proc_totitle(point));
}

/* A letter with an accent may be written as two characters. */
void link_starts_add(struct link_starts *starts, const char *name)
{
    enum { PARTS_MAX = 4 }; /* no character is made of more */
    utf8proc_int32_t point;
    utf8proc_int32_t parts[PARTS_MAX];
    int unused = 0;
    if (!name[0] || utf8proc_iterate((const utf8proc_uint8_t *)name, -1, &point) <= 0)
        return;
    add_cases(starts, point);
    utf8proc_ssize_t count =
        utf8proc_decompose_char(point, parts, PARTS_MAX, UTF8PROC_DECOMPOSE, &unused);
    if (count > 1 && count <= PARTS_MAX)
        add_cases(starts, parts[0]);
}
