/* The files of a folder of logs: a walk that follows no symlink. */
#include "worker/sync/log_tree.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <xxhash.h>

#include "common/cleanup.h"
#include "common/glob.h"
#include "common/text.h"
#include "worker/sync/stop.h"

/* Deeper folders are refused: nobody's logs are, and each takes a descriptor. */
enum { DEPTH_MAX = 32 };

struct walk {
    struct sync *sync;
    struct log_tree *tree;
    struct glob_set *include;
    struct glob_set *exclude;
    struct buf path;
    int64_t seen;
    enum step step;
};

static bool wanted(const struct walk *w)
{
    return glob_set_match(w->include, w->path.data) && !glob_set_match(w->exclude, w->path.data);
}

static void add(struct walk *w, const struct stat *st)
{
    struct log_tree *tree = w->tree;
    if (tree->count == tree->room) {
        tree->room = tree->room ? tree->room * 2 : 256;
        tree->entries = xrealloc(tree->entries, tree->room * sizeof *tree->entries);
    }
    tree->entries[tree->count++] = (struct log_entry){
        .path = xstrndup(w->path.data, w->path.size),
        .stat = {.inode = (int64_t)st->st_ino,
                 .size = st->st_size,
                 .mtime_ns = st->st_mtim.tv_sec * INT64_C(1000000000) + st->st_mtim.tv_nsec},
    };
}

static bool failed(struct walk *w, const char *what, struct error *e)
{
    w->step = STEP_FAILED;
    return error_set(e, errno == EACCES ? CAUSE_CONFIG : CAUSE_UNREACHABLE, "%s%s%s: %s",
                     sync_source(w->sync)->path, w->path.size ? "/" : "",
                     w->path.size ? w->path.data : "", what ? what : strerror(errno));
}

static bool walk_folder(struct walk *w, int parent, const char *name, int depth, struct error *e);

static bool walk_entry(struct walk *w, int folder, const char *name, int depth, struct error *e)
{
    struct stat st;
    if (++w->seen % 1000 == 0 && !sync_fetching(w->sync, w->seen, -1, e)) {
        w->step = STEP_FAILED;
        return false;
    }
    if (stop_requested()) {
        w->step = STEP_STOPPED;
        return false;
    }
    if (fstatat(folder, name, &st, AT_SYMLINK_NOFOLLOW) != 0)
        return errno == ENOENT || failed(w, NULL, e); /* it went meanwhile */
    if (S_ISDIR(st.st_mode))
        return walk_folder(w, folder, name, depth + 1, e);
    if (S_ISLNK(st.st_mode))
        w->tree->symlinks += wanted(w);
    else if (S_ISREG(st.st_mode) && wanted(w))
        add(w, &st);
    return true;
}

static bool walk_all(struct walk *w, DIR *dir, int depth, struct error *e)
{
    size_t before = w->path.size;
    bool ok = true;
    while (ok) {
        errno = 0;
        const struct dirent *entry = readdir(dir);
        if (!entry)
            return errno == 0 || failed(w, NULL, e);
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
            continue;
        buf_printf(&w->path, "%s%s", before ? "/" : "", entry->d_name);
        ok = walk_entry(w, dirfd(dir), entry->d_name, depth, e);
        w->path.size = before;
        w->path.data[before] = '\0';
    }
    return false;
}

static bool walk_folder(struct walk *w, int parent, const char *name, int depth, struct error *e)
{
    int follow = depth == 0 ? 0 : O_NOFOLLOW;
    if (depth > DEPTH_MAX)
        return failed(w, "its folders are too deep", e);
    int fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | follow);
    if (fd < 0)
        return (depth > 0 && errno == ENOENT) || failed(w, NULL, e);
    DIR *dir = fdopendir(fd);
    if (!dir) {
        close(fd);
        return failed(w, NULL, e);
    }
    bool ok = walk_all(w, dir, depth, e);
    closedir(dir);
    return ok;
}

static int by_path(const void *a, const void *b)
{
    const struct log_entry *x = a;
    const struct log_entry *y = b;
    return strcmp(x->path, y->path);
}

static size_t length(char *const *list)
{
    size_t count = 0;
    while (list && list[count])
        count++;
    return count;
}

