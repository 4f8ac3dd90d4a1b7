/* Bytes to page: cleans the text, then front matter, blocks, chunks, links and tags in one pass. */
#include "worker/sync/page.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "common/private.h"
#include "worker/sync/page_marks.h"
#include "worker/sync/page_parts.h"

bool page_path_ends(const char *path, const char *suffix)
{
    size_t size = strlen(path);
    size_t length = strlen(suffix);
    return size >= length && strcasecmp(path + size - length, suffix) == 0;
}

enum page_kind page_kind_of_path(const char *path)
{
    static const char *const suffixes[] = {".md", ".markdown", ".mdx"};
    for (size_t i = 0; i < sizeof suffixes / sizeof *suffixes; i++)
        if (page_path_ends(path, suffixes[i]))
            return PAGE_MARKDOWN;
    return PAGE_TEXT;
}

char *page_title_from_path(const char *path)
{
    const char *slash = strrchr(path, '/');
    const char *name = slash && slash[1] ? slash + 1 : path;
    const char *dot = strrchr(name, '.');
    size_t size = dot && dot > name ? (size_t)(dot - name) : strlen(name);
    char *title = xstrndup(name, size);
    size = found_clean_line(title, size);
    title[size] = '\0';
    if (size > 0)
        return title;
    free(title);
    return xstrdup("untitled");
}

/* Text of a page that is being read as Markdown. */
struct reading {
    struct page_memory *memory;
    const char *text;
};

static void take_block(void *ctx, const struct block *block)
{
    const struct reading *r = ctx;
    struct page_memory *m = r->memory;
    size_t heading = HEADINGS_MAX;
    if (block->kind == BLOCK_HEADING && block->depth == 0) {
        size_t from = block->lines[0];
        size_t size = block->content_end > from ? block->content_end - from : 0;
        char *text = found_line(&m->found, (struct span){r->text + from, size});
        heading = chunk_heading(&m->chunker, block->start, block->level, text);
    } else {
        chunk_unit(&m->chunker, block->start);
    }
    if (block->kind == BLOCK_CODE || block->kind == BLOCK_HTML)
        return;
    bool tags = block->kind == BLOCK_PARAGRAPH;
    unsigned marks = marks_in(r->text + block->start, block->end - block->start);
    if (marks & (MARK_WIKI | (tags ? MARK_HASH : 0u)))
        page_inline_scan(&m->found, r->text, block->start, block->end, tags);
    page_links_add(&m->links, r->text, block, heading, marks);
}

static void read_markdown(struct page_memory *m, const char *text, size_t size)
{
    struct reading r = {m, text};
    page_links_begin(&m->links);
    markdown_scan(text, m->front.body, size, take_block, &r);
    chunk_end(&m->chunker);
    page_links_resolve(&m->links, &m->found, m->chunker.headings);
}

/* The first heading of level 1, else the first one. */
static const char *heading_title(const struct chunker *c)
{
    const char *first = NULL;
    for (size_t i = 0; i < c->heading_count; i++) {
        const struct heading *h = &c->headings[i];
        if (*h->text && h->level == 1)
            return h->text;
        if (*h->text && !first)
            first = h->text;
    }
    return first;
}

static void choose_title(struct page *page, const char *path, const char *from_text)
{
    struct page_memory *m = page->memory;
    const char *candidates[] = {m->front.title, from_text, heading_title(&m->chunker)};
    page->title_from_path = false;
    for (size_t i = 0; i < sizeof candidates / sizeof *candidates; i++) {
        const char *text = candidates[i];
        page->title = text ? found_line(&m->found, (struct span){text, strlen(text)}) : "";
        if (*page->title)
            return;
    }
    char *stem = page_title_from_path(path);
    page->title = arena_text(&m->found.strings, stem, strlen(stem));
    page->title_from_path = true;
    free(stem);
}

