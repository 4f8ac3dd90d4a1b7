/* Answers of a feed of many pages, kept on disk until all of them are there and in the store. */
/* A run that is cut leaves them to the next, which goes on behind the last one: else a feed that
 * takes longer than a run's time would begin anew for ever. */
#ifndef LATTICE_WORKER_SYNC_FEED_BANK_H
#define LATTICE_WORKER_SYNC_FEED_BANK_H

#include "common/home.h"
#include "common/text.h"

struct feed_bank {
    char *folder; /* owned; made when the first answer is put into it */
    char *key;    /* owned; answers under another key are not these */
};

/* One page of a feed as it came. */
struct feed_answer {
    char *url;      /* owned; where it came from */
    char *next;     /* owned; whole; NULL for the last */
    char *etag;     /* owned; NULL: none */
    char *modified; /* owned; NULL: none */
    char *type;     /* owned; NULL: none */
    char *link;     /* owned; the Link header; NULL: none. Not kept in a bank */
    bool same;      /* a 304: what is known is still so, and there is no body */
    int64_t at;     /* Unix seconds; just before it was asked for */
    struct buf body;
};

void feed_answer_release(struct feed_answer *answer);

void feed_bank_init(struct feed_bank *bank, const struct home *home, const char *id,
                    const char *key);
void feed_bank_release(struct feed_bank *bank);
/* Keeps it durably as number `index` (from 0). CAUSE_STORE. */
CHECKED bool feed_bank_put(const struct feed_bank *bank, size_t index,
                           const struct feed_answer *answer, struct error *e);
/* False: there is none, or none that can be used any more. */
CHECKED bool feed_bank_get(const struct feed_bank *bank, size_t index, struct feed_answer *answer);
/* Removes all of them; what cannot be removed is seen by its key, or replaced. */
void feed_bank_drop(const struct feed_bank *bank);

#endif
