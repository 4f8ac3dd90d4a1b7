/* Markdown for people: laid out, linked, safe whatever it is. */
#include <stdlib.h>
#include <string.h>

#include "tests/unit/harness.h"
#include "tests/unit/html_check.h"
#include "worker/reads/web_markdown.h"

static const char *text_of(struct html *h)
{
    return h->out.data ? h->out.data : "";
}

static void check_html(struct html *h)
{
    const char *place;
    const char *wrong = html_check(text_of(h), h->out.size, &place);
    if (wrong)
        FAIL("%s: %.120s", wrong, place);
}

static json_t *some_links(void)
{
    return json_pack("[{s:s,s:s,s:s},{s:s,s:s,s:s},{s:s,s:s,s:n}]", "kind", "markdown", "target",
                     "b.md#part", "path", "sub/b.md", "kind", "wiki", "target", "Name", "path",
                     "n/name.md", "kind", "markdown", "target", "gone.md", "path");
}

static char *markdown(const char *text)
{
    struct html h = {0};
    json_t *out = some_links();
    struct web_piece piece = {text, strlen(text), 0};
    web_markdown(&h, &piece, 1, &(struct web_links){"src", out});
    check_html(&h);
    json_decref(out);
    return buf_take(&h.out);
}

static void expect_markdown(const char *text, const char *want)
{
    char *got = markdown(text);
    CHECK_CONTAINS(got, want);
    free(got);
}

TEST(markdown_is_laid_out)
{
    expect_markdown("# A\n", "<h1 id=\"h-a\">A</h1>");
    expect_markdown("a *b* **c** `d<` ~~e~~",
                    "<p>a <em>b</em> <strong>c</strong> <code>d&lt;</code> "
                    "<del>e</del></p>");
    expect_markdown("```sh\na <b>\n```", "<code>a &lt;b&gt;\n</code></pre>");
    expect_markdown("3. a\n4. b", "<ol start=\"3\">\n<li>a</li>\n<li>b</li>\n</ol>");
    expect_markdown("- [x] a\n- [ ] b", "aria-label=\"done\">");
    expect_markdown("|a|b|\n|-|-:|\n|c|d|", "<td>c</td><td class=\"right\">d</td>");
    expect_markdown("a[^x]\n\n[^x]: b", "<a href=\"#f0-1\">1</a>");
    expect_markdown("a[^x]\n\n[^x]: b", "id=\"f0-1\"><span>1</span>\n<p>b</p>");
    expect_markdown("> a", "<blockquote>\n<p>a</p>\n</blockquote>");
    expect_markdown("a  \nb", "a<br>\nb");
}

TEST(headings_have_ids_of_their_own)
{
    char *got = markdown("# Main\n\n# Set up: A_b!\n\n# main\n\n## *Caf\xC3\xA9* `x`\n");
    CHECK_CONTAINS(got, "id=\"h-main\"");
    CHECK_CONTAINS(got, "id=\"h-set-up-a_b\"");
    CHECK_CONTAINS(got, "id=\"h-main-1\"");
    CHECK_CONTAINS(got, "id=\"h-caf\xC3\xA9-x\"");
    free(got);
}

TEST(links_lead_to_pages_that_are_there)
{
    expect_markdown("[a](b.md#part)", "<a href=\"/pages/src/sub/b.md#h-part\">a</a>");
    expect_markdown("[[Name]] [[Name|label]]",
                    "<a href=\"/pages/src/n/name.md\">Name</a> <a href=\"/pages/src/n/name.md\">"
                    "label</a>");
    expect_markdown("[a](gone.md)", "<span class=\"leads-nowhere\" title=\"gone.md\">a</span>");
    expect_markdown("[[Nobody]]", "<span class=\"leads-nowhere\">Nobody</span>");
    expect_markdown("[a](#b)", "<a href=\"#h-b\">a</a>");
    expect_markdown("<https://x.example/>",
                    "<a href=\"https://x.example/\" rel=\"noopener noreferrer nofollow\">");
}

TEST(links_to_scripts_lead_nowhere)
{
    expect_markdown("[a](javascript:x)", "<span class=\"leads-nowhere\" title=\"javascript:x\">a");
    expect_markdown("[a]( data:text/html,x )", "<span class=\"leads-nowhere\"");
    expect_markdown("[a]\n\n[a]: vbscript:x", "<span class=\"leads-nowhere\"");
    expect_markdown("[a](//host/x)", "<span class=\"leads-nowhere\"");
}

