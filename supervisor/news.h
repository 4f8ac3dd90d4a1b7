/* Where a source's news would be seen: file-system notice of the paths that its worker named. */
#ifndef LATTICE_SUPERVISOR_NEWS_H
#define LATTICE_SUPERVISOR_NEWS_H

#include <uv.h>

#include "common/message.h"

struct news;

/* Something happened there. `id` is the source's. */
typedef void (*news_handler)(void *owner, const char *id);

struct news *news_new(uv_loop_t *loop, const char *id, news_handler handle, void *owner);
/* Watches these from now on, and nothing else. A folder that is not there is left out. */
void news_watch(struct news *news, const struct watch_list *list);
/* Frees itself when the loop has closed all. NULL-safe. */
void news_close(struct news *news);

#endif
