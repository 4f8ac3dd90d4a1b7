/* Where a local repository's head is kept, for a supervisor that wants to see it move. */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "common/cleanup.h"
#include "common/text.h"
#include "worker/sync/git_ref.h"
#include "worker/sync/git_watch.h"
#include "worker/sync/report.h"

/* `path` as seen from `folder`; takes `path`, caller frees. */
static char *seen_from(const char *folder, char *path)
{
    if (path[0] == '/')
        return path;
    char *joined = xasprintf("%s/%s", folder, path);
    free(path);
    return joined;
}

/* `.git` may be a file that names the folder (a worktree, a submodule). Caller frees. */
static char *real_git_dir(const char *git_dir)
{
    char *named = git_ref_line(git_dir, "gitdir: ");
    const char *slash = strrchr(git_dir, '/');
    if (!named || !slash)
        return named ? named : xstrdup(git_dir);
    CLEANUP(free_text) char *folder = xstrndup(git_dir, (size_t)(slash - git_dir));
    return seen_from(folder, named);
}

/* A worktree shares the refs of its main repository. Caller frees. */
static char *common_dir(const char *git_dir)
{
    CLEANUP(free_text) char *file = xasprintf("%s/commondir", git_dir);
    char *named = git_ref_line(file, "");
    return named ? seen_from(git_dir, named) : xstrdup(git_dir);
}

/* A loose ref whose folder is not there yet is seen when the nearest one that is gets a name. */
static char *ref_path(const char *common, const char *ref)
{
    char *path = xasprintf("%s/%s", common, ref);
    struct stat st;
    size_t least = strlen(common);
    for (char *slash = strrchr(path, '/'); slash && slash > path + least;
         slash = strrchr(path, '/')) {
        *slash = '\0';
        bool there = stat(path, &st) == 0 && S_ISDIR(st.st_mode);
        if (there) {
            bool whole =
                strlen(path) + 1 + strlen(strrchr(ref, '/') + 1) == least + 1 + strlen(ref);
            *slash = '/';
            if (!whole)
                slash[1] = '\0';
            return path;
        }
    }
    free(path);
    return xasprintf("%s/", common);
}

void git_watch(const char *git_dir, const char *ref)
{
    if (!report_wanted())
        return;
    CLEANUP(free_text) char *own = real_git_dir(git_dir);
    CLEANUP(free_text) char *common = common_dir(own);
    CLEANUP(free_text) char *head = xasprintf("%s/HEAD", own);
    CLEANUP(free_text) char *packed = xasprintf("%s/packed-refs", common);
    CLEANUP(free_text) char *tables = xasprintf("%s/reftable/", common);
    CLEANUP(free_text)
    char *followed = strcmp(ref, "HEAD") == 0 ? git_ref_line(head, "ref: ") : xstrdup(ref);
    CLEANUP(free_text)
    char *loose = followed && strchr(followed, '/') ? ref_path(common, followed) : NULL;
    char *paths[4] = {head, packed};
    struct watch_list list = {.paths = paths, .count = 2};
    struct stat st;
    if (stat(tables, &st) == 0)
        paths[list.count++] = tables;
    else if (loose)
        paths[list.count++] = loose;
    report_watch(&list);
}
