/* libxml2's HTML parser, held to a bounded time. */
#ifndef LATTICE_WORKER_SYNC_HTML_PARSE_H
#define LATTICE_WORKER_SYNC_HTML_PARSE_H

#include "common/text.h"
#include "worker/sync/xml_library.h"

struct html_parser {
    const struct xml_library *xml; /* borrowed; set by the caller */
    xmlParserCtxtPtr context;      /* while it parses */
    size_t attribute_work;
    bool cut; /* the rest was left out */
};

/* Calls `calls` with `context` for valid UTF-8 without NUL. */
void html_parse(struct html_parser *p, const xmlSAXHandler *calls, void *context,
                const struct buf *in);
/* Leaves out the rest: nothing is called any more. */
void html_stop(struct html_parser *p);
/* To be told of each tag's attributes; stops where they would take too long. */
void html_count_attributes(struct html_parser *p, const xmlChar **attributes);

#endif
