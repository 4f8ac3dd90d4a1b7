/* Which blocks of a page cmark gets to see, and in which form. */
#include "worker/sync/page_links.h"

#include <stdlib.h>
#include <string.h>

#include "worker/sync/page_marks.h"

enum want { WANT_NOT, WANT_IF_DEFINED, WANT };

void page_links_begin(struct page_links *l)
{
    enum { KEEP_BYTES = 256 * 1024, KEEP_BLOCKS = 4096 };
    if (l->reduced.room > KEEP_BYTES || l->room > KEEP_BLOCKS || l->plain.room > KEEP_BYTES)
        page_links_release(l);
    buf_reset(&l->reduced);
    l->count = 0;
    l->definition_bytes = 0;
    l->left_out = false;
}

void page_links_release(struct page_links *l)
{
    buf_release(&l->reduced);
    buf_release(&l->plain);
    arena_release(&l->memory);
    free(l->blocks);
    *l = (struct page_links){0};
}

/* True if `pattern` stands in p[0, size); for patterns whose first two bytes are a rare pair. */
static bool holds(const char *p, size_t size, const char *pattern)
{
    size_t length = strlen(pattern);
    const char *end = p + size;
    while ((p = memchr(p, *pattern, (size_t)(end - p))) != NULL) {
        if ((size_t)(end - p) < length)
            return false;
        if (p[1] == pattern[1] && memcmp(p, pattern, length) == 0)
            return true;
        p++;
    }
    return false;
}

static enum want links_in(const char *p, size_t size, unsigned marks)
{
    if (marks & (MARK_ANGLE | MARK_AT | MARK_URL))
        return WANT;
    if ((marks & MARK_WWW) && holds(p, size, "www."))
        return WANT;
    if (!(marks & MARK_BRACKET))
        return WANT_NOT;
    return holds(p, size, "](") ? WANT : WANT_IF_DEFINED;
}

static bool has_marks(const char *p, size_t size)
{
    for (size_t i = 0; i < size; i++)
        if (p[i] && strchr("*_`\\&<[~", p[i]))
            return true;
    return false;
}

/* The text of line `i` of a block. */
static struct span line_text(const char *text, const struct block *b, size_t i)
{
    const char *line = text + b->lines[i];
    size_t size = b->content_end > b->lines[i] ? b->content_end - b->lines[i] : 0;
    if (i + 1 < b->line_count) {
        const char *next = text + b->lines[i + 1];
        const char *end = memchr(line, '\n', (size_t)(next - line));
        const char *back = memchr(line, '\r', (size_t)((end ? end : next) - line));
        size = (size_t)((back ? back : end ? end : next) - line);
    }
    return (struct span){line, size};
}

static struct link_block *open_block(struct page_links *l, size_t at, size_t heading)
{
    l->blocks = array_room(l->blocks, l->count, &l->room, sizeof *l->blocks);
    struct link_block *b = &l->blocks[l->count];
    *b = (struct link_block){.offset = l->reduced.size, .at = at, .heading = heading};
    return b;
}

static size_t count_of(const char *p, size_t size, const char *pattern)
{
    size_t n = 0;
    const char *end = p + size;
    while ((p = memmem(p, (size_t)(end - p), pattern, strlen(pattern))) != NULL) {
        n++;
        p++;
    }
    return n;
}

/* Ends the block, or drops it if it is nothing for cmark. */
static void close_block(struct page_links *l, bool refers, size_t longest_line)
{
    struct link_block *b = &l->blocks[l->count];
    buf_add_byte(&l->reduced, '\n');
    const char *p = l->reduced.data + b->offset;
    b->size = l->reduced.size - b->offset;
    b->lines++;
    b->refers = refers;
    b->defines = p[0] == '[' && holds(p, b->size, "]:");
    bool good = !l->www || count_of(p, b->size, "www.") <= LINKS_MAX_WWW;
    if (b->defines && good) {
        l->definition_bytes += b->size;
        good =
            longest_line <= LINKS_DEFINITION_LINE && l->definition_bytes <= LINKS_DEFINITION_BYTES;
    }
    if (good) {
        l->count++;
        return;
    }
    l->left_out = true;
    l->reduced.size = b->offset;
}

static void add_atx(struct page_links *l, const char *text, const struct block *block,
                    size_t heading)
{
    struct span line = line_text(text, block, 0);
    struct link_block *b = open_block(l, block->start, heading);
    buf_add(&l->reduced, "# ", 2);
    buf_add(&l->reduced, line.text, line.size);
    buf_add(&l->reduced, " #\n", 3);
    b->lines = 1;
    close_block(l, false, line.size);
}

/* Lines but the first are indented by four: there they can only be what they were found to be, a
 * paragraph's further lines, and cmark drops the indentation. */
static void add_lines(struct page_links *l, const char *text, const struct block *block,
                      size_t heading, bool refers)
{
    struct link_block *b = open_block(l, block->start, heading);
    size_t longest = 0;
    for (size_t i = 0; i < block->line_count; i++) {
        struct span line = line_text(text, block, i);
        if (line.size > LINKS_BATCH_BYTES) {
            l->left_out = true;
            continue;
        }
        if (b->lines > 0 && l->reduced.size - b->offset + line.size > LINKS_BATCH_BYTES) {
            close_block(l, refers, longest);
            b = open_block(l, (size_t)(line.text - text), HEADINGS_MAX);
            longest = 0;
        }
        if (b->lines > 0)
            buf_add(&l->reduced, "    ", 4);
        buf_add(&l->reduced, line.text, line.size);
        buf_add_byte(&l->reduced, '\n');
        b->lines++;
        longest = line.size > longest ? line.size : longest;
    }
    close_block(l, refers, longest);
}

void page_links_add(struct page_links *l, const char *text, const struct block *block,
                    size_t heading, unsigned marks)
{
    if (block->line_count == 0)
        return;
    const char *p = text + block->start;
    size_t size = block->end - block->start;
    enum want want = links_in(p, size, marks);
    if (block->kind == BLOCK_HEADING && heading < HEADINGS_MAX && has_marks(p, size))
        want = WANT;
    if (want == WANT_NOT)
        return;
    if (block->cut || l->reduced.size + size > LINKS_MAX_BYTES) {
        l->left_out = true;
        return;
    }
    l->www = marks & MARK_WWW;
    if (block->atx)
        add_atx(l, text, block, heading);
    else
        add_lines(l, text, block, heading, want == WANT_IF_DEFINED);
}
