/* ULIDs: their letters, their time, their order. */
#include "common/ulid.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "common/clock.h"
#include "common/text.h"
#include "tests/unit/harness.h"

static bool valid(const char *text)
{
    return ulid_valid(text, strlen(text));
}

TEST(has_26_letters_and_the_time_it_was_made)
{
    char ulid[ULID_SIZE];
    clock_fake(0, INT64_C(1469918176385)); /* the example of the specification */
    ulid_make(ulid);
    CHECK(valid(ulid));
    CHECK(strncmp(ulid, "01ARYZ6S41", 10) == 0);
    CHECK_INT(ulid_ms(ulid), INT64_C(1469918176385));
}

TEST(has_80_random_bits)
{
    char a[ULID_SIZE];
    char b[ULID_SIZE];
    clock_fake(0, 1000);
    ulid_make(a);
    clock_fake(0, 2000);
    ulid_make(b);
    CHECK(memcmp(a + 10, b + 10, 16) != 0);
}

TEST(rises_within_one_millisecond)
{
    char last[ULID_SIZE];
    char next[ULID_SIZE];
    clock_fake(0, 5000);
    ulid_make(last);
    for (int i = 0; i < 10000; i++) {
        ulid_make(next);
        CHECK(strcmp(next, last) > 0);
        memcpy(last, next, sizeof last);
    }
}

TEST(rises_though_the_clock_goes_back)
{
    char before[ULID_SIZE];
    char after[ULID_SIZE];
    clock_fake(0, 5000);
    ulid_make(before);
    clock_fake(0, 4000);
    ulid_make(after);
    CHECK(strcmp(after, before) > 0);
}

enum { THREADS = 4, EACH = 5000 };

static void *make_many(void *context)
{
    char(*ulids)[ULID_SIZE] = context;
    for (int i = 0; i < EACH; i++)
        ulid_make(ulids[i]);
    return NULL;
}

static int by_letters(const void *a, const void *b)
{
    return strcmp(a, b);
}

TEST(threads_get_different_ones_each_in_order)
{
    static char ulids[THREADS][EACH][ULID_SIZE];
    pthread_t threads[THREADS];
    for (int i = 0; i < THREADS; i++)
        CHECK(pthread_create(&threads[i], NULL, make_many, ulids[i]) == 0);
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    for (int i = 0; i < THREADS; i++)
        for (int k = 1; k < EACH; k++)
            CHECK(strcmp(ulids[i][k - 1], ulids[i][k]) < 0);
    qsort(ulids, (size_t)THREADS * EACH, ULID_SIZE, by_letters);
    for (int i = 1; i < THREADS * EACH; i++)
        CHECK(strcmp(ulids[0][0] + (size_t)(i - 1) * ULID_SIZE,
                     ulids[0][0] + (size_t)i * ULID_SIZE) != 0);
}

TEST(what_is_none_is_not_taken)
{
    CHECK(valid("01ARYZ6S410000000000000000"));
    CHECK(valid("7ZZZZZZZZZZZZZZZZZZZZZZZZZ"));
    CHECK(!valid("8ZZZZZZZZZZZZZZZZZZZZZZZZZ")); /* more than 128 bits */
    CHECK(!valid("01ARYZ6S41000000000000000"));
    CHECK(!valid("01ARYZ6S4100000000000000000"));
    CHECK(!valid("01ARYZ6S41000000000000000U"));
    CHECK(!valid("01aryz6s410000000000000000"));
    CHECK(!ulid_valid("01ARYZ6S41\0000000000000000", 26));
    CHECK(!valid(""));
}
