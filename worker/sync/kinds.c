/* The kinds of source that this worker knows; a new one is a file and a line. */
#include <string.h>

#include "worker/sync/kind.h"

static const struct source_kind *const kinds[] = {&kind_git,  &kind_dir, &kind_recall,
                                                  &kind_feed, &kind_log, &kind_inbox};

const struct source_kind *kind_find(const char *name)
{
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (strcmp(kinds[i]->name, name) == 0)
            return kinds[i];
    return NULL;
}
