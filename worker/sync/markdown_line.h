/* One line of Markdown under a cursor that knows tab stops, and what can start in it. */
#ifndef LATTICE_WORKER_SYNC_MARKDOWN_LINE_H
#define LATTICE_WORKER_SYNC_MARKDOWN_LINE_H

#include <stdbool.h>
#include <stddef.h>

struct line {
    const char *text; /* the whole text; all offsets are into it */
    size_t size;
    bool returns;   /* it holds a '\r', which alone or before '\n' ends a line too */
    size_t newline; /* the first '\n' at or after `start` */
    size_t start;
    size_t stop; /* after its last byte, line end left out */
    size_t next; /* where the next line starts */
    size_t offset;
    size_t column;
    /* What line_find_nonspace finds, from the cursor on. */
    size_t nonspace;
    size_t nonspace_column;
    size_t indent; /* columns from the cursor */
    bool blank;
};

/* Stands before the line that starts at `start`. */
void line_open(struct line *l, const char *text, size_t start, size_t size);
/* Moves to the next line; false after the last. */
bool line_next(struct line *l);
void line_find_nonspace(struct line *l);
/* By columns (tabs count to the next stop of 4) or by bytes. */
void line_advance(struct line *l, size_t count, bool columns);

/* False for a line whose first byte starts no block: nearly every line of a paragraph. The
 * functions below need line_find_nonspace first, and an indent below 4. */
bool line_may_start_block(const struct line *l);
/* Level, and where its text starts and ends; 0 if it is none. */
int line_atx_heading(const struct line *l, size_t *from, size_t *end);
int line_setext(const struct line *l);
bool line_is_break(const struct line *l);
/* How many characters the opening fence has; 0 if it is none. */
size_t line_opens_fence(const struct line *l);
bool line_closes_fence(const struct line *l, char fence, size_t size);

/* True if the line at `p` is a link definition, `[label]: url "title"`, all of it. */
bool markdown_definition(const char *p, const char *end);

/* These move the cursor behind the mark. */
bool line_take_quote(struct line *l);
bool line_take_footnote(struct line *l);
/* Columns that the item's lines are indented by; 0 if no list item starts. */
size_t line_take_item(struct line *l, bool in_paragraph);

#endif
