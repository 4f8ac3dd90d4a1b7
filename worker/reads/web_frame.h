/* What every page of the service has around its content. */
#ifndef LATTICE_WORKER_READS_WEB_FRAME_H
#define LATTICE_WORKER_READS_WEB_FRAME_H

#include "worker/reads/web_html.h"

enum web_view { WEB_SEARCH, WEB_PAGE, WEB_SOURCES, WEB_SOURCE, WEB_SESSIONS, WEB_SESSION };

/* Everything borrowed. */
struct web_frame {
    enum web_view view;
    const char *title;  /* of the document */
    const char *query;  /* in the search field; "" for none */
    const char *source; /* search only there; "" for everywhere */
    const char *status; /* said to who cannot see; "" for nothing */
    bool fragment;      /* only the content: the rest is there already */
};
/* The content goes in between. */
void web_frame_begin(struct html *h, const struct web_frame *frame);
void web_frame_end(struct html *h, const struct web_frame *frame);

/* Something went wrong: what, and what to do, as a page. */
void web_problem(struct html *h, const struct web_frame *frame, const char *what,
                 const char *detail);

/* /?q=...&source=... */
void web_search_address(struct html *h, const char *query, const char *source, int64_t offset);
/* /pages/SOURCE/PATH?q=QUERY#cCHUNK; no query if it is "", no chunk if it is negative. */
struct web_place {
    const char *source;
    const char *path;
    const char *query;
    int64_t chunk;
};
void web_page_address(struct html *h, const struct web_place *place);

#endif
