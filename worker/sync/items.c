/* Items in an unlinked file, found by path. */
#include "worker/sync/items.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <xxhash.h>

#include "common/cleanup.h"

/* Written at once. */
enum { SAVE_BYTES = 256 * 1024 };
enum { HASH_BYTES = 16 };

struct item {
    size_t path; /* offset in `paths` */
    int64_t at;  /* offset in the file */
    uint32_t size;
    uint32_t order; /* as they came */
    unsigned char hash[HASH_BYTES];
};

bool items_open(struct items *items, const struct home *home, const char *id, struct error *e)
{
    CLEANUP(free_text) char *folder = home_source_path(home, id, "");
    items->file = open(folder, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    if (items->file < 0 && (errno == EOPNOTSUPP || errno == EISDIR || errno == EINVAL)) {
        CLEANUP(free_text) char *name = xasprintf("%s/items.XXXXXX", folder);
        items->file = mkostemp(name, O_CLOEXEC);
        if (items->file >= 0)
            unlink(name);
    }
    if (items->file < 0)
        return error_set(e, CAUSE_STORE, "make a file in %s: %s", folder, strerror(errno));
    items->opened = true;
    return true;
}

void items_release(struct items *items)
{
    if (items->opened)
        close(items->file);
    free(items->list);
    free(items->asked);
    buf_release(&items->paths);
    buf_release(&items->unsaved);
    buf_release(&items->bytes);
    *items = (struct items){0};
}

void items_hash(const char *bytes, size_t size, char hash[ITEMS_HASH_SIZE])
{
    XXH128_hash_t digest = XXH3_128bits(bytes, size);
    snprintf(hash, ITEMS_HASH_SIZE, "%016" PRIx64 "%016" PRIx64, (uint64_t)digest.high64,
             (uint64_t)digest.low64);
}

static void hash_text(const struct item *item, char hash[ITEMS_HASH_SIZE])
{
    for (size_t i = 0; i < HASH_BYTES; i++)
        snprintf(hash + 2 * i, 3, "%02x", item->hash[i]);
}

static int digit(char c)
{
    return c >= 'a' ? c - 'a' + 10 : c - '0';
}

static bool save(struct items *items, struct error *e)
{
    size_t at = 0;
    while (at < items->unsaved.size) {
        ssize_t n = pwrite(items->file, items->unsaved.data + at, items->unsaved.size - at,
                           items->saved + (int64_t)at);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return error_set(e, CAUSE_STORE, "keep what the source sent: %s", strerror(errno));
        at += (size_t)n;
    }
    items->saved += (int64_t)at;
    buf_reset(&items->unsaved);
    return true;
}

bool items_add(struct items *items, const char *path, const struct buf *bytes, const char *hash,
               struct error *e)
{
    if (items->count == ITEMS_MAX)
        return error_set(e, CAUSE_BAD_DATA, "more than %d items", ITEMS_MAX);
    if (items->count == items->room) {
        items->room = items->room ? items->room * 2 : 256;
        items->list = xrealloc(items->list, items->room * sizeof *items->list);
    }
    struct item *item = &items->list[items->count];
    *item = (struct item){.path = items->paths.size,
                          .at = items->saved + (int64_t)items->unsaved.size,
                          .size = (uint32_t)bytes->size,
                          .order = (uint32_t)items->count};
    for (size_t i = 0; i < HASH_BYTES; i++)
        item->hash[i] = (unsigned char)(digit(hash[2 * i]) << 4 | digit(hash[2 * i + 1]));
    items->count++;
    buf_add(&items->paths, path, strlen(path) + 1);
    buf_add(&items->unsaved, bytes->data, bytes->size);
    return items->unsaved.size < SAVE_BYTES || save(items, e);
}

static int by_path(const void *a, const void *b, void *paths)
{
    const struct item *one = a;
    const struct item *two = b;
    int order = strcmp((const char *)paths + one->path, (const char *)paths + two->path);
    return order ? order : (one->order > two->order) - (one->order < two->order);
}

static const char *path_of(const struct items *items, size_t index)
{
    return items->paths.data + items->list[index].path;
}

size_t items_finish(struct items *items)
{
    size_t kept = 0;
    if (items->count)
        qsort_r(items->list, items->count, sizeof *items->list, by_path, items->paths.data);
    for (size_t i = 0; i < items->count; i++)
        if (kept == 0 || strcmp(path_of(items, i), path_of(items, kept - 1)) != 0)
            items->list[kept++] = items->list[i];
    size_t doubles = items->count - kept;
    items->count = kept;
    return doubles;
}

void items_head(const struct items *items, char head[ITEMS_HASH_SIZE])
{
    XXH3_state_t *hash = XXH3_createState();
    if (!hash)
        abort();
    XXH3_128bits_reset(hash);
    for (size_t i = 0; i < items->count; i++) {
        const char *path = path_of(items, i);
        XXH3_128bits_update(hash, path, strlen(path) + 1);
        XXH3_128bits_update(hash, items->list[i].hash, HASH_BYTES);
    }
    XXH128_hash_t digest = XXH3_128bits_digest(hash);
    snprintf(head, ITEMS_HASH_SIZE, "%016" PRIx64 "%016" PRIx64, (uint64_t)digest.high64,
             (uint64_t)digest.low64);
    XXH3_freeState(hash);
}

enum step items_list(const struct items *items, struct listing *to, struct error *e)
{
    for (size_t i = 0; i < items->count; i++) {
        char hash[ITEMS_HASH_SIZE];
        const char *path = path_of(items, i);
        hash_text(&items->list[i], hash);
        if (!to->entry(to->context, path, strlen(path), hash, e))
            return STEP_FAILED;
    }
    return STEP_DONE;
}

/* Index of the item at `path`, or `count`. */
static size_t find(const struct items *items, const char *path)
{
    size_t low = 0;
    size_t high = items->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = strcmp(path_of(items, middle), path);
        if (order == 0)
            return middle;
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return items->count;
}

bool items_request(struct items *items, const struct plan_block *block, struct error *e)
{
    if (items->asked_at == items->asked_count)
        items->asked_at = items->asked_count = 0;
    for (size_t i = 0; i < block->count; i++) {
        size_t index = find(items, block->items[i].path);
        if (index == items->count)
            return error_set(e, CAUSE_BUG, "%s is not among the items", block->items[i].path);
        if (items->asked_count == items->asked_room) {
            items->asked_room = items->asked_room ? items->asked_room * 2 : 2048;
            items->asked = xrealloc(items->asked, items->asked_room * sizeof *items->asked);
        }
        items->asked[items->asked_count++] = index;
    }
    return items->unsaved.size == 0 || save(items, e);
}

bool items_read(struct items *items, struct error *e)
{
    if (items->asked_at == items->asked_count)
        return error_set(e, CAUSE_BUG, "an item was read that nobody asked for");
    const struct item *item = &items->list[items->asked[items->asked_at++]];
    struct buf *out = &items->bytes;
    buf_reset(out);
    buf_reserve(out, item->size + 1);
    while (out->size < item->size) {
        ssize_t n = pread(items->file, out->data + out->size, item->size - out->size,
                          item->at + (int64_t)out->size);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return error_set(e, CAUSE_STORE, "read back what the source sent: %s",
                             n < 0 ? strerror(errno) : "the file is shorter");
        out->size += (size_t)n;
    }
    out->data[out->size] = '\0';
    return true;
}
