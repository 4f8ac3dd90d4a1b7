/* Inside the inbox of the service: what its files share. */
#ifndef LATTICE_WORKER_READS_INBOX_INTERNAL_H
#define LATTICE_WORKER_READS_INBOX_INTERNAL_H

#include <pthread.h>

#include "common/spool.h"
#include "worker/reads/inbox.h"
#include "worker/reads/reader_memory.h"

/* A file that this process wrote, and how much of it the store has. */
struct inbox_file {
    char name[SPOOL_NAME_SIZE];
    int64_t written; /* lines */
    int64_t imported;
    bool known; /* to the store, in the look that is under way */
};

/* A stack of pushes in the order of their coming. */
struct push_list {
    struct push *first;
    struct push *last;
};

struct inbox {
    uv_loop_t *loop;
    const struct home *home;
    const char *source;
    struct gate *gate;
    struct work_pool *work;
    struct http *http;
    char *lock_path; /* owned */

    uv_mutex_t lock; /* of the next ones */
    uv_cond_t wake;  /* of the writer */
    struct push_list pending;
    struct push_list answered;
    bool look;                /* the writer is to look whether it can write */
    bool rest;                /* the queue is drained */
    bool stop;                /* once all that is pending was written */
    int won;                  /* the lock that the waiter got; -1 */
    struct inbox_file *files; /* owned; in the order of their making */
    size_t file_count;
    size_t file_room;

    /* The writer's. */
    pthread_t writer;
    bool writing; /* it is there */
    int locked;   /* the descriptor of inbox.lock; -1: somebody else has it */
    bool waits;   /* the waiter is there */
    pthread_t waiter;
    struct spool spool;
    bool spooling; /* it is open */
    bool configured;
    struct file_look config_look;

    /* The loop's. */
    uv_async_t done;
    uv_poll_t watch;
    int inotify;
    int watched; /* the watch of the source's folder; -1: it is not there */
    int home_watch;
    size_t count; /* pushes under way */
    struct inbox_counters counters;
    bool counting;
    bool count_again;
    int open_handles;
};

/* --- inbox_writer.c: the thread that writes --------------------------------------------------- */

void *inbox_write(void *inbox);
/* Of what this process wrote, under the lock. */
int64_t inbox_waiting(const struct inbox *inbox);

/* --- inbox_lock.c: may it write; on the writer's thread --------------------------------------- */

/* Looks again at what has changed, or at all of it. Sets the gate. */
bool inbox_may_write(struct inbox *inbox, bool look);
/* Writing failed with this errno. */
void inbox_failed(struct inbox *inbox, int code, const char *text);
/* Lets all of it go, and ends the thread that waits for the lock. */
void inbox_let_go(struct inbox *inbox);

/* --- inbox_queue.c: what the store has of it; on the loop ------------------------------------- */

/* The store has got something: how much of the queue is that? */
void inbox_look_into_store(struct inbox *inbox);
CHECKED bool inbox_watch(struct inbox *inbox, struct error *e);
/* The source's folder may be there now. */
void inbox_watch_folder(struct inbox *inbox);

#endif
