/* A reader: one thread's read-only view of the home, for one request after the other. */
#ifndef LATTICE_WORKER_READS_READER_H
#define LATTICE_WORKER_READS_READER_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "common/home.h"

/* Each open store takes up to three descriptors (database, log, shared memory). */
enum {
    READER_STORES_MAX = 192,
    READER_CACHE_KIB = 16 * 1024,
    READER_WORDS_KIB = 24 * 1024,
    READER_KEPT_KIB = 4 * 1024,
};

struct reader_limits {
    size_t stores_max; /* open at a time; the least recently used is closed */
    int cache_kib;     /* of all open stores: each has the same part of it */
    int words_kib;     /* of words remembered: which stores cannot have a hit */
    int kept_kib;      /* of hits in stores that were closed, while a request runs */
};

struct reader;

/* All zero in `limits` mean the values above. `home` is borrowed for the life of the reader.
 * CAUSE_CONFIG, CAUSE_STORE. */
CHECKED bool reader_open(const struct home *home, const struct reader_limits *limits,
                         struct reader **reader, struct error *e);
void reader_free(struct reader **reader);

/* So long, from now on, for all requests that follow together; 0: for ever, as at first. */
void reader_set_deadline(struct reader *reader, int64_t deadline_ms);
/* Ends the request that runs as its deadline would, and at once each that follows; from any
 * thread. */
void reader_stop(struct reader *reader);

/* A store that a request has read, in the state that it has read. */
struct store_stamp {
    char source[65];
    ino_t inode;
    int64_t version;         /* sync_state.version: rises in each changing transaction */
    int64_t last_success_at; /* Unix seconds, 0: never; changes also when nothing else does */
};
/* Those of the last request, in the order of sources.json; good until the next one. For an ETag:
 * hash all fields, the arguments, and whether the answer was partial. */
const struct store_stamp *reader_stamps(const struct reader *reader, size_t *count);

#endif
