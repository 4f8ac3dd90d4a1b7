/* Chunks: they cover the text, follow headings, keep code and stack traces whole. */
#include <string.h>

#include "tests/unit/harness.h"
#include "worker/sync/chunk.h"
#include "worker/sync/page.h"

static struct page page;
static struct buf text;

static void add_words(int count)
{
    for (int i = 0; i < count; i++)
        buf_printf(&text, "word%s", i % 12 == 11 ? "\n" : " ");
    buf_add_text(&text, "\n\n");
}

static void parse(const char *path)
{
    struct error e = {0};
    size_t at = 0;
    CHECK_OK(page_parse(&page, path, text.data, text.size, &e), &e);
    for (size_t i = 0; i < page.chunk_count; i++) {
        CHECK_INT(page.chunks[i].start, at);
        CHECK(page.chunks[i].size <= CHUNK_MAX_BYTES);
        at += page.chunks[i].size;
    }
    CHECK_INT(at, page.text.size);
    CHECK_MEM(page.text.data, page.text.size, text.data, text.size);
}

/* The chunk in which `part` starts, which must be whole in it. */
static size_t chunk_of(const char *part)
{
    const char *found = memmem(page.text.data, page.text.size, part, strlen(part));
    CHECK(found != NULL);
    size_t at = (size_t)(found - page.text.data);
    size_t i = page.chunk_count - 1;
    while (page.chunks[i].start > at)
        i--;
    CHECK(at + strlen(part) <= page.chunks[i].start + page.chunks[i].size);
    return i;
}

TEST(small_sections_share_a_chunk_up_to_the_aim)
{
    for (int i = 0; i < 6; i++) {
        buf_printf(&text, "## Section %d\n\n", i);
        add_words(98);
    }
    parse("a.md");
    CHECK_INT(page.chunk_count, 3);
    CHECK_STR(page.chunks[0].heading, "Section 0");
    CHECK_STR(page.chunks[1].heading, "Section 2");
    CHECK_STR(page.chunks[2].heading, "Section 4");
    CHECK(strncmp(page.text.data + page.chunks[1].start, "## Section 2\n", 13) == 0);
}

TEST(usual_page_has_two_or_three_chunks)
{
    buf_add_text(&text, "---\ntitle: x\ntags: [a, b]\n---\n\n# Page\n\n");
    for (int i = 0; i < 5; i++) {
        buf_printf(&text, "## Section %d\n\n", i);
        add_words(60);
        add_words(60);
    }
    parse("a.md");
    CHECK(page.chunk_count >= 2 && page.chunk_count <= 3);
}

TEST(large_section_is_cut_between_paragraphs)
{
    buf_add_text(&text, "# One\n\n");
    for (int i = 0; i < 9; i++)
        add_words(100);
    parse("a.md");
    CHECK_INT(page.chunk_count, 4); /* the heading's word leaves room for two paragraphs */
    for (size_t i = 0; i < page.chunk_count; i++)
        CHECK_STR(page.chunks[i].heading, "One");
}

TEST(few_words_at_the_end_of_a_section_stay_with_it)
{
    buf_add_text(&text, "# One\n\n");
    add_words(290);
    buf_add_text(&text,
                 "Just a little more to say.\n\nAnd a few words to go with it.\n\n# Two\n\n");
    add_words(200);
    parse("a.md");
    CHECK_INT(page.chunk_count, 2);
    CHECK_STR(page.chunks[1].heading, "Two");
}

TEST(a_higher_heading_ends_a_chunk_unless_it_is_tiny)
{
    buf_add_text(&text, "### Deep\n\n");
    add_words(60);
    buf_add_text(&text, "# High\n\n");
    add_words(20);
    buf_add_text(&text, "## Below\n\n");
    add_words(60);
    parse("a.md");
    CHECK_INT(page.chunk_count, 2);
    CHECK_STR(page.chunks[1].heading, "High");
}

