/* HTML to text that reads like Markdown; bounded in size, depth and time. */
#ifndef LATTICE_WORKER_SYNC_HTML_TEXT_H
#define LATTICE_WORKER_SYNC_HTML_TEXT_H

#include <stddef.h>

#include "common/error.h"
#include "common/text.h"
#include "worker/sync/html_write.h"

/* Nested deeper than this, and the rest is left out. */
enum { HTML_DEPTH_MAX = 256 };

struct html_source {
    const char *bytes; /* a piece or a whole document */
    size_t size;
    const char *base; /* what links are relative to; NULL: they stay as they are */
};

/* Appends its text: headings, paragraphs, lists, quotations, code, the cells of tables, links as
 * `[text](address)`. Emphasis goes, so do script, style, head, comments and what is `hidden`.
 * Invalid bytes are U+FFFD. What a <private> marker holds is gone, and a marker that was written
 * with entities is one in the text, for private_strip. *cut says if something was left out for the
 * bounds. False: libxml2 is not there. */
CHECKED bool text_from_html(const struct html_source *source, struct buf *out, bool *cut,
                            struct error *e);

#endif
