/* The heap of a bulk import. */
#include "worker/sync/heap.h"

#include <malloc.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>

/* FTS5 looks each word up in a table of some 20 MB, at random. In pages of 4 KB a fifth of a first
 * sync went into finding where those are. */
enum { HUGE_PAGE_BYTES = 2 * 1024 * 1024 };
/* Above what an import needs at its peak: page cache and index hash at their limits. */
enum { HEAP_BYTES = 96 * 1024 * 1024 };
enum { MMAP_MAX = 65536 }; /* glibc's default */

/* The top of the heap is pushed out, advised and given back; it stays where it is. */
void heap_use_huge_pages(void)
{
#ifdef M_MMAP_MAX
    mallopt(M_TRIM_THRESHOLD, 2 * HEAP_BYTES);
    mallopt(M_MMAP_MAX, 0);
    char *top = malloc(HEAP_BYTES);
    mallopt(M_MMAP_MAX, MMAP_MAX);
    if (!top)
        return;
    char *first = top + (HUGE_PAGE_BYTES - (uintptr_t)top % HUGE_PAGE_BYTES);
    (void)madvise(first, HEAP_BYTES - HUGE_PAGE_BYTES, MADV_HUGEPAGE);
    free(top);
#endif
}
