/* Huge pages for the heap of a bulk import. */
#include "worker/sync/heap.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/unit/harness.h"

/* Does /proc/self/smaps say `hg`, huge pages advised, of the mapping that `p` is in? */
static bool advised(const void *p)
{
    FILE *file = fopen("/proc/self/smaps", "r");
    char line[4096];
    bool here = false;
    bool found = false;
    CHECK(file);
    while (fgets(line, sizeof line, file)) {
        unsigned long from;
        unsigned long to;
        if (sscanf(line, "%lx-%lx ", &from, &to) == 2)
            here = from <= (unsigned long)p && (unsigned long)p < to;
        else if (here && strncmp(line, "VmFlags:", 8) == 0)
            found = strstr(line, " hg") != NULL;
    }
    fclose(file);
    return found;
}

TEST(what_is_allocated_then_lies_in_huge_pages)
{
    enum { PIECES = 512, PIECE_BYTES = 16 * 1024 };
    static char *pieces[PIECES];
#if !defined(__GLIBC__) || defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
    SKIP("another malloc than glibc's");
#endif
    if (access("/sys/kernel/mm/transparent_hugepage/enabled", F_OK) != 0)
        SKIP("a kernel without transparent huge pages");
    heap_use_huge_pages();
    for (int i = 0; i < PIECES; i++) {
        pieces[i] = malloc(PIECE_BYTES);
        CHECK(pieces[i]);
    }
    CHECK(advised(pieces[PIECES - 1]));
    for (int i = 0; i < PIECES; i++)
        free(pieces[i]);
}
