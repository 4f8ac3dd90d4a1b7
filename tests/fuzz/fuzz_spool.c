/* Any bytes as the files of a spool: each whole line is given once, and no message stops a run. */
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/text.h"
#include "tests/fuzz/must.h"
#include "worker/sync/inbox_queue.h"
#include "worker/sync/inbox_writer.h"
#include "worker/sync/store_index.h"
#include "worker/sync/store_page.h"
#include "worker/sync/store_spool.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* One for all inputs: nothing of it is ever committed. */
static struct store *store;
static char folder_path[64];
static int folder = -1;

static const char *const names[] = {"01AAAAAAAAAAAAAAAAAAAAAA01.jsonl",
                                    "01AAAAAAAAAAAAAAAAAAAAAA02.jsonl"};

static void leave(void)
{
    static const char *const files[] = {"store.db", "store.db-wal", "store.db-shm"};
    store_close(&store);
    for (int i = 0; i < 2; i++)
        unlinkat(folder, names[i], 0);
    for (int i = 0; i < 3; i++)
        unlinkat(folder, files[i], 0);
    rmdir(folder_path);
}

static void begin(void)
{
    struct error e = {0};
    const char *tmp = getenv("TMPDIR");
    snprintf(folder_path, sizeof folder_path, "%.40s/spool.XXXXXX", tmp ? tmp : "/tmp");
    MUST(mkdtemp(folder_path));
    atexit(leave);
    char *path = xasprintf("%s/store.db", folder_path);
    store_init();
    MUST(store_open(path, MEMORY_LOW, &store, &e));
    MUST(spool_open_folder(folder_path, &folder, &e) && folder >= 0);
    free(path);
}

static void write_file(const char *name, const char *bytes, size_t size)
{
    int fd = openat(folder, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    MUST(fd >= 0 && write(fd, bytes, size) == (ssize_t)size);
    close(fd);
}

static int64_t lines_of(const char *bytes, size_t size)
{
    int64_t lines = 0;
    for (size_t i = 0; i < size; i++)
        lines += bytes[i] == '\n';
    return lines;
}

/* All that is given goes into the store, and is given in the order of the time where a file keeps
 * to it. */
static int64_t take_all(struct inbox_queue *queue)
{
    struct inbox_writer writer = {.store = store, .epoch = 1};
    struct inbox_line line;
    struct error e = {0};
    int64_t lines = 0;
    for (; inbox_queue_peek(queue, &line); lines++) {
        MUST(line.size > 0 && line.offset == line.file->offset);
        if (line.message && !inbox_writer_take(&writer, line.message, &e)) {
            fprintf(stderr, "%s\n", e.text);
            abort();
        }
        MUST(line.message || line.problem->text[0]);
        inbox_queue_take(queue);
    }
    inbox_writer_release(&writer);
    return lines;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *bytes = (const char *)data;
    const struct plan_rules rules = {.epoch = 1};
    struct inbox_queue queue;
    struct error e = {0};
    if (!store)
        begin();
    const char *second = size ? memchr(bytes, '\0', size) : NULL;
    size_t first_size = second ? (size_t)(second - bytes) : size;
    write_file(names[0], bytes, first_size);
    write_file(names[1], bytes + first_size, size - first_size);
    MUST(inbox_queue_look(&queue, folder, store, &rules, &e));
    MUST(queue.waiting == lines_of(bytes, size));
    MUST(store_begin(store, &e) && store_bulk(store, &e));
    int64_t lines = take_all(&queue);
    MUST(lines == queue.waiting || queue.unreadable);
    for (size_t i = 0; i < queue.count; i++)
        MUST(queue.files[i].offset <= queue.files[i].size);
    store_rollback(store);
    inbox_queue_release(&queue);
    return 0;
}
