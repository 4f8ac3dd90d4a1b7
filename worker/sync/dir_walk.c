/* A folder tree as it is now, read folder by folder. */
/* Through descriptors: a path that is exchanged for a symlink while it is walked leads nowhere
 * else. */
#include "worker/sync/dir_walk.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/cleanup.h"
#include "common/log.h"
#include "worker/sync/ignore.h"
#include "worker/sync/stop.h"

/* Files between two looks at the clock. */
enum { PROGRESS_FILES = 256 };

struct entry {
    char *name; /* owned; a folder's with a '/' behind: that is its place in the order of paths */
    bool folder;
    bool symlink;
};

struct entries {
    struct entry *list; /* owned */
    size_t count;
    size_t room;
    bool rules; /* a .gitignore is among them */
};

/* A folder that is open. */
struct place {
    const struct place *above;
    int fd;
    dev_t device;
    size_t base; /* of its name in the path; its entries' names go there */
    unsigned depth;
    struct ignore *ignore; /* owned; NULL: no rules */
};

struct walk {
    const struct dir_walk *options;
    const char *root;
    struct dir_tree *tree;
    struct buf path; /* of the place or entry in hand; relative */
    struct error *e;
};

const char *dir_path(const struct dir_tree *tree, size_t path)
{
    return tree->paths.data + path;
}

void dir_tree_release(struct dir_tree *tree)
{
    buf_release(&tree->paths);
    free(tree->files);
    free(tree->folders);
    *tree = (struct dir_tree){0};
}

static enum step fail(struct walk *w, int error)
{
    bool closed = error == EACCES || error == EPERM;
    error_set(w->e, closed ? CAUSE_CONFIG : CAUSE_UNREACHABLE, "%s%s%s: %s%s", w->root,
              w->path.size ? "/" : "", w->path.size ? w->path.data : "", strerror(error),
              closed            ? "; let this user read it, or leave it out with `exclude`"
              : error == ENOENT ? "; is its disk mounted?"
                                : "");
    return STEP_FAILED;
}

static void set_path(struct walk *w, size_t base, const char *name)
{
    w->path.size = base;
    buf_add_text(&w->path, name);
}

static size_t keep_path(struct walk *w)
{
    size_t at = w->tree->paths.size;
    buf_add(&w->tree->paths, w->path.size ? w->path.data : "", w->path.size);
    buf_add_byte(&w->tree->paths, '\0');
    return at;
}

/* What the .gitignore files say: the nearest one that says anything counts. */
static bool ignored(const struct walk *w, const struct place *place, bool folder)
{
    for (; place; place = place->above) {
        if (!place->ignore)
            continue;
        switch (ignore_judge(place->ignore, w->path.data + place->base, folder)) {
        case IGNORE_OUT:
            return true;
        case IGNORE_IN:
            return false;
        case IGNORE_SILENT:
            break;
        }
    }
    return false;
}

static bool file_wanted(const struct walk *w, const struct place *place)
{
    const struct dir_walk *o = w->options;
    return glob_set_match(o->include, w->path.data) && !glob_set_match(o->exclude, w->path.data) &&
           !ignored(w, place, false);
}

static bool folder_wanted(const struct walk *w, const struct place *place, const char *name)
{
    return strcmp(name, ".git") != 0 &&
           !glob_set_match_only(w->options->exclude, w->path.data, true) &&
           !ignored(w, place, true);
}

