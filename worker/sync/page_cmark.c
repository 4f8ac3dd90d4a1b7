/* The pass through cmark: links and plain heading texts of the blocks that were kept for it. */
#include <cmark-gfm-core-extensions.h>
#include <cmark-gfm-extension_api.h>
#include <cmark-gfm.h>
#include <string.h>

#include "worker/sync/page_links.h"

/* cmark's allocator has no context argument. Its memory is taken back as a whole after each batch,
 * so nothing is freed; that saves a third of its time. */
static _Thread_local struct arena *cmark_memory;

/* In front of each piece, for realloc; as large as the strictest alignment. */
union piece_head {
    size_t size;
    max_align_t align;
};

static void *piece_new(size_t size)
{
    union piece_head *head = arena_alloc(cmark_memory, sizeof *head + size);
    head->size = size;
    return head + 1;
}

static void *piece_calloc(size_t count, size_t size)
{
    return memset(piece_new(count * size), 0, count * size);
}

static void *piece_realloc(void *old, size_t size)
{
    size_t old_size = old ? ((union piece_head *)old - 1)->size : 0;
    if (old && size <= old_size)
        return old;
    void *grown = piece_new(size);
    if (old)
        memcpy(grown, old, old_size);
    return grown;
}

static void piece_free(void *piece)
{
    (void)piece;
}

cmark_syntax_extension *page_links_autolink(void)
{
    static cmark_syntax_extension *autolink;
    if (!autolink) {
        cmark_gfm_core_extensions_ensure_registered();
        autolink = cmark_find_syntax_extension("autolink");
    }
    return autolink;
}

enum { LINK_NESTING = 4 };

/* One parse: what was fed, and where the walk through its result is. */
struct batch {
    struct page_links *links;
    struct found *found;
    struct heading *headings;
    cmark_parser *parser;
    size_t first; /* blocks [first, last), all definitions before them */
    size_t last;
    /* The walk: the block in hand, its plain text in links->plain. */
    size_t block;
    size_t block_line; /* where it starts, of what was fed */
    bool in_definitions;
    /* Where the labels of the links in hand start in the plain text: `<url>` can be in a link. */
    size_t labels[LINK_NESTING];
    size_t nesting;
};

static bool feeds(const struct batch *b, size_t i, bool definitions)
{
    const struct link_block *block = &b->links->blocks[i];
    if (definitions || block->defines)
        return definitions && block->defines;
    return !block->refers || b->links->definition_bytes > 0;
}

static void feed(struct batch *b, size_t first, size_t last, bool definitions)
{
    for (size_t i = first; i < last; i++) {
        const struct link_block *block = &b->links->blocks[i];
        if (feeds(b, i, definitions))
            cmark_parser_feed(b->parser, b->links->reduced.data + block->offset, block->size);
    }
}

/* Moves on to a block that was fed: first all definitions, then this batch. */
static void seek_fed(struct batch *b)
{
    size_t count = b->links->count;
    while (b->block < count && !feeds(b, b->block, b->in_definitions))
        b->block++;
    if (b->block < count || !b->in_definitions)
        return;
    b->in_definitions = false;
    b->block = b->first;
    while (b->block < count && !feeds(b, b->block, false))
        b->block++;
}

static void first_block(struct batch *b)
{
    b->in_definitions = true;
    b->block = 0;
    b->block_line = 1;
    seek_fed(b);
}

static void next_block(struct batch *b)
{
    b->block_line += b->links->blocks[b->block].lines;
    b->block++;
    seek_fed(b);
}

static void enter_block(struct batch *b, cmark_node *node)
{
    size_t line = (size_t)cmark_node_get_start_line(node);
    while (b->block < b->links->count && line >= b->block_line + b->links->blocks[b->block].lines)
        next_block(b);
    buf_reset(&b->links->plain);
}

