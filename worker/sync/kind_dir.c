/* The kind `dir`: a folder tree that is no repository. */
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

#include "common/cleanup.h"
#include "common/clock.h"
#include "common/text.h"
#include "worker/sync/dir_read.h"
#include "worker/sync/dir_walk.h"
#include "worker/sync/dir_watch.h"
#include "worker/sync/kind.h"
#include "worker/sync/stop.h"
#include "worker/sync/sync.h"

/* Looks of files are kept in transactions of so many, so that a stop loses little hashing. */
enum { LOOKS_PER_COMMIT = 2000 };
/* A file written so shortly before it was looked at may be written again without looking any
 * different: the kernel's clock for files ticks up to every 10 ms, and a file system that keeps
 * whole seconds may keep every other one only. */
#define TICK_NS        INT64_C(50000000)
#define COARSE_TICK_NS INT64_C(2000000000)

static const char memo_mounts[] = "mounts";

struct dir_source {
    struct sync *sync; /* borrowed */
    struct dir_tree tree;
    struct dir_reader reader;
    int64_t started_ns; /* Unix time at which the walk began */
    /* What was asked for and not read yet, in order. */
    struct asked {
        const struct plan_item *items; /* borrowed; its block is not used again before it is read */
        size_t count;
    } asked[2];
    size_t next; /* item of asked[0] */
    struct buf gone_paths;
};

static void dir_release(void *state)
{
    struct dir_source *d = state;
    if (!d)
        return;
    dir_tree_release(&d->tree);
    dir_reader_release(&d->reader);
    buf_release(&d->gone_paths);
    free(d);
}

/* --- Which files were hashed already ---------------------------------------------------------- */

static bool same_look(const struct file_look *a, const struct file_look *b)
{
    return a->size_bytes == b->size_bytes && a->mtime_ns == b->mtime_ns &&
           a->ctime_ns == b->ctime_ns && a->inode == b->inode;
}

static int compare(const char *a, size_t a_size, const char *b, size_t b_size)
{
    int order = memcmp(a, b, a_size < b_size ? a_size : b_size);
    return order ? order : (a_size > b_size) - (a_size < b_size);
}

/* A row without a file goes with the next looks that are written. */
static void note_gone(struct dir_source *d, const struct file_row *row)
{
    buf_add(&d->gone_paths, row->path, row->path_size);
    buf_add_byte(&d->gone_paths, '\0');
}

/* What was too large under another limit has to be read again, and the other way round. */
static void meet(const struct dir_source *d, struct dir_file *file, const struct file_row *row)
{
    bool large = file->look.size_bytes > sync_source(d->sync)->max_page_bytes;
    if (file->symlink || !same_look(&file->look, &row->look) || large != dir_blob_large(row->blob))
        return;
    snprintf(file->blob, sizeof file->blob, "%s", row->blob);
    file->fresh = true;
}

/* Rows and files side by side, both in the order of their paths. */
static bool join_rows(struct dir_source *d, struct error *e)
{
    struct store *store = d->sync->store;
    struct file_row row;
    bool there = false;
    size_t i = 0;
    bool ok = store_files_next(store, &row, &there, e);
    while (ok && there) {
        struct dir_file *file = i < d->tree.count ? &d->tree.files[i] : NULL;
        int order =
            file ? compare(dir_path(&d->tree, file->path), file->path_size, row.path, row.path_size)
                 : 1;
        if (order <= 0)
            i++;
        if (order == 0)
            meet(d, file, &row);
        if (order > 0)
            note_gone(d, &row);
        if (order >= 0)
            ok = store_files_next(store, &row, &there, e);
    }
    store_files_end(store);
    return ok;
}

/* --- Hashing the others ----------------------------------------------------------------------- */

static bool drop_gone(struct dir_source *d, struct error *e)
{
    for (size_t at = 0; at < d->gone_paths.size;) {
        const char *path = d->gone_paths.data + at;
        size_t size = strlen(path);
        if (!store_file_drop(d->sync->store, path, size, e))
            return false;
        at += size + 1;
    }
    buf_reset(&d->gone_paths);
    return true;
}

/* A look that may stand for another content already is not kept. */
static bool keep_look(struct dir_source *d, const struct dir_file *file, struct error *e)
{
    const struct file_look *look = &file->look;
    int64_t latest = look->mtime_ns > look->ctime_ns ? look->mtime_ns : look->ctime_ns;
    bool coarse = look->mtime_ns % 1000000000 == 0 && look->ctime_ns % 1000000000 == 0;
    if (latest > d->started_ns - (coarse ? COARSE_TICK_NS : TICK_NS))
        return true;
    const struct file_row row = {dir_path(&d->tree, file->path), file->path_size, file->look,
                                 file->blob};
    return store_file_put(d->sync->store, &row, e);
}

