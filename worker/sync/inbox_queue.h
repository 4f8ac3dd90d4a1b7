/* The messages of all spool files, in the order in which they were acknowledged. */
#ifndef LATTICE_WORKER_SYNC_INBOX_QUEUE_H
#define LATTICE_WORKER_SYNC_INBOX_QUEUE_H

#include "common/observation.h"
#include "common/spool.h"
#include "worker/sync/log_lines.h"
#include "worker/sync/store_plan.h"

struct inbox_file {
    char name[SPOOL_NAME_SIZE];
    int64_t offset;  /* behind the last line that was taken; as the store has it at first */
    int64_t lines;   /* that were taken since the caller set it to 0 */
    int64_t owed;    /* behind the last whole line that the first look saw */
    int64_t size;    /* at the second look: what stands behind that is not read */
    int64_t waiting; /* lines from `offset` to `owed`, as they were looked at */
    bool held;       /* nothing more is read of it */
    /* Private; of a file that is open. */
    int fd;
    struct log_lines reader;
    struct buf memory;
    int64_t end;             /* behind the head */
    struct observation head; /* all-zero if it is no message; then: */
    struct error problem;
};

/* All-zero is empty. */
struct inbox_queue {
    int folder;               /* borrowed */
    struct inbox_file *files; /* owned; the oldest first */
    size_t count;
    int64_t waiting;      /* lines of all files */
    int64_t quarantined;  /* files that wait, since runs ended on their next line */
    int64_t unreadable;   /* files that cannot be read, or have a line of a newer version */
    struct error problem; /* of the first of these */
    /* Private. */
    const struct plan_rules *rules; /* borrowed */
    struct inbox_file **open;       /* owned */
    size_t open_count;
    size_t next;  /* the first that was not opened yet */
    size_t owing; /* files that have lines before `owed` */
    struct inbox_file *head;
};

/* `rules` are borrowed as long as the queue is. Looks twice: at what waits, then again, for what
 * came since. So whatever was acknowledged before a message that waits is seen, whichever file it
 * is in. */
CHECKED bool inbox_queue_look(struct inbox_queue *queue, int folder, struct store *store,
                              const struct plan_rules *rules, struct error *e);
void inbox_queue_release(struct inbox_queue *queue);

/* What comes next, by the ULIDs of the messages over all files. Borrowed until it is taken. */
struct inbox_line {
    struct inbox_file *file;
    int64_t offset;
    int64_t size;
    const struct observation *message; /* NULL: it is none, or quarantined and not looked at */
    const struct error *problem;       /* then: why */
};
/* False once all that waited was taken. */
bool inbox_queue_peek(struct inbox_queue *queue, struct inbox_line *line);
/* That line was taken; or it was not, and its file waits for another run. */
void inbox_queue_take(struct inbox_queue *queue);
void inbox_queue_hold(struct inbox_queue *queue);

/* The name under which a line is quarantined. */
enum { INBOX_BLOB_SIZE = 24 };
void inbox_line_blob(int64_t offset, char out[INBOX_BLOB_SIZE]);

#endif
