/* Cuts a text into chunks that follow its headings: adjacent, in order, covering every byte. */
#ifndef LATTICE_WORKER_SYNC_CHUNK_H
#define LATTICE_WORKER_SYNC_CHUNK_H

#include <stdbool.h>
#include <stddef.h>

#include "worker/sync/page.h"
#include "worker/sync/page_arena.h"

enum {
    /* Below this many words a chunk says too little to stand alone: it takes what follows. */
    CHUNK_TINY_WORDS = 40,
    /* A section is not cut between two paragraphs before its chunk has this many. */
    CHUNK_LEAST_WORDS = CHUNK_AIM_WORDS / 3,
    /* Scripts without spaces: so many bytes count as a word at least. */
    CHUNK_WORD_BYTES = 16,
    /* Longest trail, so that trails stay small beside the text they stand for. */
    TRAIL_MAX_BYTES = 512,
    /* Headings beyond these start no chunk and stand in no trail. */
    HEADINGS_MAX = 10000,
};

struct heading {
    size_t start; /* offset of its line */
    int level;    /* 1 to 6 */
    const char *text;
};

/* A text is cut in units (headings, paragraphs, code blocks) that stay whole. All-zero is ready;
 * the memory is reused from text to text. */
struct chunker {
    const char *text; /* borrowed, from chunk_begin to chunk_name */
    size_t size;
    struct page_chunk *chunks; /* owned */
    size_t count;
    size_t room;
    struct heading *headings; /* owned */
    size_t heading_count;
    size_t heading_room;
    size_t first; /* where the first unit starts; `begun` once there is one */
    bool begun;
    /* The rest is private to chunk.c: the open chunk and the open unit. */
    size_t start;      /* of the open chunk */
    size_t words;      /* in its closed units */
    int rank;          /* level of the heading it stands under, 0 before the first */
    bool in_section;   /* it began between two paragraphs of a section */
    size_t last_words; /* what the chunk before it has */
    int last_rank;
    size_t mark; /* the last heading in it, where it may still be cut; 0 for none */
    size_t mark_words;
    int mark_level;
    size_t unit;    /* start of the open unit */
    int unit_level; /* of a heading, else 0 */
    int last_level; /* the same of the unit before */
};

/* The first `lead` bytes (front matter) belong to the first chunk and do not count as words. */
void chunk_begin(struct chunker *c, const char *text, size_t size, size_t lead);
/* A paragraph or code block starts at `start`, which is a line's start; units come in order. */
void chunk_unit(struct chunker *c, size_t start);
/* A heading, likewise; `text` must live until chunk_name. Returns its index in `headings`, whose
 * text may still be replaced; HEADINGS_MAX if it was not taken. */
size_t chunk_heading(struct chunker *c, size_t start, int level, const char *text);
/* Closes the last chunk; chunks have offsets now. At least one, even of an empty text. */
void chunk_end(struct chunker *c);
/* Gives each chunk its trail, made in `arena`. */
void chunk_name(struct chunker *c, struct arena *arena);
void chunk_release(struct chunker *c);

/* Words as FTS counts them, nearly: runs of bytes above ' '; at least one per CHUNK_WORD_BYTES. */
size_t count_words(const char *text, size_t size);
/* True for a line (without its end) that looks like a frame or a head of a stack trace. */
bool trace_line(const char *line, size_t size);

#endif