static int64_t nanoseconds(struct timespec t)
{
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static void add_file(struct walk *w, const struct stat *st)
{
    struct dir_tree *tree = w->tree;
    if (tree->count == tree->room) {
        tree->room = tree->room ? tree->room * 2 : 256;
        tree->files = xrealloc(tree->files, tree->room * sizeof *tree->files);
    }
    tree->files[tree->count++] = (struct dir_file){
        .path_size = w->path.size,
        .path = keep_path(w),
        .symlink = S_ISLNK(st->st_mode),
        .look = {.size_bytes = st->st_size,
                 .mtime_ns = nanoseconds(st->st_mtim),
                 .ctime_ns = nanoseconds(st->st_ctim),
                 .inode = (int64_t)st->st_ino},
    };
}

static void add_folder(struct walk *w, const struct place *place, const struct stat *st)
{
    struct dir_tree *tree = w->tree;
    if (tree->folder_count == tree->folder_room) {
        tree->folder_room = tree->folder_room ? tree->folder_room * 2 : 64;
        tree->folders = xrealloc(tree->folders, tree->folder_room * sizeof *tree->folders);
    }
    struct stat above = *st;
    if (!place->above && fstatat(place->fd, "..", &above, 0) != 0)
        above = *st;
    dev_t device = place->above ? place->above->device : above.st_dev;
    tree->folders[tree->folder_count++] =
        (struct dir_folder){keep_path(w), nanoseconds(st->st_mtim), device != st->st_dev};
}

static int by_name(const void *a, const void *b)
{
    return strcmp(((const struct entry *)a)->name, ((const struct entry *)b)->name);
}

static void entries_release(struct entries *entries)
{
    for (size_t i = 0; i < entries->count; i++)
        free(entries->list[i].name);
    free(entries->list);
}

/* The kind of an entry that the folder itself does not tell. False: it went, or is none of ours. */
static bool look_closer(int fd, const char *name, unsigned char *type)
{
    struct stat st;
    if (*type != DT_UNKNOWN)
        return *type == DT_REG || *type == DT_DIR || *type == DT_LNK;
    if (fstatat(fd, name, &st, AT_SYMLINK_NOFOLLOW) != 0)
        return false;
    *type = S_ISDIR(st.st_mode) ? DT_DIR : S_ISLNK(st.st_mode) ? DT_LNK : DT_REG;
    return S_ISREG(st.st_mode) || *type != DT_REG;
}

static void add_entry(struct entries *entries, int fd, const struct dirent *d)
{
    unsigned char type = d->d_type;
    if (strcmp(d->d_name, ".") == 0 || strcmp(d->d_name, "..") == 0 ||
        !look_closer(fd, d->d_name, &type))
        return;
    if (entries->count == entries->room) {
        entries->room = entries->room ? entries->room * 2 : 64;
        entries->list = xrealloc(entries->list, entries->room * sizeof *entries->list);
    }
    entries->rules |= type == DT_REG && strcmp(d->d_name, ".gitignore") == 0;
    entries->list[entries->count++] = (struct entry){
        xasprintf("%s%s", d->d_name, type == DT_DIR ? "/" : ""), type == DT_DIR, type == DT_LNK};
}

static bool read_entries(struct walk *w, int fd, struct entries *entries)
{
    int copy = fcntl(fd, F_DUPFD_CLOEXEC, 3);
    DIR *dir = copy >= 0 ? fdopendir(copy) : NULL;
    const struct dirent *d;
    int error = dir ? 0 : errno;
    if (!dir && copy >= 0)
        close(copy);
    while (dir && (errno = 0, d = readdir(dir)))
        add_entry(entries, fd, d);
    if (dir)
        error = errno;
    if (dir)
        closedir(dir);
    if (error) {
        fail(w, error);
        return false;
    }
    if (entries->count)
        qsort(entries->list, entries->count, sizeof *entries->list, by_name);
    return true;
}

/* One that cannot be read has no rules, as for git. */
static struct ignore *read_rules(int folder)
{
    struct stat st;
    CLEANUP(close_fd)
    int fd = openat(folder, ".gitignore", O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    if (fd < 0 || fstat(fd, &st) != 0 || !S_ISREG(st.st_mode) || st.st_size == 0)
        return NULL;
    size_t size = st.st_size < IGNORE_MAX_BYTES ? (size_t)st.st_size : IGNORE_MAX_BYTES;
    CLEANUP(free_text) char *text = xmalloc(size);
    ssize_t n = pread(fd, text, size, 0);
    return n > 0 ? ignore_parse(text, (size_t)n) : NULL;
}

static enum step walk_place(struct walk *w, struct place *place);

static bool is_home(const struct walk *w, const struct stat *st)
{
    const struct home *home = sync_home(w->options->sync);
    return st->st_dev == home->device && st->st_ino == home->inode;
}

/* The folder at w->path, which ends with a '/'. */
static enum step enter(struct walk *w, const struct place *above, const char *name)
{
    struct place place = {.above = above, .base = w->path.size, .depth = above->depth + 1};
    struct stat st;
    w->path.data[--w->path.size] = '\0';
    CLEANUP(free_text) char *own = xstrndup(name, strlen(name) - 1);
    if (!folder_wanted(w, above, own))
        return STEP_DONE;
    if (place.depth > DIR_DEPTH_MAX) {
        log_line(LOG_WARN, sync_source(w->options->sync)->id, "fetch",
                 "%.500s is more than %d folders deep and left out", w->path.data, DIR_DEPTH_MAX);
        return STEP_DONE;
    }
    place.fd = openat(above->fd, own, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (place.fd < 0)
        /* It went, or became something else, since it was named: another run sees what it is. */
        return errno == ENOENT || errno == ENOTDIR || errno == ELOOP ? STEP_DONE : fail(w, errno);
    enum step step = STEP_DONE;
    if (fstat(place.fd, &st) != 0)
        step = fail(w, errno);
    else if (!is_home(w, &st)) {
        place.device = st.st_dev;
        add_folder(w, &place, &st);
        buf_add_byte(&w->path, '/');
        step = walk_place(w, &place);
    }
    close(place.fd);
    return step;
}

/* The file or symlink at w->path. */
static enum step take(struct walk *w, const struct place *place, const struct entry *entry,
                      int64_t *newest_ns)
{
    struct stat st = {.st_mode = S_IFLNK};
    if (!file_wanted(w, place))
        return STEP_DONE;
    if (!entry->symlink && fstatat(place->fd, entry->name, &st, AT_SYMLINK_NOFOLLOW) != 0)
        return errno == ENOENT ? STEP_DONE : fail(w, errno);
    if (!S_ISREG(st.st_mode) && !S_ISLNK(st.st_mode))
        return STEP_DONE;
    add_file(w, &st);
    if (!entry->symlink && nanoseconds(st.st_mtim) > *newest_ns)
        *newest_ns = nanoseconds(st.st_mtim);
    if (w->tree->count % PROGRESS_FILES)
        return STEP_DONE;
    if (stop_requested())
        return STEP_STOPPED;
    return sync_fetching(w->options->sync, (int64_t)w->tree->count, -1, w->e) ? STEP_DONE
                                                                              : STEP_FAILED;
}

static enum step walk_entries(struct walk *w, struct place *place, const struct entries *entries)
{
    size_t folder = w->tree->folder_count - 1;
    enum step step = STEP_DONE;
    for (size_t i = 0; i < entries->count && step == STEP_DONE; i++) {
        const struct entry *entry = &entries->list[i];
        int64_t newest_ns = w->tree->folders[folder].newest_ns;
        set_path(w, place->base, entry->name);
        step = entry->folder ? enter(w, place, entry->name) : take(w, place, entry, &newest_ns);
        w->tree->folders[folder].newest_ns = newest_ns;
    }
    return stop_requested() && step == STEP_DONE ? STEP_STOPPED : step;
}

static enum step walk_place(struct walk *w, struct place *place)
{
    struct entries entries = {0};
    enum step step = STEP_FAILED;
    if (read_entries(w, place->fd, &entries)) {
        place->ignore = entries.rules ? read_rules(place->fd) : NULL;
        step = walk_entries(w, place, &entries);
        ignore_free(place->ignore);
    }
    entries_release(&entries);
    return step;
}

enum step dir_walk(const struct dir_walk *options, const char *root, struct dir_tree *tree,
                   struct error *e)
{
    struct walk w = {.options = options, .root = root, .tree = tree, .e = e};
    struct stat st;
    enum step step;
    buf_reserve(&w.path, 256);
    w.path.data[0] = '\0';
    CLEANUP(close_fd) int fd = open(root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    struct place place = {.fd = fd};
    if (fd < 0 || fstat(fd, &st) != 0)
        step = fail(&w, errno);
    else {
        place.device = st.st_dev;
        add_folder(&w, &place, &st);
        step = walk_place(&w, &place);
    }
    buf_release(&w.path);
    return step;
}
