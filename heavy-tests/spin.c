/* spin cpu|memory: a second of work that shares nothing with another one of it, as a control. */
/* What two of it gain at a time is what the machine's cores can give: `cpu` stays in registers,
 * `memory` copies more than any cache holds. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ROUNDS = 600 * 1000 * 1000 };
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
    fputs("usage: spin cpu|memory\n", stderr);
    return 2;
}
