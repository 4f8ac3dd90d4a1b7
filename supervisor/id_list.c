/* Lists of source ids. */
#include "supervisor/id_list.h"

#include <dirent.h>
#include <stdlib.h>
#include <string.h>

#include "common/cleanup.h"
#include "common/config.h"
#include "common/text.h"
#include "supervisor/command_line.h"

bool id_list_has(const struct id_list *list, const char *id)
{
    for (size_t i = 0; i < list->count; i++)
        if (strcmp(list->ids[i], id) == 0)
            return true;
    return false;
}

void id_list_add(struct id_list *list, const char *id)
{
    if (id_list_has(list, id))
        return;
    list->ids = xrealloc(list->ids, (list->count + 1) * sizeof *list->ids);
    list->ids[list->count++] = xstrdup(id);
}

static int by_name(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

void id_list_add_all(struct id_list *list, const struct home *home)
{
    CLEANUP(free_text) char *json = home_path(home, HOME_SOURCES_JSON);
    struct config config = {0};
    struct error e = {0};
    if (!config_read(json, &config, NULL, &e))
        print_note("warning", "%s; only what has a folder is looked at", e.text);
    for (size_t i = 0; i < config.count; i++)
        id_list_add(list, config.sources[i].id);
    config_release(&config);
    id_list_add_folders(list, home);
}

void id_list_add_folders(struct id_list *list, const struct home *home)
{
    CLEANUP(free_text) char *folder = home_path(home, "sources");
    size_t configured = list->count;
    DIR *dir = opendir(folder);
    if (!dir)
        return;
    for (struct dirent *entry; (entry = readdir(dir));)
        if (source_id_valid(entry->d_name))
            id_list_add(list, entry->d_name);
    closedir(dir);
    if (list->count > configured)
        qsort(list->ids + configured, list->count - configured, sizeof *list->ids, by_name);
}

void id_list_release(struct id_list *list)
{
    for (size_t i = 0; i < list->count; i++)
        free(list->ids[i]);
    free(list->ids);
    *list = (struct id_list){0};
}
