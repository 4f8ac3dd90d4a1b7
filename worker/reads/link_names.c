/* From a page's path to the keys of links, and back. */
#include "worker/reads/link_names.h"

#include <stdlib.h>
#include <string.h>

#include "common/text.h"

const char *link_base(const char *path, size_t *size)
{
    const char *slash = strrchr(path, '/');
    const char *base = slash ? slash + 1 : path;
    const char *dot = strrchr(base, '.');
    *size = dot && dot > base ? (size_t)(dot - base) : strlen(base);
    return base;
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
    bool front = (base_size == 6 && memcmp(base, "README", 6) == 0) ||
                 (base_size == 5 && memcmp(base, "index", 5) == 0);
    *names = (struct link_names){0};
    add(names, xstrdup(path));
    add(names, xstrndup(path, folder_size + base_size));
    if (wiki)
        add(names, xstrndup(base, base_size));
    if (front && folder_size > 1)
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
