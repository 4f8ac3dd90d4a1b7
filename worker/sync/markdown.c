/* The blocks of a Markdown text, found line by line as CommonMark 0.29 finds them. */
#include "worker/sync/markdown.h"

#include <string.h>

#include "worker/sync/markdown_line.h"

/* This follows cmark's own blocks.c, without a tree: a stack of open containers and one open leaf.
 * It is here because chunks need the blocks of every page, and cmark's parse of a whole page costs
 * 44 to 63 us, a fourth of what a page may cost in all: so cmark sees only the paragraphs that can
 * hold links. tests/unit/test_page_cmark.c compares the links. What is known to differ: an
 * underline below a definition of two lines, a list item that holds nothing but a definition, and
 * the limits of this header and of page_links.h. */

enum leaf { LEAF_NONE, LEAF_PARAGRAPH, LEAF_FENCE, LEAF_INDENTED, LEAF_HTML };

/* A quote, or what is held together by indentation: a list item, a footnote. */
struct container {
    bool quote;
    bool has_child; /* a block began in it; an item whose first line is blank may stay empty */
    size_t indent;  /* columns its lines are indented by, if it is no quote */
};

struct scan {
    struct line line; /* the one in hand */
    const char *text;
    markdown_sink *sink;
    void *ctx;
    struct container stack[MARKDOWN_MAX_DEPTH];
    size_t depth;
    size_t matched; /* containers that the line in hand goes on with */
    enum leaf leaf;
    struct block block; /* the open leaf's */
    char fence;
    size_t fence_size;
    int html;
    size_t lines[MARKDOWN_MAX_LINES];
};

static void finish_leaf(struct scan *s)
{
    if (s->leaf != LEAF_NONE)
        s->sink(s->ctx, &s->block);
    s->leaf = LEAF_NONE;
}

/* The line in hand starts something new: what it does not go on with ends. */
static void close_unmatched(struct scan *s)
{
    finish_leaf(s);
    s->depth = s->matched;
}

static void start_block(struct scan *s, enum block_kind kind, int level)
{
    close_unmatched(s);
    if (s->depth > 0)
        s->stack[s->depth - 1].has_child = true;
    s->block = (struct block){.kind = kind,
                              .level = level,
                              .depth = s->depth,
                              .start = s->line.start,
                              .end = s->line.stop,
                              .lines = s->lines};
}

static void open_leaf(struct scan *s, enum leaf leaf, enum block_kind kind)
{
    start_block(s, kind, 0);
    s->leaf = leaf;
}

static void add_paragraph_line(struct scan *s)
{
    line_find_nonspace(&s->line);
    if (s->block.line_count < MARKDOWN_MAX_LINES)
        s->lines[s->block.line_count++] = s->line.nonspace;
    else
        s->block.cut = true;
    s->block.end = s->block.content_end = s->line.stop;
}

static bool push(struct scan *s, bool quote, size_t indent)
{
    close_unmatched(s);
    if (s->depth > 0)
        s->stack[s->depth - 1].has_child = true;
    s->stack[s->depth++] = (struct container){.quote = quote, .indent = indent};
    s->matched = s->depth;
    return true;
}

static bool goes_on(struct line *l, const struct container *c)
{
    line_find_nonspace(l);
    if (c->quote)
        return line_take_quote(l);
    if (l->indent >= c->indent) {
        line_advance(l, c->indent, true);
        return true;
    }
    if (!l->blank || !c->has_child)
        return false;
    line_advance(l, l->nonspace - l->offset, false);
    return true;
}

/* True if the line belongs to the open code or HTML block, which then has taken it. */
static bool leaf_takes_line(struct scan *s)
{
    struct line *l = &s->line;
    bool taken = false;
    bool last = false;
    if (s->leaf == LEAF_FENCE) {
        taken = true;
        last = l->indent < 4 && line_closes_fence(l, s->fence, s->fence_size);
    } else if (s->leaf == LEAF_INDENTED) {
        taken = l->indent >= 4 || l->blank;
    } else if (s->leaf == LEAF_HTML) {
        taken = s->html <= 5 || !l->blank;
        last = taken && html_block_ends(s->html, l->text + l->nonspace, l->text + l->stop);
    }
    if (taken && !l->blank)
        s->block.end = l->stop;
    if (last)
        finish_leaf(s);
    return taken;
}

static bool start_atx_heading(struct scan *s)
{
    size_t end = 0;
    size_t from = 0;
    int level = line_atx_heading(&s->line, &from, &end);
    if (level == 0)
        return false;
    start_block(s, BLOCK_HEADING, level);
    s->lines[0] = from;
    s->block.atx = true;
    s->block.line_count = 1;
    s->block.content_end = end;
    s->sink(s->ctx, &s->block);
    return true;
}