TEST(images_are_links_and_nothing_is_loaded)
{
    expect_markdown("![a b](https://x.example/i.png)",
                    "<a href=\"https://x.example/i.png\" rel=\"noopener noreferrer nofollow\">"
                    "<span class=\"image\">a b</span></a>");
    expect_markdown("[![a](http://i.example/)](http://l.example/)",
                    "<a href=\"http://l.example/\" rel=\"noopener noreferrer nofollow\">"
                    "<span class=\"image\">a</span></a>");
}

TEST(raw_html_loses_its_tags)
{
    static const char *const texts[] = {
        "a <b onclick=\"x\">b</b> <img src=x onerror=y> c",
        "<div onmouseover=\"x\">\nb\n</div>",
        "<script>\nalert(1)\n</script>",
        "<style>\np { color: red }\n</style>",
        "<!-- a -->",
        "<p align=\"center\">b <br/> </p>",
        "<svg/onload=x>",
        "<details><summary>b</summary>",
        "<a href=\"javascript:x\">b</a>",
        "b <!-- a\n",
    };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        char *got = markdown(texts[i]);
        if (strstr(got, "alert") || strstr(got, "color") || strstr(got, "onclick"))
            FAIL("%s became %s", texts[i], got);
        free(got);
    }
    expect_markdown(texts[1], "<p>b</p>");
    expect_markdown("a<br>b", "a<br>\nb");
}

/* Pieces as chunks are: each begins on a line of its own. */
static size_t many_pieces(struct web_piece *pieces, size_t count, const char *text)
{
    for (size_t i = 0; i < count; i++)
        pieces[i] = (struct web_piece){text, strlen(text), (int64_t)i};
    return count;
}

TEST(a_large_page_is_read_in_parts)
{
    static char text[6000];
    struct web_piece pieces[8];
    memset(text, 'a', sizeof text - 1);
    memcpy(text, "## B\n", 5);
    many_pieces(pieces, 8, text);
    CHECK_INT(web_markdown_part(pieces, 8, 0), 2);
    CHECK_INT(web_markdown_part(pieces, 8, 2), 4);
    text[0] = 'x'; /* no heading to cut at */
    CHECK_INT(web_markdown_part(pieces, 8, 0), 2);
    CHECK_INT(web_markdown_part(pieces, 8, 7), 8);
    CHECK_INT(web_markdown_part(pieces, 1, 0), 1);
}

TEST(every_chunk_has_its_anchor_and_every_part_the_definitions)
{
    static char text[9000];
    struct web_piece pieces[5];
    struct html h = {0};
    memset(text, 'a', sizeof text - 2);
    text[sizeof text - 2] = '\n';
    memcpy(text, "## B\n\n[x]\n\n", 11);
    many_pieces(pieces, 5, text);
    pieces[4] = (struct web_piece){"## C\n\n[x]: https://x.example/\n", 30, 4};
    web_markdown(&h, pieces, 5, &(struct web_links){"src", NULL});
    check_html(&h);
    const char *at = text_of(&h);
    for (int i = 0; i < 5; i++) {
        char anchor[64];
        snprintf(anchor, sizeof anchor, "id=\"c%d\"></span><h2", i);
        at = strstr(at, anchor);
        if (!at)
            FAIL("chunk %d has no anchor", i);
        if (i < 4)
            CHECK(strstr(at, "<a href=\"https://x.example/\"") != NULL);
    }
    html_release(&h);
}

TEST(definitions_in_code_are_none)
{
    static const char text[] = "[a]: b\n```\n[c]: d\n```\n   [e]: f\n~~~\n```\n[g]: h\n~~~\n[i]: j";
    struct buf out = {0};
    struct web_piece piece = {text, sizeof text - 1, 0};
    web_markdown_definitions(&out, &piece, 1);
    CHECK_STR(out.data, "[a]: b\n   [e]: f\n[i]: j\n");
    buf_release(&out);
}

