/* Links and tags of pages. */
#include <string.h>

#include "tests/unit/harness.h"
#include "worker/sync/page.h"

static struct page page;

static void parse(const char *text)
{
    struct error e = {0};
    CHECK_OK(page_parse(&page, "a.md", text, strlen(text), &e), &e);
}

/* The links of a text, `target|label` each, wiki links in brackets. */
static const char *links_of(const char *text)
{
    static struct buf out;
    buf_reset(&out);
    buf_reserve(&out, 0);
    parse(text);
    for (size_t i = 0; i < page.link_count; i++) {
        const struct page_link *l = &page.links[i];
        bool wiki = l->kind == LINK_WIKI;
        buf_printf(&out, "%s%s%s|%s%s", i ? " " : "", wiki ? "[" : "", l->target, l->label,
                   wiki ? "]" : "");
    }
    return out.data;
}

static const char *tags_of(const char *text)
{
    static struct buf out;
    buf_reset(&out);
    buf_reserve(&out, 0);
    parse(text);
    for (size_t i = 0; i < page.tag_count; i++)
        buf_printf(&out, "%s%s", i ? " " : "", page.tags[i]);
    return out.data;
}

TEST(wiki_links_have_target_part_and_label)
{
    CHECK_STR(links_of("[[a]] [[b c|d e]] [[f#g]] [[#h]]\n"), "[a|] [b c|d e] [f#g|] [#h|]");
    CHECK_STR(links_of("| [[a\\|b]] |\n"), "[a|b]");
    CHECK_STR(links_of("![[embedded]] [[[x]]]\n"), "[embedded|] [x|]");
    CHECK_STR(links_of("# In [[a]] heading\n\n- in [[b]]\n\n> in [[c]]\n"), "[a|] [b|] [c|]");
}

TEST(what_only_looks_like_a_wiki_link_is_none)
{
    CHECK_STR(links_of("[[a\nb]] [[]] [[|x]] [[a]b]] \\[[c]] [[ -f d ]] [[e\n"), "");
    CHECK_STR(links_of("[[1]](/url)\n"), "/url|[1]");
}

TEST(wiki_links_in_code_are_none)
{
    CHECK_STR(links_of("`[[a]]` ``[[b]] ` [[c]]`` [[d]] ` [[e]]\n"), "[d|] [e|]");
    CHECK_STR(links_of("```\n[[a]]\n```\n\n    [[b]]\n\n<div>\n[[c]]\n</div>\n"), "");
}

TEST(markdown_links_are_as_cmark_gives_them)
{
    CHECK_STR(links_of("[a *b*](</c d> \"t\") [e](f&amp;g\\_h)\n"), "/c d|a b f&g_h|e");
    CHECK_STR(links_of("<http://a.b/c> http://d.e/f www.g.h i@j.k\n"),
              "http://a.b/c| http://d.e/f| http://www.g.h|www.g.h mailto:i@j.k|i@j.k");
    CHECK_STR(links_of("![image](/i.png) [![alt](/j.png)](/k)\n"), "/k|alt");
    CHECK_STR(links_of("# [a](/a)\n\nsetext [b](/b)\n---\n"), "/a|a /b|b");
}

TEST(reference_links_find_their_definitions_anywhere)
{
    CHECK_STR(links_of("[a] [b][A] [c][] [d]\n\n- > [a]: /one\n\n[C]: /two 'title'\n[a]: /late\n"),
              "/one|a /one|b /two|c");
}

TEST(definitions_reach_every_batch_of_a_large_page)
{
    struct buf text = {0};
    for (int i = 0; i < 3000; i++)
        buf_printf(&text, "Some words around [link %d][t] of the page.\n\n", i);
    buf_add_text(&text, "[t]: /target\n");
    parse(text.data);
    CHECK_INT(page.link_count, 3000);
    CHECK_STR(page.links[2999].target, "/target");
    CHECK_STR(page.links[2999].label, "link 2999");
    CHECK(!page.warning);
    buf_release(&text);
}

TEST(links_in_code_are_none)
{
    CHECK_STR(links_of("`[a](b)` `<http://c>`\n\n~~~\n[a](b) http://c\n~~~\n\n-     [a](b)\n"), "");
}

