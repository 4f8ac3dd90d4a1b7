/* Links of a page against cmark's own parse of the whole page, over generated documents. */
#include <cmark-gfm-core-extensions.h>
#include <cmark-gfm-extension_api.h>
#include <cmark-gfm.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/harness.h"
#include "worker/sync/page.h"

/* What lines begin with: block structure. Footnotes and tables are left out: they are extensions
 * that page.c does without or, for footnotes, treats better than a link definition. */
static const char *const openings[] = {
    "",           "",
    "",           "",
    "",           "",
    "",           "> ",
    ">",          "> > ",
    "- ",         "* ",
    "+ ",         "1. ",
    "2. ",        "10) ",
    "-",          "1.",
    "  ",         "   ",
    "    ",       "     ",
    "\t",         "  \t",
    " ",          "# ",
    "## ",        "#",
    "```",        "```c ",
    "~~~",        "````",
    "---",        "***",
    "===",        "= ",
    "- - ",       "-   ",
    "-    ",      "-     ",
    "-\t",        ">\t",
    "<div>",      "</div>",
    "<b>",        "<b c=\"d\">",
    "<pre>",      "</pre>",
    "<!-- ",      " --> ",
    "<?",         "?>",
    "<p>",        "<script>",
    "</script>",  "<!A",
    "<![CDATA[",  "]]>",
    "[a]: /a ",   "[b]: <b> 'title' ",
    "[c]:\n/c\n", "[d]: /d\n\"t\n",
    "      - ",   "    - ",
    "  - ",       "   > ",
    "_ _ _",      "  1. ",
    "-\n",        "> -",
};
static const char *const inlines[] = {
    "[x](/y)",
    "[a]",
    "[b]",
    "[a][b]",
    "[c][]",
    "[t][d]",
    "![i](/s)",
    "<http://e.x/>",
    "http://e.org/x",
    "https://a.b.c",
    "www.e.org",
    "m@e.org",
    "`",
    "``",
    "`c`",
    "*",
    "**",
    "_",
    "\\",
    "&amp;",
    "<b>",
    "</b>",
    "<a href='x'>",
    "w ",
    " ",
    "(",
    ")",
    "]",
    "[",
    "!",
    "#t",
    "|",
    "~",
    "  ",
    "text",
    "[x](<a b>)",
    "[x](/y 't')",
    "[![i](s)](/t)",
    "[[w]]",
    "[[w]](/z)",
    "](/q)",
    "ftp://f.g",
    "\"",
    "'",
    "<",
    ">",
    ":",
    "a@b",
    "\xC3\xA9",
    "&lt;",
};

static uint64_t state;

static size_t pick(size_t count)
{
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return (size_t)((state >> 20) % count);
}

#define PICK(list) ((list)[pick(sizeof(list) / sizeof *(list))])

static void make_line(struct buf *b)
{
    static const char *const ends[] = {"\n", "\n", "\n", "\n", "\n\n", "\r\n", "\r", "  \n"};
    for (size_t n = pick(3); n > 0; n--)
        buf_add_text(b, PICK(openings));
    for (size_t n = pick(5); n > 0; n--)
        buf_add_text(b, PICK(inlines));
    buf_add_text(b, PICK(ends));
}

static void label_of(cmark_node *link, struct buf *b)
{
    cmark_iter *iter = cmark_iter_new(link);
    cmark_event_type event;
    buf_reset(b);
    while ((event = cmark_iter_next(iter)) != CMARK_EVENT_DONE) {
        cmark_node *node = cmark_iter_get_node(iter);
        cmark_node_type type = cmark_node_get_type(node);
        if (event != CMARK_EVENT_ENTER)
            continue;
        if (type == CMARK_NODE_TEXT || type == CMARK_NODE_CODE)
            buf_add_text(b, cmark_node_get_literal(node));
        else if (type == CMARK_NODE_SOFTBREAK || type == CMARK_NODE_LINEBREAK)
            buf_add_byte(b, ' ');
    }
    cmark_iter_free(iter);
}

/* A label is kept as one line. */
static void squeeze(char *text)
{
    char *kept = text;
    for (const char *p = text; *p; p++)
        if (*p != ' ' && *p != '\t')
            *kept++ = *p;
        else if (kept > text && kept[-1] != ' ')
            *kept++ = ' ';
    while (kept > text && kept[-1] == ' ')
        kept--;
    *kept = '\0';
}

static void add_link(struct buf *out, const char *target, const char *label)
{
    if (*target)
        buf_printf(out, "<%s> '%s'\n", target, label);
}

/* All links of the text as cmark finds them, a line each. */
static void expected_links(struct buf *out, const char *text, size_t size)
{
    struct buf label = {0};
    cmark_gfm_core_extensions_ensure_registered();
    cmark_parser *parser = cmark_parser_new(CMARK_OPT_DEFAULT);
    cmark_parser_attach_syntax_extension(parser, cmark_find_syntax_extension("autolink"));
    cmark_parser_feed(parser, text, size);
    cmark_node *root = cmark_parser_finish(parser);
    cmark_iter *iter = cmark_iter_new(root);
    cmark_event_type event;
    while ((event = cmark_iter_next(iter)) != CMARK_EVENT_DONE) {
        cmark_node *node = cmark_iter_get_node(iter);
        if (event != CMARK_EVENT_EXIT || cmark_node_get_type(node) != CMARK_NODE_LINK)
            continue;
        label_of(node, &label);
        const char *url = cmark_node_get_url(node);
        bool bare = label.data && strcmp(label.data, url) == 0;
        if (label.data)
            squeeze(label.data);
        add_link(out, url, label.data && !bare ? label.data : "");
    }
    cmark_iter_free(iter);
    cmark_node_free(root);
    cmark_parser_free(parser);
    buf_release(&label);
}

static void found_links(struct buf *out, const struct page *page)
{
    for (size_t i = 0; i < page->link_count; i++)
        if (page->links[i].kind == LINK_MARKDOWN)
            add_link(out, page->links[i].target, page->links[i].label);
}

static void compare(struct page *page, const struct buf *text, size_t number)
{
    struct error e = {0};
    struct buf want = {0};
    struct buf got = {0};
    CHECK_OK(page_parse(page, "a.md", text->data, text->size, &e), &e);
    expected_links(&want, text->data, text->size);
    found_links(&got, page);
    buf_reserve(&want, 0);
    buf_reserve(&got, 0);
    if (strcmp(got.data, want.data) != 0)
        FAIL("document %zu:\n%s\n--- page.c finds:\n%s--- cmark finds:\n%s", number, text->data,
             got.data, want.data);
    buf_release(&want);
    buf_release(&got);
}

static void compare_documents(uint64_t seed, size_t documents, size_t lines)
{
    struct page page = {0};
    struct buf text = {0};
    state = seed;
    for (size_t i = 0; i < documents; i++) {
        buf_reset(&text);
        for (size_t n = 1 + pick(lines); n > 0; n--)
            make_line(&text);
        compare(&page, &text, i);
    }
    page_release(&page);
    buf_release(&text);
}

TEST(links_of_small_documents_are_cmarks)
{
    compare_documents(UINT64_C(0x9E3779B97F4A7C15), 10000, 4);
}

TEST(links_of_longer_documents_are_cmarks)
{
    compare_documents(UINT64_C(0xD1B54A32D192ED03), 4000, 20);
}

TEST(links_of_documents_of_many_batches_are_cmarks)
{
    compare_documents(UINT64_C(0x2545F4914F6CDD1D), 30, 4000);
}