TEST(a_heading_right_below_another_stays_with_it)
{
    buf_add_text(&text, "# One\n\n");
    add_words(200);
    buf_add_text(&text, "# Two\n\n## Below\n\n");
    add_words(200);
    parse("a.md");
    CHECK_INT(page.chunk_count, 2);
    CHECK_STR(page.chunks[1].heading, "Two");
}

TEST(trail_is_the_path_of_headings)
{
    buf_add_text(&text, "# Install\n\n");
    add_words(200);
    buf_add_text(&text, "## On *Debian*\n\n");
    add_words(200);
    buf_add_text(&text, "#### From `source`\n\n");
    add_words(200);
    buf_add_text(&text, "Use\n===\n\n");
    add_words(200);
    parse("a.md");
    CHECK_INT(page.chunk_count, 4);
    CHECK_STR(page.chunks[0].heading, "Install");
    CHECK_STR(page.chunks[1].heading, "Install \xE2\x80\xBA On Debian");
    CHECK_STR(page.chunks[2].heading, "Install \xE2\x80\xBA On Debian \xE2\x80\xBA From source");
    CHECK_STR(page.chunks[3].heading, "Use");
}

TEST(text_before_the_first_heading_has_no_trail)
{
    buf_add_text(&text, "\n");
    add_words(290);
    buf_add_text(&text, "# Heading\n\n");
    add_words(100);
    parse("a.md");
    CHECK_INT(page.chunk_count, 2);
    CHECK_STR(page.chunks[0].heading, "");
    CHECK_STR(page.chunks[1].heading, "Heading");
}

TEST(trail_is_bounded_and_cut_between_characters)
{
    for (int level = 1; level <= 6; level++) {
        buf_printf(&text, "%.*s ", level, "######");
        for (int i = 0; i < 120; i++)
            buf_add_text(&text, "\xE2\x82\xAC");
        buf_add_text(&text, "\n\n");
    }
    add_words(300);
    parse("a.md");
    const char *trail = page.chunks[page.chunk_count - 1].heading;
    CHECK(strlen(trail) <= TRAIL_MAX_BYTES);
    CHECK(utf8_valid(trail, strlen(trail)));
}

TEST(headings_in_code_start_no_chunk)
{
    buf_add_text(&text, "# One\n\n```sh\n");
    for (int i = 0; i < 400; i++)
        buf_add_text(&text, "# a comment\n\n");
    buf_add_text(&text, "```\n");
    parse("a.md");
    CHECK_INT(page.chunk_count, 1);
}

TEST(code_blocks_stay_whole)
{
    static struct buf code;
    buf_add_text(&code, "```\n");
    for (int i = 0; i < 300; i++)
        buf_printf(&code, "int variable%d = 0;\n\n", i);
    buf_add_text(&code, "```\n");
    add_words(200);
    buf_add(&text, code.data, code.size);
    add_words(200);
    parse("a.md");
    CHECK(page.chunk_count > 1);
    chunk_of(code.data);
}

TEST(indented_code_stays_whole)
{
    static struct buf code;
    for (int i = 0; i < 300; i++)
        buf_printf(&code, "    int variable%d = 0;\n\n", i);
    add_words(200);
    buf_add(&text, code.data, code.size);
    add_words(200);
    parse("a.md");
    CHECK(page.chunk_count > 1);
    chunk_of(code.data);
}

TEST(stack_traces_stay_whole_across_blank_lines)
{
    static struct buf trace;
    for (int i = 0; i < 80; i++)
        buf_printf(&trace,
                   "goroutine %d [running]:\nmain.work(0xc0000, 0x%d)\n"
                   "\t/src/main.go:%d +0x1d\n\n",
                   i, i, i);
    buf_add_text(&text, "The service crashed:\n\n");
    add_words(150);
    buf_add(&text, trace.data, trace.size);
    buf_add_text(&text, "After it:\n\n");
    add_words(150);
    parse("a.txt");
    CHECK(page.chunk_count > 1);
    chunk_of(trace.data);
}