TEST(links_in_lists_quotes_and_footnotes_are_found)
{
    CHECK_STR(links_of("1. a\n\n   - > b\n     > [c](/c)\n\n        [d](/d)\n"), "/c|c /d|d");
    CHECK_STR(links_of("x[^1]\n\n[^1]: see [a](/a)\n\n    and [b](/b)\n"), "/a|a /b|b");
}

TEST(links_know_their_chunk)
{
    struct buf text = {0};
    for (int i = 0; i < 6; i++) {
        buf_printf(&text, "# H%d\n\n[l%d](/x) ", i, i);
        for (int w = 0; w < 200; w++)
            buf_add_text(&text, "word ");
        buf_add_text(&text, "\n\n");
    }
    parse(text.data);
    CHECK_INT(page.chunk_count, 6);
    CHECK_INT(page.link_count, 6);
    for (size_t i = 0; i < 6; i++)
        CHECK_INT(page.links[i].chunk, i);
    buf_release(&text);
}

TEST(too_long_a_target_is_no_link)
{
    struct buf text = {0};
    buf_add_text(&text, "[a](/");
    for (int i = 0; i < LINK_TARGET_MAX_BYTES; i++)
        buf_add_byte(&text, 'x');
    buf_add_text(&text, ") [b](/c)\n");
    CHECK_STR(links_of(text.data), "/c|b");
    buf_release(&text);
}

TEST(links_beyond_their_limit_are_left_out_with_a_warning)
{
    struct buf text = {0};
    for (int i = 0; i < LINKS_MAX + 10; i++)
        buf_printf(&text, "[[l%d]]\n", i);
    parse(text.data);
    CHECK_INT(page.link_count, LINKS_MAX);
    CHECK_CONTAINS(page.warning, "links");
    buf_release(&text);
}

TEST(a_line_too_long_for_cmark_is_said)
{
    struct buf text = {0};
    for (int i = 0; i < 20000; i++)
        buf_add_text(&text, "![[]()");
    buf_add_text(&text, "\n\n[a](/b)\n");
    CHECK_STR(links_of(text.data), "/b|a");
    CHECK_CONTAINS(page.warning, "too large to look for links");
    buf_release(&text);
}

TEST(front_matters_tags_may_be_a_list_or_a_text)
{
    CHECK_STR(tags_of("---\ntags: [a, \"b c\", '#d', 5, ~, a]\n---\n"), "a b c d 5");
    CHECK_STR(tags_of("---\ntags: a, b c,#d\n---\n"), "a b c d");
    CHECK_STR(tags_of("---\ntags:\n- x/y\n- z\n---\n#z #w\n"), "x/y z w");
    CHECK_STR(tags_of("---\ntags:\n---\n"), "");
    CHECK_STR(tags_of("---\ntags: {a: b}\n---\n"), "");
}

TEST(inline_tags_are_words_behind_a_space)
{
    CHECK_STR(tags_of("#a b #c-d/e_1 (#f) x#g #12 #1a\n#caf\xC3\xA9. #h, #\xE6\x97\xA5\n"),
              "a c-d/e_1 1a caf\xC3\xA9 h \xE6\x97\xA5");
    CHECK_STR(tags_of("- #list\n\n> #quote\n"), "list quote");
}

TEST(what_only_looks_like_a_tag_is_none)
{
    CHECK_STR(tags_of("# Heading #not\n\n## #nor\n\n\\#a `#b` http://x/#c [d](#e) #-f ##g # h\n"),
              "");
    CHECK_STR(tags_of("```\n#a\n```\n\n    #b\n\n<p>\n#c\n</p>\n"), "");
}

TEST(tags_beyond_their_limit_are_left_out_with_a_warning)
{
    struct buf text = {0};
    for (int i = 0; i < TAGS_MAX + 10; i++)
        buf_printf(&text, "#t%d\n", i);
    parse(text.data);
    CHECK_INT(page.tag_count, TAGS_MAX);
    CHECK_STR(page.tags[TAGS_MAX - 1], "t999");
    CHECK_CONTAINS(page.warning, "tags");
    buf_release(&text);
}
