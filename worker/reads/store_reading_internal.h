/* What the files of a store's reading share. */
#ifndef LATTICE_WORKER_READS_STORE_READING_INTERNAL_H
#define LATTICE_WORKER_READS_STORE_READING_INTERNAL_H

#include <time.h>

#include "common/store_db.h"
#include "worker/reads/store_reading.h"

/* Statements, prepared when first needed and kept. */
enum rstore_slot {
    SLOT_FORMAT,
    SLOT_STATE,
    SLOT_TOTALS,
    SLOT_COUNT_HITS,
    SLOT_SCAN,
    SLOT_CHUNK_PATH,
    SLOT_HIT,
    SLOT_CHUNK_IDS,
    SLOT_CHUNKS,
    SLOT_MORE_HITS,
    SLOT_PAGE,
    SLOT_TAGS,
    SLOT_LINKS_OUT,
    SLOT_LINKS_BACK,
    SLOT_LINK_KEYS,
    SLOT_RECENT,
    SLOT_FILTER,
    SLOT_FILTER_TAG,
    SLOT_FILTER_ALL,
    SLOT_PATHS,
    SLOT_CHUNK_COUNT,
    SLOT_HAS_VIEWS,
    SLOT_VIEWS,
    SLOT_VIEW_ROWS,
    SLOT_SESSIONS,
    SLOT_SESSION,
    SLOT_OBSERVATIONS,
    SLOT_OBSERVATION_TYPES,
    SLOT_SPOOL_FILES,
    SLOT_HIDES,
    SLOT_IS_HIDDEN,
    SLOT_SCAN_SHOWN,
    SLOT_MORE_HITS_SHOWN,
    SLOT_KEEP_COUNT
};

struct rank_scan;

struct rstore {
    sqlite3 *db;
    char *path; /* owned */
    dev_t device;
    ino_t inode;
    struct timespec changed; /* the file's, when it was opened */
    int format;              /* from STORE_FORMAT_VIEWED to store_format; 0: not looked at yet */
    bool immutable;
    bool in_snapshot;
    const struct request_clock *clock;
    struct clock_limit limit; /* by it */
    sqlite3_stmt *slots[SLOT_KEEP_COUNT];
    fts5_tokenizer tokenizer;     /* methods */
    Fts5Tokenizer *tokenizer_own; /* owned; an instance as the index has it */
    struct rank_scan *scan;       /* of the scan that runs: what the ranking function works on */
};

/* The statement of this slot, ready for binding; NULL on failure. */
sqlite3_stmt *rstore_statement(struct rstore *store, enum rstore_slot slot, const char *sql,
                               struct error *e);
/* Registers the ranking function, finds the index's tokenizer. */
CHECKED bool rstore_words_init(struct rstore *store, struct error *e);
void rstore_words_release(struct rstore *store);
CHECKED bool rstore_rank_init(struct rstore *store, fts5_api *api, struct error *e);

#endif
