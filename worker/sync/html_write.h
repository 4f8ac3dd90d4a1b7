/* The text that text_from_html writes: gaps between blocks, indents, code. */
#ifndef LATTICE_WORKER_SYNC_HTML_WRITE_H
#define LATTICE_WORKER_SYNC_HTML_WRITE_H

#include <stdbool.h>
#include <stddef.h>

#include "common/text.h"

/* What has to stand before the next word. A wider gap takes the place of a narrower one. */
enum html_gap { GAP_NONE, GAP_SPACE, GAP_LINE, GAP_BLOCK };

/* More text than this, and the rest is left out. */
enum { HTML_TEXT_MAX = 16 * 1024 * 1024 };
/* Nested lists and quotations beyond these are not indented further. */
enum { HTML_NEST_MAX = 16 };

struct html_nest {
    char mark;    /* '>' a quotation, '-' a list, '1' a numbered one */
    bool in_item; /* behind the mark of an item */
    int number;   /* of the next item */
};

struct html_writer {
    struct buf *out; /* borrowed */
    size_t start;    /* where the text begins in it */
    enum html_gap gap;
    bool fresh;    /* behind a list's mark or a cell's bar: no gap there */
    bool heading;  /* one line, whatever is in it */
    bool verbatim; /* within <pre> */
    bool code;     /* within <code>, or what is like it */
    size_t code_at;
    size_t pre_at;
    char language[24];
    struct html_nest nests[HTML_NEST_MAX];
    size_t nest_count;
    size_t nest_beyond; /* open ones that had no room in `nests` */
};

void html_want(struct html_writer *w, enum html_gap gap);
/* Text as it stands between two tags; blanks are joined unless in <pre>. */
void html_words(struct html_writer *w, const char *text, size_t size);
/* Marks of our own, behind the gap that is due. */
void html_mark(struct html_writer *w, const char *mark);
void html_heading(struct html_writer *w, int level);
void html_heading_end(struct html_writer *w);
void html_nest(struct html_writer *w, char mark, int number);
void html_nest_end(struct html_writer *w);
void html_item(struct html_writer *w);
void html_item_end(struct html_writer *w);
void html_pre(struct html_writer *w);
void html_pre_end(struct html_writer *w);
void html_code(struct html_writer *w);
void html_code_end(struct html_writer *w);
/* Ends the text with one line break, if there is any. */
void html_finish(struct html_writer *w);

#endif
