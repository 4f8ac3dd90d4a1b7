/* ULIDs: time and chance in 26 letters. */
#include "common/ulid.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "common/clock.h"
#include "common/outcome.h"

static const char letters[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

enum { TIME_LETTERS = 10, LETTERS = ULID_SIZE - 1 };

/* The one made last. */
static struct {
    pthread_mutex_t mutex;
    int64_t ms;
    uint16_t high; /* of the 80 random bits */
    uint64_t low;
} last = {.mutex = PTHREAD_MUTEX_INITIALIZER, .ms = -1};

static void random_bits(void *out, size_t size)
{
    ssize_t n;
    do
        n = getrandom(out, size, 0);
    while (n < 0 && errno == EINTR);
    if (n != (ssize_t)size) {
        fputs("error: bug: getrandom gave too little\n", stderr);
        exit(cause_exit(CAUSE_BUG));
    }
}

static void begin_ms(int64_t ms)
{
    last.ms = ms;
    random_bits(&last.high, sizeof last.high);
    random_bits(&last.low, sizeof last.low);
}

/* Within a millisecond, or where the clock went back, the random part counts up. */
static void advance(void)
{
    int64_t now = clock_unix_ms();
    if (now > last.ms)
        begin_ms(now);
    else if (++last.low == 0 && ++last.high == 0)
        begin_ms(last.ms + 1);
}

/* The last `count` letters of `bits`, the highest first. */
static void put(char *out, uint64_t bits, int count)
{
    for (int i = count - 1; i >= 0; i--, bits >>= 5)
        out[i] = letters[bits & 31];
}

void ulid_make(char out[ULID_SIZE])
{
    pthread_mutex_lock(&last.mutex);
    advance();
    put(out, (uint64_t)last.ms, TIME_LETTERS);
    /* Four letters have the high 16 bits and 4 of the low ones. */
    put(out + TIME_LETTERS, (uint64_t)last.high << 4 | last.low >> 60, 4);
    put(out + TIME_LETTERS + 4, last.low, 12);
    pthread_mutex_unlock(&last.mutex);
    out[LETTERS] = '\0';
}

bool ulid_valid(const char *text, size_t size)
{
    if (size != LETTERS || text[0] > '7')
        return false;
    for (size_t i = 0; i < size; i++)
        if (!text[i] || !strchr(letters, text[i]))
            return false;
    return true;
}

int64_t ulid_ms(const char *ulid)
{
    int64_t ms = 0;
    for (int i = 0; i < TIME_LETTERS; i++)
        ms = ms << 5 | (strchr(letters, ulid[i]) - letters);
    return ms;
}
