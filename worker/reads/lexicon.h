/* A sorted list of words in little memory: each without what it shares with the one before. */
#ifndef LATTICE_WORKER_READS_LEXICON_H
#define LATTICE_WORKER_READS_LEXICON_H

#include "common/text.h"
#include "worker/reads/store_words.h"

struct lexicon {
    struct buf words;
    struct buf last; /* the one that was added last */
    size_t *heads;   /* owned; where each LEXICON_RUN-th word begins, which is there as a whole */
    size_t head_room;
    size_t count;
    bool complete; /* there are no others */
    bool refused;  /* set by who fills it: there is no room for all of them */
};
enum { LEXICON_RUN = 16 };

/* Words come in the order of their bytes, each once. */
void lexicon_add(struct lexicon *lexicon, const struct word *word);
/* These are all; gives back the memory that was for more. */
void lexicon_end(struct lexicon *lexicon);
bool lexicon_has(const struct lexicon *lexicon, const char *text);
/* From the first that is not less than `from` until the handler has enough. */
void lexicon_each(const struct lexicon *lexicon, const char *from, word_handler handle,
                  void *owner);
size_t lexicon_bytes(const struct lexicon *lexicon);
void lexicon_clear(struct lexicon *lexicon);

#endif