/* Definitions are fed with each batch; what else they hold counts once. */
static bool counts(const struct batch *b)
{
    return b->block < b->links->count && !(b->in_definitions && b->first > 0);
}

static void leave_block(struct batch *b)
{
    struct buf *plain = &b->links->plain;
    if (!counts(b) || plain->size == 0)
        return;
    size_t heading = b->links->blocks[b->block].heading;
    if (heading < HEADINGS_MAX)
        b->headings[heading].text = found_line(b->found, (struct span){plain->data, plain->size});
}

static void enter_link(struct batch *b)
{
    if (b->nesting < LINK_NESTING)
        b->labels[b->nesting] = b->links->plain.size;
    b->nesting++;
}

static void leave_link(struct batch *b, cmark_node *node)
{
    const char *url = cmark_node_get_url(node);
    const struct buf *plain = &b->links->plain;
    size_t start = --b->nesting < LINK_NESTING ? b->labels[b->nesting] : plain->size;
    if (!url || !counts(b))
        return;
    struct span target = {url, strlen(url)};
    struct span label = {plain->data ? plain->data + start : "", plain->size - start};
    if (label.size == target.size && memcmp(label.text, target.text, label.size) == 0)
        label.size = 0; /* `<url>` has no label of its own */
    found_add_link(b->found, LINK_MARKDOWN, b->links->blocks[b->block].at, target, label);
}

static void add_literal(struct batch *b, cmark_node *node)
{
    const char *literal = cmark_node_get_literal(node);
    if (literal)
        buf_add_text(&b->links->plain, literal);
}

static void visit(struct batch *b, cmark_node *node, bool enter)
{
    cmark_node_type type = cmark_node_get_type(node);
    if (type == CMARK_NODE_PARAGRAPH || type == CMARK_NODE_HEADING) {
        if (enter)
            enter_block(b, node);
        else
            leave_block(b);
    } else if (type == CMARK_NODE_LINK) {
        if (enter)
            enter_link(b);
        else
            leave_link(b, node);
    } else if (type == CMARK_NODE_TEXT || type == CMARK_NODE_CODE) {
        add_literal(b, node);
    } else if (type == CMARK_NODE_SOFTBREAK || type == CMARK_NODE_LINEBREAK) {
        buf_add_byte(&b->links->plain, ' ');
    }
}

static void parse_batch(struct batch *b)
{
    static cmark_mem memory = {piece_calloc, piece_realloc, piece_free};
    cmark_memory = &b->links->memory;
    b->parser = cmark_parser_new_with_mem(CMARK_OPT_DEFAULT, &memory);
    cmark_syntax_extension *autolink = page_links_autolink();
    if (autolink)
        cmark_parser_attach_syntax_extension(b->parser, autolink);
    feed(b, 0, b->links->count, true);
    feed(b, b->first, b->last, false);
    first_block(b);
    cmark_iter *iter = cmark_iter_new(cmark_parser_finish(b->parser));
    cmark_event_type event;
    while ((event = cmark_iter_next(iter)) != CMARK_EVENT_DONE)
        visit(b, cmark_iter_get_node(iter), event == CMARK_EVENT_ENTER);
    arena_reset(&b->links->memory);
    cmark_memory = NULL;
}

void page_links_resolve(struct page_links *l, struct found *found, struct heading *headings)
{
    struct batch b = {.links = l, .found = found, .headings = headings};
    if (l->left_out)
        found->left_out = "some text is too large to look for links in it";
    while (b.first < l->count) {
        size_t size = 0;
        bool any = false;
        for (b.last = b.first; b.last < l->count; b.last++) {
            const struct link_block *block = &l->blocks[b.last];
            if (size > 0 && size + block->size > LINKS_BATCH_BYTES)
                break;
            any = any || feeds(&b, b.last, false) || (b.first == 0 && block->defines);
            size += block->size;
        }
        if (any)
            parse_batch(&b);
        b.first = b.last;
    }
}
