/* The query language: what a person types, as a list of terms; nothing is a syntax error. Pure. */
#ifndef LATTICE_WORKER_READS_QUERY_H
#define LATTICE_WORKER_READS_QUERY_H

#include <stdbool.h>
#include <stddef.h>

/*   words          all of them
 *   "a phrase"     these words in this order
 *   -word          without it; also -"a phrase"
 *   pre*           words that begin so; *fix, *part*: words that end so, contain it
 *   a OR b         either; binds closer than the space between words; also a | b
 *   a AND b        the same as a b
 * Everything else (colons, parentheses, NEAR, a lone - or *, an open quote) is text. A word of
 * several tokens, such as uv_spawn, is a phrase. */
enum { QUERY_MAX_BYTES = 1024, QUERY_TERMS_MAX = 32 };

struct query_term {
    const char *text; /* borrowed from the input, without quotes and stars */
    size_t size;
    unsigned group; /* terms of one group are alternatives; not for excluded ones */
    bool excluded;
    bool begins; /* `text*` */
    bool ends;   /* `*text` */
};

struct query {
    struct query_term terms[QUERY_TERMS_MAX];
    size_t count;
    unsigned groups;
    bool cut; /* there was more than fits */
};

void query_parse(const char *text, size_t size, struct query *query);

#endif
