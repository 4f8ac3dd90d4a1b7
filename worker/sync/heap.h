/* The heap of a bulk import. */
#ifndef LATTICE_WORKER_SYNC_HEAP_H
#define LATTICE_WORKER_SYNC_HEAP_H

/* What malloc hands out from now on lies in huge pages, where kernel and C library can. No memory
 * is used before it is asked for. */
void heap_use_huge_pages(void);

#endif
