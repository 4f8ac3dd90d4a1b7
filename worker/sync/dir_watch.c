/* Where a tree's news would be seen: a watch of its own for each folder, so not of all of them. */
#include "worker/sync/dir_watch.h"

#include <stdlib.h>
#include <string.h>

#include "common/text.h"
#include "worker/sync/report.h"

static int by_news(const void *a, const void *b)
{
    const struct dir_folder *x = a;
    const struct dir_folder *y = b;
    return (x->newest_ns < y->newest_ns) - (x->newest_ns > y->newest_ns);
}

void dir_watch(const char *root, const struct dir_tree *tree)
{
    char *paths[WATCH_PATHS_MAX];
    struct watch_list list = {.paths = paths};
    if (!report_wanted() || tree->folder_count == 0)
        return;
    struct dir_folder *folders = xmalloc(tree->folder_count * sizeof *folders);
    for (size_t i = 0; i < tree->folder_count; i++)
        folders[i] = tree->folders[i];
    qsort(folders + 1, tree->folder_count - 1, sizeof *folders, by_news);
    for (size_t i = 0; i < tree->folder_count && list.count < WATCH_PATHS_MAX; i++) {
        const char *path = dir_path(tree, folders[i].path);
        char *whole = xasprintf("%s/%s%s", root, path, *path ? "/" : "");
        if (strlen(whole) < WATCH_PATH_BYTES_MAX)
            paths[list.count++] = whole;
        else
            free(whole);
    }
    report_watch(&list);
    for (size_t i = 0; i < list.count; i++)
        free(paths[i]);
    free(folders);
}
