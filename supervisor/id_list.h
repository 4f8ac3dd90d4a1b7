/* A list of source ids without doubles. */
#ifndef LATTICE_SUPERVISOR_ID_LIST_H
#define LATTICE_SUPERVISOR_ID_LIST_H

#include <stddef.h>

#include "common/home.h"

struct id_list {
    char **ids; /* owned */
    size_t count;
};

void id_list_add(struct id_list *list, const char *id);
/* Every source that has a folder, by name, behind what is there. */
void id_list_add_folders(struct id_list *list, const struct home *home);
/* Every source that is configured, as far as sources.json can be read (else a warning), and then
 * every other one that has a folder. */
void id_list_add_all(struct id_list *list, const struct home *home);
bool id_list_has(const struct id_list *list, const char *id);
void id_list_release(struct id_list *list);

#endif
