/* The messages of all spool files in one order: a merge by their ULIDs. */
#include "worker/sync/inbox_queue.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "worker/sync/report.h"
#include "worker/sync/store_spool.h"

/* Files at a time. Those of one moment are few: each producer that is alive has one. Were there
 * more, their messages would still come in the order of each file. */
enum { OPEN_MAX_FILES = 16 };

void inbox_line_blob(int64_t offset, char out[INBOX_BLOB_SIZE])
{
    snprintf(out, INBOX_BLOB_SIZE, "%" PRId64, offset);
}

/* --- looking -----------------------------------------------------------------------------------
 */

/* The others go on; the run says so at its end. */
static void give_up(struct inbox_queue *q, struct inbox_file *f, const struct error *problem)
{
    f->held = true;
    if (q->unreadable++ == 0)
        q->problem = *problem;
}

static bool is_quarantined(const struct inbox_queue *q, const struct inbox_file *f)
{
    char blob[INBOX_BLOB_SIZE];
    inbox_line_blob(f->offset, blob);
    return plan_quarantined(q->rules, f->name, blob);
}

/* What waits in each file that is there. */
static bool first_look(struct inbox_queue *q, struct store *store, const struct spool_files *names,
                       struct error *e)
{
    q->files = xcalloc(names->count + 1, sizeof *q->files);
    q->count = names->count;
    for (size_t i = 0; i < q->count; i++) {
        struct inbox_file *f = &q->files[i];
        struct spool_rest_of rest = {0};
        struct error problem = {0};
        f->fd = -1;
        memcpy(f->name, names->names[i], sizeof f->name);
        if (!store_spool_offset(store, f->name, &f->offset, e))
            return false;
        f->held = is_quarantined(q, f);
        q->quarantined += f->held;
        if (!f->held && !spool_look(q->folder, f->name, f->offset, &rest, &problem))
            give_up(q, f, &problem);
        f->owed = f->offset + rest.bytes;
        f->waiting = rest.lines;
        q->waiting += rest.lines;
        q->owing += rest.lines > 0;
    }
    return true;
}

/* Files that were made since are behind the others: their names are younger. */
static void add_new(struct inbox_queue *q, const struct spool_files *names)
{
    size_t known = q->count;
    q->files = xrealloc(q->files, (names->count + known + 1) * sizeof *q->files);
    for (size_t i = 0, at = 0; i < names->count; i++) {
        while (at < known && strcmp(q->files[at].name, names->names[i]) < 0)
            at++;
        if (at < known && strcmp(q->files[at].name, names->names[i]) == 0)
            continue;
        struct inbox_file *f = &q->files[q->count++];
        *f = (struct inbox_file){.fd = -1};
        memcpy(f->name, names->names[i], sizeof f->name);
    }
}

static int by_name(const void *a, const void *b)
{
    return strcmp(((const struct inbox_file *)a)->name, ((const struct inbox_file *)b)->name);
}

static void second_look(struct inbox_queue *q)
{
    for (size_t i = 0; i < q->count; i++) {
        struct stat st;
        struct inbox_file *f = &q->files[i];
        if (fstatat(q->folder, f->name, &st, AT_SYMLINK_NOFOLLOW) == 0)
            f->size = st.st_size;
    }
}

bool inbox_queue_look(struct inbox_queue *q, int folder, struct store *store,
                      const struct plan_rules *rules, struct error *e)
{
    struct spool_files names = {0};
    *q = (struct inbox_queue){.folder = folder, .rules = rules};
    bool ok = spool_list(folder, &names, e) && first_look(q, store, &names, e);
    if (ok && q->waiting) {
        ok = spool_list(folder, &names, e);
        if (ok)
            add_new(q, &names);
        qsort(q->files, q->count, sizeof *q->files, by_name);
        second_look(q);
        q->open = xcalloc(OPEN_MAX_FILES, sizeof *q->open);
    }
    spool_files_release(&names);
    return ok;
}

/* --- the heads ---------------------------------------------------------------------------------
 */

/* Nothing more of it is given. */
static void shut(struct inbox_queue *q, struct inbox_file *f)
{
    size_t at = 0;
    while (at < q->open_count && q->open[at] != f)
        at++;
    if (at < q->open_count)
        q->open[at] = q->open[--q->open_count];
    if (f->fd >= 0)
        close(f->fd);
    f->fd = -1;
    q->owing -= f->offset < f->owed;
    f->owed = f->offset;
    observation_release(&f->head);
    buf_release(&f->memory);
}

