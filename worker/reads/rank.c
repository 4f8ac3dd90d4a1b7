/* The formula of BM25. */
#include "worker/reads/rank.h"

#include <math.h>

static const double saturation = 1.2; /* k1 */
static const double by_length = 0.75; /* b */

double rank_idf(int64_t with, int64_t chunks)
{
    /* Counts over several stores may be estimates. */
    if (with > chunks)
        with = chunks;
    return log1p(((double)(chunks - with) + 0.5) / ((double)with + 0.5));
}

double rank_term(double idf, double frequency, double size, double average)
{
    double length = average > 0 ? size / average : 1;
    return idf * frequency * (saturation + 1) /
           (frequency + saturation * (1 - by_length + by_length * length));
}