/* Content that is not to be had now has an id that says so: reading it again decides. */
static bool hash_file(struct dir_source *d, struct dir_file *file, bool *there, struct error *e)
{
    const char *path = dir_path(&d->tree, file->path);
    enum dir_answer answer = dir_read(&d->reader, path, sync_source(d->sync)->max_page_bytes);
    *there = answer != DIR_GONE;
    switch (answer) {
    case DIR_READ:
    case DIR_LARGE:
        file->look = d->reader.look;
        snprintf(file->blob, sizeof file->blob, "%s", d->reader.blob);
        return keep_look(d, file, e);
    case DIR_MOVING:
        snprintf(file->blob, sizeof file->blob, "moving-%" PRId64, file->look.mtime_ns);
        return true;
    case DIR_CLOSED:
        snprintf(file->blob, sizeof file->blob, "closed-%" PRId64, file->look.ctime_ns);
        return true;
    case DIR_GONE:
        return true;
    }
    return true;
}

static bool commit_looks(struct dir_source *d, struct error *e)
{
    struct store *store = d->sync->store;
    if (!store_in_transaction(store))
        return true;
    sync_banked(d->sync);
    return store_commit_quietly(store, e);
}

static enum step hash_files(struct dir_source *d, struct error *e)
{
    struct store *store = d->sync->store;
    struct dir_tree *tree = &d->tree;
    size_t kept = 0;
    size_t hashed = 0;
    for (size_t i = 0; i < tree->count; i++) {
        struct dir_file *file = &tree->files[i];
        bool there = true;
        if (!file->fresh && !file->symlink) {
            if (stop_requested())
                return commit_looks(d, e) ? STEP_STOPPED : STEP_FAILED;
            if ((!store_in_transaction(store) && !store_begin(store, e)) ||
                !hash_file(d, file, &there, e) ||
                (++hashed % LOOKS_PER_COMMIT == 0 && !commit_looks(d, e)) ||
                !sync_fetching(d->sync, (int64_t)i, (int64_t)tree->count, e))
                return STEP_FAILED;
        }
        if (there)
            tree->files[kept++] = *file;
    }
    tree->count = kept;
    if (d->gone_paths.size &&
        ((!store_in_transaction(store) && !store_begin(store, e)) || !drop_gone(d, e)))
        return STEP_FAILED;
    return commit_looks(d, e) ? STEP_DONE : STEP_FAILED;
}

/* --- Head ------------------------------------------------------------------------------------- */

/* All paths and contents: what the store holds is named by what it is, not by when it was looked
 * at, so that a file that was only touched changes nothing. */
static char *head_of(const struct dir_tree *tree)
{
    XXH3_state_t *hash = XXH3_createState();
    if (!hash)
        abort();
    XXH3_128bits_reset(hash);
    for (size_t i = 0; i < tree->count; i++) {
        const struct dir_file *file = &tree->files[i];
        XXH3_128bits_update(hash, dir_path(tree, file->path), file->path_size + 1);
        XXH3_128bits_update(hash, file->blob, strlen(file->blob) + 1);
    }
    XXH128_hash_t h = XXH3_128bits_digest(hash);
    XXH3_freeState(hash);
    return xasprintf("%016" PRIx64 "%016" PRIx64, (uint64_t)h.high64, (uint64_t)h.low64);
}

/* --- Mounts ----------------------------------------------------------------------------------- */

static const struct dir_folder *find_mount(const struct dir_tree *tree, const char *path)
{
    for (size_t i = 0; i < tree->folder_count; i++)
        if (tree->folders[i].mount && strcmp(dir_path(tree, tree->folders[i].path), path) == 0)
            return &tree->folders[i];
    return NULL;
}

/* Where a filesystem was mounted at the last sync and is none now, its files did not go. */
static bool mounts_are_there(struct dir_source *d, struct error *e)
{
    char *text = NULL;
    size_t at;
    json_t *path;
    if (!sync_memo(d->sync, memo_mounts, &text, e))
        return false;
    CLEANUP(free_json) json_t *list = text ? json_loads(text, 0, NULL) : NULL;
    free(text);
    json_array_foreach (list, at, path) {
        const char *mount = json_string_value(path);
        if (!mount || find_mount(&d->tree, mount) || d->sync->job->allow_shrink)
            continue;
        return error_set(e, CAUSE_UNREACHABLE,
                         "%s%s%s was a filesystem of its own and is not mounted now; mount it, or "
                         "say --allow-shrink once if it is gone for good",
                         sync_source(d->sync)->path, *mount ? "/" : "", mount);
    }
    return true;
}

