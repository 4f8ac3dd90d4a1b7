/* BM25 against values worked out by hand. */
#include "worker/reads/rank.h"

#include <math.h>

#include "tests/unit/harness.h"

static bool near(double a, double b)
{
    return fabs(a - b) < 1e-9;
}

/* 1 of 10 chunks: ln(1 + (10 - 1 + 0.5) / (1 + 0.5)) = ln(7.3333333) */
TEST(idf_is_that_of_the_formula)
{
    CHECK(near(rank_idf(1, 10), 1.9924301646902063));
    /* 5 of 10: ln(1 + 5.5 / 5.5) = ln 2 */
    CHECK(near(rank_idf(5, 10), 0.6931471805599453));
}

TEST(idf_of_what_is_everywhere_is_small_and_not_negative)
{
    CHECK(rank_idf(10, 10) > 0);
    CHECK(rank_idf(10, 10) < 0.05);
    CHECK(rank_idf(12, 10) > 0); /* an estimate above the count */
}

/* idf 2, once in a chunk of average size: 2 * 1 * 2.2 / (1 + 1.2 * (0.25 + 0.75)) = 4.4 / 2.2 = 2
 */
TEST(once_in_an_average_chunk_is_the_idf)
{
    CHECK(near(rank_term(2, 1, 100, 100), 2));
}

/* Three times, in twice the size: 1 * 3 * 2.2 / (3 + 1.2 * (0.25 + 1.5)) = 6.6 / 5.1 */
TEST(frequency_and_size_count_as_in_the_formula)
{
    CHECK(near(rank_term(1, 3, 200, 100), 1.2941176470588236));
}

TEST(frequency_zero_adds_nothing)
{
    CHECK(near(rank_term(5, 0, 10, 10), 0));
}

TEST(a_smaller_size_is_an_upper_bound)
{
    for (int frequency = 1; frequency < 50; frequency++)
        for (int size = 1; size < 300; size++)
            CHECK(rank_term(1, frequency, size, 100) >= rank_term(1, frequency, size + 1, 100));
}

TEST(an_empty_store_divides_by_nothing)
{
    CHECK(near(rank_term(1, 1, 0, 0), 1));
}