TEST(trace_lines_of_many_languages_are_known)
{
    static const char *const frames[] = {
        "    at com.example.Main.run(Main.java:12)",
        "at Object.<anonymous> (/srv/app.js:3:1)",
        "  File \"/srv/app.py\", line 12, in main",
        "#0  0x00007ffff7 in raise () from /lib/libc.so.6",
        "    #1 0x4f5 in main /src/a.c:3:1",
        "goroutine 18 [select]:",
        "\t/src/main.go:12 +0x1d",
        "net/http.(*Server).Serve(0xc000, {0x1, 0x2})",
        "  12: core::panicking::panic",
        "Caused by: java.io.IOException: closed",
        "\t... 23 more",
        "\tfrom app.rb:12:in `main'",
        " do_syscall_64+0x5c/0x90",
    };
    static const char *const others[] = {
        "", "A sentence (with a remark).", "# Heading", "12. an item", "attention", "10: 30",
    };
    for (size_t i = 0; i < sizeof frames / sizeof *frames; i++)
        if (!trace_line(frames[i], strlen(frames[i])))
            FAIL("not taken for a frame: %s", frames[i]);
    for (size_t i = 0; i + 1 < sizeof others / sizeof *others; i++)
        if (trace_line(others[i], strlen(others[i])))
            FAIL("taken for a frame: %s", others[i]);
}

TEST(long_tight_list_is_cut_between_items)
{
    for (int i = 0; i < 200; i++)
        buf_printf(&text, "- item %d of a list without blank lines\n", i);
    parse("a.md");
    CHECK(page.chunk_count > 3);
    chunk_of("- item 77 of a list without blank lines\n");
}

TEST(a_block_over_the_maximum_is_cut_at_line_ends)
{
    buf_add_text(&text, "```\n");
    for (int i = 0; i < 10000; i++)
        buf_printf(&text, "line %d of a giant block\n", i);
    parse("a.md");
    CHECK(page.chunk_count > 3);
    for (size_t i = 1; i < page.chunk_count; i++)
        CHECK(page.text.data[page.chunks[i].start - 1] == '\n');
}

TEST(a_line_over_the_maximum_is_cut_between_characters)
{
    for (int i = 0; i < 50000; i++)
        buf_add_text(&text, "\xE2\x82\xAC");
    parse("a.md");
    CHECK_INT(page.chunk_count, 3);
    for (size_t i = 0; i < page.chunk_count; i++)
        CHECK(utf8_valid(page.text.data + page.chunks[i].start, page.chunks[i].size));
}

TEST(text_without_spaces_is_cut_too)
{
    for (int i = 0; i < 40; i++) {
        for (int k = 0; k < 200; k++)
            buf_add_text(&text, "\xE6\x97\xA5");
        buf_add_text(&text, "\n\n");
    }
    parse("a.txt");
    CHECK(page.chunk_count >= 4);
}

TEST(thousands_of_headings_are_bounded)
{
    for (int i = 0; i < 3 * HEADINGS_MAX; i++)
        buf_printf(&text, "# h%d\n\n", i);
    parse("a.md");
    CHECK(page.chunk_count > 10);
}

TEST(words_are_counted_across_word_boundaries_of_the_machine)
{
    static const char sample[] = "one two\tthree\nfour  five six-seven \xC3\xA9t\xC3\xA9 end";
    for (size_t lead = 0; lead < 9; lead++) {
        char padded[64] = "         ";
        memcpy(padded + lead, sample, sizeof sample);
        CHECK_INT(count_words(padded, strlen(padded)), 8);
    }
    CHECK_INT(count_words("", 0), 0);
}

TEST(words_of_a_long_text_are_counted)
{
    for (int i = 0; i < 10000; i++)
        buf_add_text(&text, "a ");
    CHECK_INT(count_words(text.data, text.size), 10000);
}