enum step log_tree_read(struct sync *sync, struct log_tree *tree, struct error *e)
{
    const struct source_config *c = sync_source(sync);
    struct walk w = {.sync = sync, .tree = tree, .step = STEP_FAILED};
    w.include = glob_set_new((const char *const *)c->include, length(c->include), "include", e);
    if (w.include)
        w.exclude = glob_set_new((const char *const *)c->exclude, length(c->exclude), "exclude", e);
    if (w.exclude && walk_folder(&w, AT_FDCWD, c->path, 0, e)) {
        if (tree->count)
            qsort(tree->entries, tree->count, sizeof *tree->entries, by_path);
        w.step = STEP_DONE;
    }
    glob_set_free(w.include);
    glob_set_free(w.exclude);
    buf_release(&w.path);
    return w.step;
}

void log_tree_release(struct log_tree *tree)
{
    for (size_t i = 0; i < tree->count; i++)
        free(tree->entries[i].path);
    free(tree->entries);
    *tree = (struct log_tree){0};
}

const struct log_entry *log_tree_find(const struct log_tree *tree, const char *path)
{
    const struct log_entry key = {.path = (char *)path};
    if (!tree->count)
        return NULL;
    return bsearch(&key, tree->entries, tree->count, sizeof key, by_path);
}

char *log_tree_name(const struct log_tree *tree)
{
    XXH3_state_t *hash = XXH3_createState();
    if (!hash)
        abort();
    XXH3_128bits_reset(hash);
    for (size_t i = 0; i < tree->count; i++) {
        const struct log_entry *entry = &tree->entries[i];
        const int64_t numbers[] = {entry->stat.inode, entry->stat.size, entry->stat.mtime_ns};
        XXH3_128bits_update(hash, entry->path, strlen(entry->path) + 1);
        XXH3_128bits_update(hash, numbers, sizeof numbers);
    }
    XXH128_hash_t digest = XXH3_128bits_digest(hash);
    XXH3_freeState(hash);
    return xasprintf("%016" PRIx64 "%016" PRIx64, (uint64_t)digest.high64, (uint64_t)digest.low64);
}

/* --- what to watch ---------------------------------------------------------------------------- */

struct folder {
    const char *path; /* borrowed: of one of its files */
    size_t size;      /* of the folder's part of it */
    int64_t newest_ns;
};

static int newest_first(const void *a, const void *b)
{
    const struct folder *x = a;
    const struct folder *y = b;
    return (x->newest_ns < y->newest_ns) - (x->newest_ns > y->newest_ns);
}

static int by_text(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Files of a folder are neighbours but for those of folders in it: it may come up more than once.
 */
static size_t folders_of(const struct log_tree *tree, struct folder *folders)
{
    size_t count = 0;
    for (size_t i = 0; i < tree->count; i++) {
        const struct log_entry *entry = &tree->entries[i];
        const char *slash = strrchr(entry->path, '/');
        size_t size = slash ? (size_t)(slash - entry->path) : 0;
        struct folder *last = count ? &folders[count - 1] : NULL;
        if (!last || last->size != size || memcmp(last->path, entry->path, size) != 0) {
            last = &folders[count++];
            *last = (struct folder){entry->path, size, 0};
        }
        if (entry->stat.mtime_ns > last->newest_ns)
            last->newest_ns = entry->stat.mtime_ns;
    }
    qsort(folders, count, sizeof *folders, newest_first);
    return count;
}

/* A path too long for a message is not watched. */
static void add_watch(struct watch_list *list, char *path)
{
    bool known = strlen(path) > WATCH_PATH_BYTES_MAX;
    for (size_t i = 0; i < list->count && !known; i++)
        known = strcmp(list->paths[i], path) == 0;
    if (known)
        free(path);
    else
        list->paths[list->count++] = path;
}

/* And the folders on the way to it, in which a new one would be made: a day's, a project's. */
static void add_folder(struct watch_list *list, const char *root, const struct folder *folder)
{
    for (size_t size = folder->size; list->count < WATCH_PATHS_MAX;) {
        add_watch(list, xasprintf("%s/%.*s%s", root, (int)size, folder->path, size ? "/" : ""));
        const char *slash = memrchr(folder->path, '/', size);
        if (!slash)
            return;
        size = (size_t)(slash - folder->path);
    }
}

struct watch_list log_tree_watch(const struct log_tree *tree, const char *root)
{
    struct watch_list list = {.paths = xcalloc(WATCH_PATHS_MAX, sizeof(char *))};
    struct folder *folders = xcalloc(tree->count + 1, sizeof *folders);
    size_t count = tree->count ? folders_of(tree, folders) : 0;
    add_watch(&list, xasprintf("%s/", root));
    for (size_t i = 0; i < count && list.count < WATCH_PATHS_MAX; i++)
        add_folder(&list, root, &folders[i]);
    free(folders);
    qsort(list.paths, list.count, sizeof *list.paths, by_text);
    return list;
}