static bool start_fence(struct scan *s)
{
    size_t size = line_opens_fence(&s->line);
    if (size == 0)
        return false;
    s->fence = s->line.text[s->line.nonspace];
    s->fence_size = size;
    open_leaf(s, LEAF_FENCE, BLOCK_CODE);
    return true;
}

static bool start_html(struct scan *s, bool in_paragraph)
{
    const char *from = s->line.text + s->line.nonspace;
    const char *end = s->line.text + s->line.stop;
    int kind = *from == '<' ? html_block_start(from, end, in_paragraph) : 0;
    if (kind == 0)
        return false;
    open_leaf(s, LEAF_HTML, BLOCK_HTML);
    s->html = kind;
    if (html_block_ends(kind, from, end))
        finish_leaf(s);
    return true;
}

/* True if the open paragraph is nothing but link definitions, one in a line: those have no text
 * that could be a heading. */
static bool only_definitions(const struct scan *s)
{
    for (size_t i = 0; i < s->block.line_count; i++)
        if (!markdown_definition(s->text + s->lines[i], s->text + s->block.end))
            return false;
    return true;
}

/* The paragraph above becomes a heading. */
static bool underline(struct scan *s)
{
    int level = line_setext(&s->line);
    if (level == 0 || (s->text[s->lines[0]] == '[' && only_definitions(s)))
        return false;
    s->block.kind = BLOCK_HEADING;
    s->block.level = level;
    finish_leaf(s);
    return true;
}

static bool start_container(struct scan *s, bool in_paragraph)
{
    struct line *l = &s->line;
    size_t indent = 0;
    if (s->matched >= MARKDOWN_MAX_DEPTH)
        return false;
    if (line_take_quote(l))
        return push(s, true, 0);
    if (line_take_footnote(l))
        return push(s, false, 4);
    indent = line_take_item(l, in_paragraph);
    return indent > 0 && push(s, false, indent);
}

enum step { STEP_DONE, STEP_AGAIN, STEP_TEXT };

/* One round of looking for what starts at the cursor. `lazy`: a paragraph is open and nothing
 * started yet. */
static enum step try_start(struct scan *s, bool in_paragraph, bool lazy)
{
    struct line *l = &s->line;
    line_find_nonspace(l);
    if (l->indent >= 4) {
        if (lazy || l->blank)
            return STEP_TEXT;
        open_leaf(s, LEAF_INDENTED, BLOCK_CODE);
        return STEP_DONE;
    }
    if (l->blank || !line_may_start_block(l))
        return STEP_TEXT;
    if (l->text[l->nonspace] == '>' && start_container(s, in_paragraph))
        return STEP_AGAIN;
    if (start_atx_heading(s) || start_fence(s) || start_html(s, in_paragraph))
        return STEP_DONE;
    if (in_paragraph && underline(s))
        return STEP_DONE;
    if (line_is_break(l)) {
        close_unmatched(s);
        if (s->depth > 0)
            s->stack[s->depth - 1].has_child = true;
        return STEP_DONE;
    }
    return start_container(s, in_paragraph) ? STEP_AGAIN : STEP_TEXT;
}

static void add_text(struct scan *s, bool fresh)
{
    bool blank = s->line.blank;
    if (!fresh && !blank && s->leaf == LEAF_PARAGRAPH) { /* goes on, lazily or not */
        add_paragraph_line(s);
        return;
    }
    if (!fresh)
        close_unmatched(s);
    if (blank)
        return;
    open_leaf(s, LEAF_PARAGRAPH, BLOCK_PARAGRAPH);
    add_paragraph_line(s);
}

static void scan_line(struct scan *s)
{
    struct line *l = &s->line;
    s->matched = 0;
    while (s->matched < s->depth && goes_on(l, &s->stack[s->matched]))
        s->matched++;
    line_find_nonspace(l);
    bool whole = s->matched == s->depth;
    if (whole && s->leaf > LEAF_PARAGRAPH && leaf_takes_line(s))
        return;
    bool in_paragraph = whole && s->leaf == LEAF_PARAGRAPH && !l->blank;
    bool fresh = false; /* something started in this line */
    enum step step;
    while ((step = try_start(s, in_paragraph, !fresh && s->leaf == LEAF_PARAGRAPH)) == STEP_AGAIN) {
        fresh = true;
        in_paragraph = false;
    }
    if (step == STEP_TEXT)
        add_text(s, fresh);
}

void markdown_scan(const char *text, size_t from, size_t size, markdown_sink *sink, void *ctx)
{
    struct scan s; /* its arrays are not cleared: 32 KB for each page */
    s.text = text;
    s.sink = sink;
    s.ctx = ctx;
    s.depth = 0;
    s.leaf = LEAF_NONE;
    line_open(&s.line, text, from, size);
    while (line_next(&s.line))
        scan_line(&s);
    finish_leaf(&s);
}
