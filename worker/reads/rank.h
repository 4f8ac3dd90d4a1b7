/* BM25 with weighted columns over statistics of all stores. Pure. */
#ifndef LATTICE_WORKER_READS_RANK_H
#define LATTICE_WORKER_READS_RANK_H

#include <stdint.h>

/* Robertson, Zaragoza: The Probabilistic Relevance Framework: BM25 and Beyond (2009), with the
 * weighted sum of a term's occurrences in title, heading and text as its frequency, and with the
 * idf of Lucene, which is never negative. */
enum { RANK_COLUMNS = 3 };
#define RANK_TEXT    1.0
#define RANK_TITLE   6.0
#define RANK_HEADING 3.0

/* `with` of all `chunks` have the term. */
double rank_idf(int64_t with, int64_t chunks);
/* What one term adds: its weighted frequency in a chunk of `size` tokens; `average` is the size
 * over all stores. Grows with frequency, shrinks with size. */
double rank_term(double idf, double frequency, double size, double average);

#endif
