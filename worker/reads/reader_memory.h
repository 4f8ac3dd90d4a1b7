/* What a reader remembers of a store that it need not have open. */
#ifndef LATTICE_WORKER_READS_READER_MEMORY_H
#define LATTICE_WORKER_READS_READER_MEMORY_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>
#include <time.h>

#include "worker/reads/lexicon.h"
#include "worker/reads/store_words.h"

/* A file as stat(2) shows it; all zero: not there. */
struct file_look {
    dev_t device;
    ino_t inode;
    off_t size;
    struct timespec changed; /* content */
    struct timespec touched; /* content or status */
};
/* False if there is none. */
bool file_look_take(const char *path, struct file_look *look);
bool file_look_same(const struct file_look *a, const struct file_look *b);
/* A store's database and log. */
struct store_look {
    struct file_look database;
    struct file_look log;
};
/* False if there is no database. */
bool store_look_take(const char *path, struct store_look *look);
bool store_look_same(const struct store_look *a, const struct store_look *b);
/* Will a look that is the same later mean that nothing was committed in between? Each commit writes
 * to the log and then touches the database, but files keep time in ticks, on some filesystems in
 * seconds: a look that is as young as that says nothing yet. */
bool store_look_settled(const struct store_look *look);
extern int store_settle_s; /* for tests: -1 takes every look for settled */

struct store_memory {
    struct store_look look; /* before the snapshot was made that the rest is of */
    bool known;
    bool immutable;
    struct rstore_state state;
    struct rstore_totals totals;
    struct lexicon words; /* empty, or those of the index up to `last`, or all */
};
void store_memory_forget(struct store_memory *memory);

/* What is freed stays with the thread that had allocated it, and a reader goes from one thread of
 * the pool to the next: without this, each of them keeps room for as many stores as a reader has
 * open. Some milliseconds. */
void memory_give_back(void);

#endif
