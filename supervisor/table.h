/* The table that the operator sees: statuses to text; pure. */
#ifndef LATTICE_SUPERVISOR_TABLE_H
#define LATTICE_SUPERVISOR_TABLE_H

#include "common/status.h"
#include "common/text.h"

struct table_style {
    size_t width; /* columns of the terminal; NOTE is cut there. 0: never cut */
    bool colour;
};

/* Appends a heading and a line per status. */
void table_write(struct buf *out, const struct source_status *statuses, size_t count,
                 const struct table_style *style);

/* Columns that valid UTF-8 takes on a terminal. */
size_t text_columns(const char *text, size_t size);
/* Appends `text`, cut with an ellipsis if it takes more than `columns`. */
void text_cut(struct buf *out, const char *text, size_t columns);

#endif
