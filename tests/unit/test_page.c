/* Pages: text, title, private blocks, what is no page. */
#include <stdlib.h>
#include <string.h>

#include "common/private.h"
#include "tests/unit/harness.h"
#include "worker/sync/page.h"

static struct page page;

static const struct page *parse(const char *path, const char *text)
{
    struct error e = {0};
    CHECK_OK(page_parse(&page, path, text, strlen(text), &e), &e);
    return &page;
}

static const char *title_of(const char *path, const char *text)
{
    return parse(path, text)->title;
}

static const char *stripped(const char *text)
{
    static char copy[256];
    strncpy(copy, text, sizeof copy - 1);
    copy[private_strip(copy, strlen(copy))] = '\0';
    return copy;
}

TEST(nul_byte_is_refused_with_its_offset)
{
    struct error e = {0};
    CHECK_FAILS(page_parse(&page, "a.md", "ab\0c", 4, &e), &e, CAUSE_BAD_DATA,
                "binary: NUL byte at offset 2");
}

TEST(empty_file_is_a_page_with_one_empty_chunk)
{
    struct error e = {0};
    CHECK_OK(page_parse(&page, "notes/a.md", NULL, 0, &e), &e);
    CHECK_INT(page.chunk_count, 1);
    CHECK_INT(page.chunks[0].size, 0);
    CHECK_STR(page.chunks[0].heading, "");
    CHECK_STR(page.title, "a");
    CHECK_INT(page.text.size, 0);
    CHECK(!page.front && !page.warning);
    page_release(&page);
}

TEST(valid_text_comes_back_byte_for_byte)
{
    const char *text = "\xEF\xBB\xBF# a\r\n\tb  \r\n\n\n caf\xC3\xA9 \xF0\x9F\x98\x80\n";
    CHECK_STR(parse("a.md", text)->text.data, text);
}

TEST(invalid_bytes_become_replacement_characters)
{
    CHECK_STR(parse("a.md", "a\xFF z\xE2\x82\n")->text.data, "a\xEF\xBF\xBD z\xEF\xBF\xBD\n");
}

TEST(memory_is_reused_after_a_giant_page)
{
    size_t size = 3 * 1024 * 1024;
    char *giant = xmalloc(size);
    struct error e = {0};
    for (size_t i = 0; i < size; i++)
        giant[i] = "# h\n\nword [x](y)\n\n"[i % 18];
    CHECK_OK(page_parse(&page, "a.md", giant, size, &e), &e);
    CHECK(page.chunk_count > 1000);
    free(giant);
    parse("a.md", "small\n");
    CHECK(page.text.room < 1024 * 1024);
    CHECK_INT(page.chunk_count, 1);
    CHECK_INT(page.link_count, 0);
}

TEST(release_accepts_a_page_never_used)
{
    struct page none = {0};
    page_release(&none);
    page_release(&none);
}

TEST(title_comes_from_front_matter_first)
{
    CHECK_STR(title_of("a.md", "---\ntitle: \" From\\tfront \"\n---\n# Heading\n"), "From front");
    CHECK_STR(title_of("a.md", "---\ntitle: 2024\n---\n# Heading\n"), "2024");
    CHECK_STR(title_of("a.md", "---\ntitle:\n---\n# Heading\n"), "Heading");
    CHECK_STR(title_of("a.md", "---\ntitle: [x]\n---\n# Heading\n"), "Heading");
}

TEST(title_is_the_first_heading_of_level_one_else_the_first)
{
    CHECK_STR(title_of("a.md", "## Two\n\n# One\n\n# Other\n"), "One");
    CHECK_STR(title_of("a.md", "text\n\n### Three\n\n## Two\n"), "Three");
    CHECK_STR(title_of("a.md", "Under\nlined\n===\n"), "Under lined");
    CHECK(!page.title_from_path);
}

TEST(headings_in_quotes_and_code_are_no_title)
{
    CHECK_STR(title_of("stem.md", "> # Quoted\n\n```\n# Code\n```\n\n    # Code\n"), "stem");
    CHECK(page.title_from_path);
}

TEST(title_is_plain_text)
{
    CHECK_STR(title_of("a.md", "# A *b* `c` [d](e) &amp; \\# #f\n"), "A b c d & # #f");
    CHECK_STR(title_of("a.md", "#   closed   ##  \n"), "closed");
    CHECK_STR(title_of("a.md", "# *a* # #\n"), "a #");
    CHECK_STR(title_of("a.md", "# 1. not a *list*\n"), "1. not a list");
}

TEST(title_is_cut_at_its_limit_between_characters)
{
    struct buf text = {0};
    buf_add_text(&text, "# x");
    for (int i = 0; i < 400; i++)
        buf_add_text(&text, "\xC3\xA9");
    CHECK_INT(strlen(title_of("a.md", text.data)), TITLE_MAX_BYTES - 1);
    CHECK(utf8_valid(page.title, strlen(page.title)));
    buf_release(&text);
}