static int by_place(const void *left, const void *right)
{
    const struct found_link *a = left;
    const struct found_link *b = right;
    if (a->at != b->at)
        return a->at < b->at ? -1 : 1;
    return (a->seq > b->seq) - (a->seq < b->seq);
}

static void sort_links(struct found *f)
{
    for (size_t i = 1; i < f->link_count; i++) {
        if (f->links[i].at < f->links[i - 1].at) {
            qsort(f->links, f->link_count, sizeof *f->links, by_place);
            return;
        }
    }
}

static void give_links(struct page *page)
{
    struct page_memory *m = page->memory;
    size_t count = m->found.link_count;
    sort_links(&m->found);
    if (m->page_link_room < count) {
        m->page_link_room = m->found.link_room;
        free(m->page_links);
        m->page_links = xmalloc(m->page_link_room * sizeof *m->page_links);
    }
    size_t chunk = 0;
    for (size_t i = 0; i < count; i++) {
        const struct found_link *l = &m->found.links[i];
        while (chunk + 1 < page->chunk_count && page->chunks[chunk + 1].start <= l->at)
            chunk++;
        m->page_links[i] = (struct page_link){l->kind, chunk, l->target, l->label};
    }
    page->links = m->page_links;
    page->link_count = count;
}

/* The text as it is stored: valid UTF-8 without private blocks. */
static void clean_text(struct buf *text, const char *bytes, size_t size)
{
    enum { KEEP_BYTES = 1024 * 1024 };
    if (text->room > KEEP_BYTES && size < KEEP_BYTES)
        buf_release(text);
    buf_reset(text);
    buf_reserve(text, size);
    utf8_sanitize(text, bytes, size);
    text->size = private_strip(text->data, text->size);
    text->data[text->size] = '\0';
}

static const char *join_warnings(struct page_memory *m)
{
    const char *front = m->front.warning;
    const char *found = m->found.left_out;
    if (!front || !found)
        return front ? front : found;
    size_t size = strlen(front);
    size_t more = strlen(found);
    char *both = arena_alloc(&m->found.strings, size + more + 3);
    memcpy(both, front, size);
    memcpy(both + size, "; ", 2);
    memcpy(both + size + 2, found, more + 1);
    return both;
}

bool page_parse(struct page *page, const char *path, const char *bytes, size_t size,
                struct error *e)
{
    const char *nul = size ? memchr(bytes, '\0', size) : NULL;
    if (nul)
        return error_set(e, CAUSE_BAD_DATA, "binary: NUL byte at offset %zu",
                         (size_t)(nul - bytes));
    if (!page->memory)
        page->memory = xcalloc(1, sizeof *page->memory);
    struct page_memory *m = page->memory;
    clean_text(&page->text, bytes, size);
    const char *text = page->text.data;
    const char *from_text = NULL;
    page->kind = page_kind_of_path(path);
    found_begin(&m->found);
    front_parse(&m->front, text, page->text.size, &m->found);
    chunk_begin(&m->chunker, text, page->text.size, m->front.body);
    if (page->kind == PAGE_MARKDOWN) {
        read_markdown(m, text, page->text.size);
    } else {
        from_text = page_text_scan(m, path, text, page->text.size);
        chunk_end(&m->chunker);
    }
    chunk_name(&m->chunker, &m->found.strings);
    page->chunks = m->chunker.chunks;
    page->chunk_count = m->chunker.count;
    page->front = m->front.json.size ? m->front.json.data : NULL;
    choose_title(page, path, from_text);
    give_links(page);
    page->tags = m->found.tags;
    page->tag_count = m->found.tag_count;
    page->warning = join_warnings(m);
    return true;
}

void page_release(struct page *page)
{
    struct page_memory *m = page->memory;
    buf_release(&page->text);
    if (m) {
        found_release(&m->found);
        front_release(&m->front);
        chunk_release(&m->chunker);
        page_links_release(&m->links);
        free(m->page_links);
        free(m);
    }
    *page = (struct page){0};
}
