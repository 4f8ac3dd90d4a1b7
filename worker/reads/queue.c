/* What was pushed and is not in its store yet: counted in the spool, behind where its worker is. */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/cleanup.h"
#include "common/clock.h"
#include "common/spool.h"
#include "worker/reads/answer.h"
#include "worker/reads/request.h"
#include "worker/reads/sessions.h"
#include "worker/reads/store_observations.h"

/* The ULID of a line stands within so many bytes of its beginning. */
enum { STAMP_BYTES = 64 };

struct queue {
    json_t *offsets; /* owned; how far each file was imported */
    int64_t waiting;
    int64_t bytes;
    int64_t oldest_ms; /* Unix milliseconds; 0: none waits */
    size_t files;
};

static void take_offset(void *offsets, const struct spool_row *file)
{
    json_object_set_new(offsets, file->name, json_integer(file->offset));
}

/* When the message was pushed that begins at `offset`; else when its file was begun. */
static int64_t time_of(int folder, const char *name, int64_t offset)
{
    static const char key[] = "\"ulid\":\"";
    char text[STAMP_BYTES + 1] = "";
    CLEANUP(close_fd) int fd = openat(folder, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    ssize_t n = fd < 0 ? -1 : pread(fd, text, STAMP_BYTES, offset);
    const char *at = n > 0 ? strstr(text, key) : NULL;
    if (at && ulid_valid(at + sizeof key - 1, ULID_SIZE - 1))
        return ulid_ms(at + sizeof key - 1);
    return ulid_ms(name);
}

static bool count_file(struct queue *q, int folder, const char *name, struct error *e)
{
    int64_t offset = json_integer_value(json_object_get(q->offsets, name));
    struct spool_rest_of rest;
    if (!spool_look(folder, name, offset, &rest, e))
        return false;
    if (rest.lines == 0)
        return true;
    int64_t at_ms = time_of(folder, name, offset);
    if (!q->oldest_ms || at_ms < q->oldest_ms)
        q->oldest_ms = at_ms;
    q->waiting += rest.lines;
    q->bytes += rest.bytes;
    q->files++;
    return true;
}

/* A source that was never synced has no store, and may have a queue all the same. */
static bool count_source(struct reader *reader, size_t at, struct queue *q, struct error *e)
{
    CLEANUP(free_text)
    char *path =
        home_source_path(request_home(reader), request_source(reader, at)->id, SOURCE_INBOX);
    CLEANUP(close_fd) int folder = -1;
    struct spool_files files = {0};
    struct rstore *store = request_store(reader, at);
    bool ok = (!store || rstore_spool_files(store, take_offset, q->offsets, e)) &&
              spool_open_folder(path, &folder, e) && (folder < 0 || spool_list(folder, &files, e));
    for (size_t i = 0; ok && i < files.count && !request_late(request_clock(reader)); i++)
        ok = count_file(q, folder, files.names[i], e);
    spool_files_release(&files);
    return ok;
}

static json_t *show_time(int64_t ms)
{
    return ms ? json_integer(ms / 1000) : json_null();
}

static json_t *show_age(int64_t ms)
{
    int64_t age_ms = clock_unix_ms() - ms;
    return ms ? json_integer(age_ms > 0 ? age_ms : 0) : json_null();
}

static void show(json_t *list, const char *source, const struct queue *q)
{
    json_array_append_new(list,
                          json_pack("{s:s,s:I,s:I,s:I,s:o,s:o}", "source", source, "waiting",
                                    (json_int_t)q->waiting, "bytes", (json_int_t)q->bytes, "files",
                                    (json_int_t)q->files, "oldest_at", show_time(q->oldest_ms),
                                    "oldest_age_ms", show_age(q->oldest_ms)));
}

static void list_queues(struct reader *reader, json_t *answer)
{
    json_t *list = json_array();
    int64_t waiting = 0;
    int64_t oldest_ms = 0;
    for (size_t i = 0; i < request_count(reader); i++) {
        struct error e = {0};
        struct queue q = {.offsets = json_object()};
        bool ok = count_source(reader, i, &q, &e);
        if (ok)
            show(list, request_source(reader, i)->id, &q);
        else
            request_fail(reader, i, &e);
        waiting += ok ? q.waiting : 0;
        if (ok && q.oldest_ms && (!oldest_ms || q.oldest_ms < oldest_ms))
            oldest_ms = q.oldest_ms;
        json_decref(q.offsets);
    }
    json_object_set_new(answer, "waiting", json_integer(waiting));
    json_object_set_new(answer, "oldest_at", show_time(oldest_ms));
    json_object_set_new(answer, "oldest_age_ms", show_age(oldest_ms));
    json_object_set_new(answer, "queues", list);
}

enum op_end queue_run(struct reader *reader, json_t *args, json_t **answer, struct error *e)
{
    struct request_scope scope = {json_object_get(args, "source"), "inbox"};
    if (!request_begin(reader, scope, e))
        return OP_FAILED;
    *answer = json_object();
    list_queues(reader, *answer);
    return request_finish(reader, *answer, e);
}
