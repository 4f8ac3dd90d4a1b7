/* XML as feeds have it in the wild is made XML: names of characters, lone ampersands, DOCTYPE. */
#ifndef LATTICE_WORKER_SYNC_FEED_XML_TIDY_H
#define LATTICE_WORKER_SYNC_FEED_XML_TIDY_H

#include "common/error.h"
#include "common/text.h"
#include "worker/sync/xml_library.h"

/* So that libxml2 sees no DTD, and there is no entity to expand and nothing to load:
 *   <!DOCTYPE rss PUBLIC "..." "...">   goes; one that declares something is CAUSE_BAD_DATA
 *   &nbsp;                              the character's number, if HTML 4 has the name
 *   &, &other;                          what is written: &amp;, &amp;other;
 * Lines stay what they are, and so do CDATA, comments and the five names that XML has. `out` is the
 * document then; all-zero: it needed nothing, or its encoding is one in which `&` and `<` may be
 * half of a character; whoever reads it refuses a DTD in it. Pure; linear. */
CHECKED bool feed_xml_tidy(const struct xml_library *xml, const char *bytes, size_t size,
                           struct buf *out, struct error *e);

#endif