TEST(title_falls_back_to_the_files_stem)
{
    static const char *const cases[][2] = {
        {"docs/How to.md", "How to"},
        {"a.b.md", "a.b"},
        {".md", ".md"},
        {"README", "README"},
        {"d/.hidden.md", ".hidden"},
        {"a\nb.md", "a b"},
        {"d/ .md", "untitled"},
        {"", "untitled"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char *title = page_title_from_path(cases[i][0]);
        CHECK_STR(title, cases[i][1]);
        free(title);
        CHECK_STR(title_of(cases[i][0], "text\n"), cases[i][1]);
        CHECK(page.title_from_path);
    }
}

TEST(suffix_gives_the_kind)
{
    CHECK_INT(page_kind_of_path("a/b.md"), PAGE_MARKDOWN);
    CHECK_INT(page_kind_of_path("a.MarkDown"), PAGE_MARKDOWN);
    CHECK_INT(page_kind_of_path("a.mdx"), PAGE_MARKDOWN);
    CHECK_INT(page_kind_of_path("a.txt"), PAGE_TEXT);
    CHECK_INT(page_kind_of_path("README"), PAGE_TEXT);
    CHECK_INT(page_kind_of_path("md"), PAGE_TEXT);
}

TEST(plain_text_has_no_headings_but_wiki_links_and_tags)
{
    parse("a.txt", "# not a heading\n\n[[x]] [y](z) #tag\n");
    CHECK_STR(page.title, "a");
    CHECK_INT(page.link_count, 1);
    CHECK_STR(page.links[0].target, "x");
    CHECK_INT(page.tag_count, 1);
}

TEST(rst_and_org_name_their_titles)
{
    CHECK_STR(title_of("a.rst", "A title\n=======\n\ntext\n"), "A title");
    CHECK_STR(title_of("a.rst", "\n=====\n Two \n=====\n"), "Two");
    CHECK_STR(title_of("a.rst", "text\n\nA title\n=======\n"), "a");
    CHECK_STR(title_of("a.rst", "text\nmore\n====\n"), "a");
    CHECK_STR(title_of("a.rst", "===="), "a");
    CHECK_STR(title_of("a.org", "# x\n#+Title:  An org  file\n* One\n"), "An org file");
    CHECK_STR(title_of("a.org", "#+TITLE:\n"), "a");
}

TEST(private_blocks_are_cut)
{
    CHECK_STR(stripped("a<private>b</private>c"), "ac");
    CHECK_STR(stripped("a<PRIVATE>b</Private>c<private>d</private>e"), "ace");
    CHECK_STR(stripped("a<private >b</private\n>c"), "ac");
    CHECK_STR(stripped("a<private why=\"x\">b</private>c"), "ac");
    CHECK_STR(stripped("no tag: <privateer> < private> </private>"),
              "no tag: <privateer> < private> </private>");
}

TEST(nested_private_blocks_are_counted)
{
    CHECK_STR(stripped("a<private>b<private>c</private>d</private>e"), "ae");
    CHECK_STR(stripped("a<private>b<private>c</private>d"), "a");
}

TEST(unclosed_private_block_goes_to_the_end)
{
    CHECK_STR(stripped("kept <private>secret"), "kept ");
    CHECK_STR(stripped("kept <private"), "kept <private");
}

TEST(private_tags_that_appear_when_a_block_is_cut_count_too)
{
    CHECK_STR(stripped("a<pri<private>x</private>vate>secret</private>b"), "ab");
    CHECK_STR(stripped("a<private<private>x</private>>secret"), "a");
}

static void check_absent(const char *text)
{
    CHECK(!text || !strstr(text, "secret"));
}

TEST(private_text_is_nowhere)
{
    parse("a.md",
          "---\ntitle: <private>secret</private>\ntags: [a<private>secret</private>c, b]\n---\n"
          "# A <private>secret</private>b\n\n[x](<private>secret</private>/y) "
          "#a<private>secret</private>c [[d<private>secret</private>]]\n");
    check_absent(page.text.data);
    check_absent(page.front);
    CHECK_STR(page.title, "A b");
    CHECK_STR(page.chunks[0].heading, "A b");
    CHECK_INT(page.link_count, 2);
    CHECK_INT(page.tag_count, 2);
    CHECK_STR(page.tags[0], "ac");
    CHECK_STR(page.tags[1], "b");
}

TEST(private_text_spelled_with_escapes_is_nowhere)
{
    parse("a.md", "---\ntitle: \"a \\x3cprivate>secret\\x3c/private>\"\n---\n"
                  "# H\n\n[x &lt;private&gt;secret](y)\n");
    check_absent(page.front);
    CHECK_STR(page.title, "a");
    CHECK_STR(page.links[0].label, "x");
}
