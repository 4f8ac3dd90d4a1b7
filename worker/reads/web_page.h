/* The view of one page. */
#ifndef LATTICE_WORKER_READS_WEB_PAGE_H
#define LATTICE_WORKER_READS_WEB_PAGE_H

#include "worker/reads/web_search.h"

/* `page`: of the operation page; `links`: of the operation links, NULL if it failed. */
void web_page(struct html *h, const struct web_asked *asked, const json_t *page,
              const json_t *links);

#endif
