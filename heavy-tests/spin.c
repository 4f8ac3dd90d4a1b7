/* spin cpu|wide|memory: a second of work that shares nothing with another one, as a control. */
/* What two of it gain at a time is what the machine's cores can give: `cpu` waits for one register,
 * `wide` keeps all units of a core busy, so that two processors which are threads of one core show,
 * `memory` copies more than any cache holds. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ROUNDS = 600 * 1000 * 1000 };
enum { WIDE_ROUNDS = 500 * 1000 * 1000 };
enum { COPIES = 24 };
enum { COPY_BYTES = 128 * 1024 * 1024 };

static void spin_cpu(void)
{
    uint64_t x = 1;
    for (long i = 0; i < ROUNDS; i++) {
        x = x * UINT64_C(6364136223846793005) + 1;
        __asm__ volatile("" : "+r"(x));
    }
}

static void spin_wide(void)
{
    uint64_t a = 1, b = 2, c = 3, d = 4, e = 5, f = 6;
    for (uint64_t i = 0; i < WIDE_ROUNDS; i++) {
        a += i;
        b ^= i;
        c += 7;
        d ^= i;
        e += i;
        f += 3;
        __asm__ volatile("" : "+r"(a), "+r"(b), "+r"(c), "+r"(d), "+r"(e), "+r"(f));
    }
}

static int spin_memory(void)
{
    char *memory = malloc(2 * (size_t)COPY_BYTES);
    if (!memory)
        return 1;
    memset(memory, 1, COPY_BYTES);
    for (int i = 0; i < COPIES; i++) {
        memcpy(memory + COPY_BYTES, memory, COPY_BYTES);
        __asm__ volatile("" : : "r"(memory) : "memory");
    }
    free(memory);
    return 0;
}

int main(int argc, char **argv)
{
    if (argc == 2 && strcmp(argv[1], "memory") == 0)
        return spin_memory();
    if (argc == 2 && strcmp(argv[1], "cpu") == 0) {
        spin_cpu();
        return 0;
    }
    if (argc == 2 && strcmp(argv[1], "wide") == 0) {
        spin_wide();
        return 0;
    }
    fputs("usage: spin cpu|wide|memory\n", stderr);
    return 2;
}
