/* The blocks of a Markdown text, found line by line as CommonMark 0.29 finds them. */
#ifndef LATTICE_WORKER_SYNC_MARKDOWN_H
#define LATTICE_WORKER_SYNC_MARKDOWN_H

#include <stdbool.h>
#include <stddef.h>

/* Containers (quotes, list items, footnotes) beyond this depth are text, so that a blank line does
 * not cost a walk through thousands of open list items. */
enum { MARKDOWN_MAX_DEPTH = 32 };
/* Lines of a paragraph whose content is recorded; longer paragraphs have `cut` set. */
enum { MARKDOWN_MAX_LINES = 4096 };

enum block_kind { BLOCK_PARAGRAPH, BLOCK_HEADING, BLOCK_CODE, BLOCK_HTML };

/* A leaf block: what holds text. Containers and thematic breaks are not told of. */
struct block {
    enum block_kind kind;
    bool atx;     /* a heading in `#` form; else it is underlined */
    int level;    /* of a heading */
    size_t depth; /* how many containers it is in */
    size_t start; /* of its first line */
    size_t end;   /* after its last line's content, a setext underline left out */
    /* Paragraphs and headings: where the text of each line starts, after quote and list marks and
     * indentation; the text ends at the line's end. A heading in `#` form has one line, without its
     * opening and closing `#`: `content_end` ends it. */
    const size_t *lines;
    size_t line_count;
    size_t content_end;
    bool cut; /* a paragraph of more lines than are recorded */
};

/* Called at each block's end, in order. */
typedef void markdown_sink(void *ctx, const struct block *block);

/* Scans text[from, size); linear. Tables are paragraphs; footnote definitions are containers. */
void markdown_scan(const char *text, size_t from, size_t size, markdown_sink *sink, void *ctx);

/* Which of CommonMark's seven kinds of HTML block starts at `p`, which is a '<'; 0 for none. */
int html_block_start(const char *p, const char *end, bool in_paragraph);
/* Whether the line ends an HTML block of that kind (1 to 5). */
bool html_block_ends(int kind, const char *line, const char *end);

#endif
