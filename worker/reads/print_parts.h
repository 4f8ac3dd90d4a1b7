/* What printing shares. */
#ifndef LATTICE_WORKER_READS_PRINT_PARTS_H
#define LATTICE_WORKER_READS_PRINT_PARTS_H

#include <stdlib.h>

#include "worker/reads/print.h"

/* "" where there is none. Borrowed. */
const char *text_of(const json_t *object, const char *key);
int64_t number_of(const json_t *object, const char *key);
void print_escaped(struct buf *out, const char *text);
void print_bold(struct buf *out, const char *text, const struct print_style *style);
/* Text over several lines: line breaks and tabs stay, everything else that drives a terminal is
 * escaped. */
void print_block(struct buf *out, const char *text);
/* 2026-05-01T12:00:00Z */
void print_when(struct buf *out, int64_t at);
/* "3m", "now", "never": how long ago the source of this name was known to be equal. */
void print_fresh(struct buf *out, const json_t *answer, const char *source);
/* A table of objects: of each these members. `message`: a last column of free text. */
enum print_how { SHOW_TEXT, SHOW_NUMBER, SHOW_BYTES, SHOW_AGE, SHOW_DURATION, SHOW_WHEN };
struct print_column {
    const char *heading;
    const char *key;
    enum print_how how;
};
enum { PRINT_COLUMNS_MAX = 12 };
void print_table(struct buf *out, const json_t *rows, const struct print_column *columns,
                 size_t count, bool message);
/* `more: --offset 20`, if there is. */
void print_more(struct buf *out, const json_t *answer);

#endif
