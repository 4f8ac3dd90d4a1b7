/* An observation as Markdown, and what a page or a chunk of it is called. */
#ifndef LATTICE_WORKER_SYNC_INBOX_TEXT_H
#define LATTICE_WORKER_SYNC_INBOX_TEXT_H

#include "common/observation.h"

enum { INBOX_LABEL_BYTES = OBSERVATION_TITLE_BYTES + 32 };

/* "Decision: its title", "Prompt: its first words". */
void inbox_label(const struct observation *o, char out[INBOX_LABEL_BYTES]);
/* What it would be titled if it named no title: its first line; "" if it has none. */
void inbox_first_line(const struct observation *o, char *out, size_t size);
/* Appends the line that stands above it, and an empty one. */
void inbox_heading(const struct observation *o, struct buf *out);
/* Appends all but that; ends with an empty line. */
void inbox_body(const struct observation *o, struct buf *out);
/* What the store keeps beside the text: its lists as JSON. Caller frees. */
char *inbox_detail(const struct observation *o);

#endif