/* The parser alone takes minutes for these. */
TEST_LIMIT(hostile_markdown_ends, 120)
{
    static const char *const units[] = {"![[]()", "www._", "[a](<", "**x __y ",
                                        "> ",     "- ",    "`a``b"};
    enum { SIZE = 1024 * 1024, PIECE = 8 * 1024 };
    for (size_t u = 0; u < sizeof units / sizeof *units; u++) {
        struct buf text = {0};
        struct html h = {0};
        struct web_piece pieces[SIZE / PIECE];
        while (text.size < SIZE)
            buf_add_text(&text, units[u]);
        for (size_t i = 0; i < SIZE / PIECE; i++)
            pieces[i] = (struct web_piece){text.data + i * PIECE, PIECE, (int64_t)i};
        web_markdown(&h, pieces, SIZE / PIECE, &(struct web_links){"src", NULL});
        CHECK(h.out.size > 0);
        html_release(&h);
        buf_release(&text);
    }
}

TEST(a_huge_piece_is_shown_as_it_is)
{
    struct buf text = {0};
    struct html h = {0};
    while (text.size <= MARKDOWN_PIECE_MAX_BYTES)
        buf_add_text(&text, "# <b> ");
    struct web_piece piece = {text.data, text.size, 7};
    web_markdown(&h, &piece, 1, &(struct web_links){"src", NULL});
    check_html(&h);
    CHECK_CONTAINS(text_of(&h), "id=\"c7\"></span><pre class=\"plain\" tabindex=\"0\"># &lt;b&gt;");
    html_release(&h);
    buf_release(&text);
}

static void add_times(struct buf *out, const char *text, size_t times)
{
    for (size_t i = 0; i < times; i++)
        buf_add_text(out, text);
}

/* A table of this width, with so many rows of one cell. */
static char *table_text(const char *before, size_t columns, size_t rows)
{
    struct buf text = {0};
    buf_add_text(&text, before);
    add_times(&text, "|a", columns);
    buf_add_text(&text, "|\n");
    buf_add_text(&text, before);
    add_times(&text, "|-", columns);
    buf_add_text(&text, "|\n");
    for (size_t i = 0; i < rows; i++) {
        buf_add_text(&text, before);
        buf_add_text(&text, "|b\n");
    }
    return buf_take(&text);
}

/* cmark makes columns x rows cells of it, however short the rows are. */
TEST_LIMIT(a_table_that_is_filled_up_is_no_table, 60)
{
    static const struct {
        const char *before;
        size_t columns;
        size_t rows;
        bool table;
    } cases[] = {{"", 1500, 1500, false}, {"> ", 200, 150, false}, {"", 200, 200, false},
                 {"", 4000, 1, false},    {"", 20, 500, true},     {"> ", 200, 50, true}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char *text = table_text(cases[i].before, cases[i].columns, cases[i].rows);
        char *got = markdown(text);
        if (!strstr(got, "<table") == cases[i].table)
            FAIL("%zu columns, %zu rows: %.80s", cases[i].columns, cases[i].rows, got);
        if (strlen(got) > (cases[i].table ? 1024 * 1024 : 4 * strlen(text)))
            FAIL("%zu bytes became %zu", strlen(text), strlen(got));
        free(text);
        free(got);
    }
}

static size_t cells(const char *a, const char *b)
{
    struct web_piece pieces[] = {{a, strlen(a), 0}, {b, strlen(b), 1}};
    return web_markdown_cells(pieces, 0, 2);
}

TEST(cells_are_counted_before_they_are_made)
{
    CHECK_INT(cells("a\nb\n", ""), 0);
    CHECK_INT(cells("|a|b|\n|-|-|\n|c|\n", ""), 2 * 4); /* the outer bars count, the end does */
    CHECK_INT(cells("|a|b|\r\n|-|", "-|\r\n|c|\r\n"), 2 * 4);
    CHECK_INT(cells("|a|b|\r|-|-|\r|c|\r", ""), 2 * 4);
    CHECK_INT(cells("|a|b|\n|-|-|\n|c|\n\n", "d\ne\nf\n"), 2 * 4); /* ends at a blank line */
    CHECK_INT(cells("> |a|\n> |-|\n> |c|\n", ""), 2 * 3);
    char *bars = table_text("", 300, 0);
    CHECK(cells(bars, "") == SIZE_MAX);
    free(bars);
}