static void fail_file(struct inbox_queue *q, struct inbox_file *f, struct error *problem)
{
    error_wrap(problem, "inbox/%s: byte %" PRId64, f->name, f->offset);
    give_up(q, f, problem);
    shut(q, f);
}

/* A run that ends in the decoder ends on this line. */
static bool decode(struct inbox_file *f, const struct log_raw *raw)
{
    char blob[INBOX_BLOB_SIZE];
    inbox_line_blob(f->offset, blob);
    report_item(f->name, blob, (int64_t)raw->size);
    bool ok = observation_read_line(raw->text, raw->size, &f->head, &f->problem);
    report_no_item();
    return ok;
}

/* The next line of an open file, be it a message or not. */
static void load_head(struct inbox_queue *q, struct inbox_file *f)
{
    struct log_raw raw;
    struct error problem = {0};
    observation_release(&f->head);
    f->problem = problem;
    switch (log_lines_next(&f->reader, &raw, &problem)) {
    case LOG_NEXT_LINE:
        break;
    case LOG_NEXT_NONE:
        shut(q, f);
        return;
    case LOG_NEXT_FAILED:
        fail_file(q, f, &problem);
        return;
    }
    f->end = f->reader.offset;
    if (raw.cut)
        error_set(&f->problem, CAUSE_BAD_DATA, "more than %d bytes", OBSERVATION_LINE_MAX_BYTES);
    else if (!is_quarantined(q, f) && !decode(f, &raw) && f->problem.cause == CAUSE_CONFIG)
        fail_file(q, f, &f->problem);
}

static void open_file(struct inbox_queue *q, struct inbox_file *f)
{
    struct error problem = {0};
    f->fd = openat(q->folder, f->name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    if (f->fd < 0) {
        error_set(&problem, CAUSE_STORE, "open: %s", strerror(errno));
        fail_file(q, f, &problem);
        return;
    }
    buf_reserve(&f->memory, 1);
    f->reader = (struct log_lines){.fd = f->fd,
                                   .offset = f->offset,
                                   .limit = f->size,
                                   .most = OBSERVATION_LINE_MAX_BYTES,
                                   .memory = &f->memory};
    q->open[q->open_count++] = f;
    load_head(q, f);
}

/* A line that is no message comes at once. */
static const char *ulid_of(const struct inbox_file *f)
{
    return f->head.json ? f->head.ulid : "";
}

static struct inbox_file *first_head(const struct inbox_queue *q)
{
    struct inbox_file *first = NULL;
    for (size_t i = 0; i < q->open_count; i++)
        if (!first || strcmp(ulid_of(q->open[i]), ulid_of(first)) < 0)
            first = q->open[i];
    return first;
}

/* A file is opened when its name's turn comes. A message may be a little older than that, but not
 * than what was pushed once it was acknowledged: its file had its name by then. */
bool inbox_queue_peek(struct inbox_queue *q, struct inbox_line *line)
{
    q->head = first_head(q);
    while (q->owing && q->next < q->count && q->open_count < OPEN_MAX_FILES &&
           (!q->head || strcmp(q->files[q->next].name, ulid_of(q->head)) <= 0)) {
        struct inbox_file *f = &q->files[q->next++];
        if (!f->held && f->offset < f->size)
            open_file(q, f);
        q->head = first_head(q);
    }
    if (!q->owing || !q->head)
        return false;
    const struct inbox_file *f = q->head;
    *line = (struct inbox_line){.file = q->head,
                                .offset = f->offset,
                                .size = f->end - f->offset,
                                .message = f->head.json ? &f->head : NULL,
                                .problem = &f->problem};
    return true;
}

void inbox_queue_take(struct inbox_queue *q)
{
    struct inbox_file *f = q->head;
    bool owing = f->offset < f->owed;
    f->offset = f->end;
    f->lines++;
    q->owing -= owing && f->offset >= f->owed;
    load_head(q, f);
}

void inbox_queue_hold(struct inbox_queue *q)
{
    q->head->held = true;
    shut(q, q->head);
}

void inbox_queue_release(struct inbox_queue *q)
{
    while (q->open_count)
        shut(q, q->open[0]);
    free(q->open);
    free(q->files);
    *q = (struct inbox_queue){0};
}