static void remember_mounts(struct dir_source *d)
{
    CLEANUP(free_json) json_t *list = json_array();
    for (size_t i = 0; i < d->tree.folder_count; i++)
        if (d->tree.folders[i].mount)
            json_array_append_new(list, json_string(dir_path(&d->tree, d->tree.folders[i].path)));
    CLEANUP(free_text) char *text = json_array_size(list) ? json_dumps(list, JSON_COMPACT) : NULL;
    sync_remember(d->sync, memo_mounts, text);
}

/* --- The kind --------------------------------------------------------------------------------- */

static size_t length_of(char *const *list)
{
    size_t count = 0;
    while (list && list[count])
        count++;
    return count;
}

static enum step walk_tree(struct dir_source *d, struct error *e)
{
    const struct source_config *c = sync_source(d->sync);
    struct glob_set *include =
        glob_set_new((const char *const *)c->include, length_of(c->include), "include", e);
    struct glob_set *exclude =
        include ? glob_set_new((const char *const *)c->exclude, length_of(c->exclude), "exclude", e)
                : NULL;
    enum step step = STEP_FAILED;
    if (exclude) {
        const struct dir_walk walk = {d->sync, include, exclude};
        step = dir_walk(&walk, c->path, &d->tree, e);
    }
    glob_set_free(include);
    glob_set_free(exclude);
    return step;
}

static enum step dir_fetch(struct sync *sync, void **state, char **head, struct error *e)
{
    struct dir_source *d = xcalloc(1, sizeof *d);
    *state = d;
    d->sync = sync;
    d->reader = (struct dir_reader)DIR_READER_CLOSED;
    d->reader.root = sync_source(sync)->path;
    d->started_ns = clock_unix_ns();
    enum step step = walk_tree(d, e);
    if (step != STEP_DONE)
        return step;
    dir_watch(sync_source(sync)->path, &d->tree);
    if (!mounts_are_there(d, e) || !join_rows(d, e))
        return STEP_FAILED;
    step = hash_files(d, e);
    if (step != STEP_DONE)
        return step;
    remember_mounts(d);
    *head = head_of(&d->tree);
    return STEP_DONE;
}

static enum step dir_list(void *state, struct listing *to, struct error *e)
{
    struct dir_source *d = state;
    for (size_t i = 0; i < d->tree.count; i++) {
        const struct dir_file *file = &d->tree.files[i];
        const char *path = dir_path(&d->tree, file->path);
        if (file->symlink)
            to->skipped(to->context, SKIPPED_SYMLINK, path, 1);
        else if (!to->entry(to->context, path, file->path_size, file->blob, e))
            return STEP_FAILED;
    }
    return STEP_DONE;
}

/* Leaves behind what was read whole. */
static void settle_asked(struct dir_source *d)
{
    while (d->asked[0].count && d->next == d->asked[0].count) {
        d->asked[0] = d->asked[1];
        d->asked[1] = (struct asked){0};
        d->next = 0;
    }
}

static bool dir_request(void *state, const struct plan_block *block, bool last, struct error *e)
{
    struct dir_source *d = state;
    (void)last;
    (void)e;
    settle_asked(d);
    d->asked[d->asked[0].count ? 1 : 0] = (struct asked){block->items, block->count};
    return true;
}

static const struct plan_item *next_item(struct dir_source *d)
{
    settle_asked(d);
    return d->asked[0].count ? &d->asked[0].items[d->next++] : NULL;
}

static enum step dir_get(void *state, int64_t max_bytes, struct blob_content *content,
                         struct error *e)
{
    struct dir_source *d = state;
    const struct plan_item *item = next_item(d);
    if (!item) {
        error_set(e, CAUSE_BUG, "more contents were read than asked for");
        return STEP_FAILED;
    }
    switch (dir_read(&d->reader, item->path, max_bytes)) {
    case DIR_READ:
        content->content = CONTENT_PAGE;
        break;
    case DIR_LARGE:
        content->content = CONTENT_TOO_LARGE;
        break;
    case DIR_CLOSED:
        content->content = CONTENT_CLOSED;
        break;
    case DIR_GONE:
    case DIR_MOVING:
        content->content = CONTENT_MOVED;
        break;
    }
    content->bytes = d->reader.bytes.data;
    content->size = content->content == CONTENT_TOO_LARGE ? (size_t)d->reader.look.size_bytes
                                                          : d->reader.bytes.size;
    bool known = content->content == CONTENT_PAGE || content->content == CONTENT_TOO_LARGE;
    content->blob = known && strcmp(d->reader.blob, item->blob) != 0 ? d->reader.blob : NULL;
    return STEP_DONE;
}

const struct source_kind kind_dir = {
    .name = "dir",
    .fetch = dir_fetch,
    .list = dir_list,
    .request = dir_request,
    .read = dir_get,
    .release = dir_release,
};
