/* Front matter: what becomes JSON, what is text and a warning. */
#include <string.h>

#include "tests/unit/harness.h"
#include "worker/sync/page.h"

static struct page page;

static const struct page *parse(const char *text)
{
    struct error e = {0};
    CHECK_OK(page_parse(&page, "a.md", text, strlen(text), &e), &e);
    CHECK_STR(page.text.data, text); /* whatever it is, it stays in the text */
    return &page;
}

static const char *json_of(const char *yaml)
{
    static struct buf text;
    buf_reset(&text);
    buf_printf(&text, "---\n%s---\nbody\n", yaml);
    return parse(text.data)->front;
}

static void check_refused(const char *text, const char *why)
{
    parse(text);
    CHECK(!page.front);
    CHECK_CONTAINS(page.warning, why);
    CHECK_CONTAINS(page.warning, "taken as text");
}

TEST(scalars_become_json_as_yamls_core_schema_says)
{
    CHECK_STR(json_of("a: text\nb: 12\nc: -1.50\nd: true\ne: ~\nf:\ng: \"12\"\nh: null\n"),
              "{\"a\":\"text\",\"b\":12,\"c\":-1.50,\"d\":true,\"e\":null,\"f\":null,"
              "\"g\":\"12\",\"h\":null}");
}

TEST(dates_versions_and_odd_numbers_stay_strings)
{
    CHECK_STR(json_of("a: 2024-05-01\nb: 1.2.3\nc: 007\nd: 0x1F\ne: .5\nf: +1\ng: 12:30\n"),
              "{\"a\":\"2024-05-01\",\"b\":\"1.2.3\",\"c\":\"007\",\"d\":\"0x1F\",\"e\":\".5\","
              "\"f\":\"+1\",\"g\":\"12:30\"}");
    CHECK_STR(json_of("a: 123456789012345678901234567890\nb: 1e999\nc: .inf\nd: yes\ne: !!str 5\n"),
              "{\"a\":\"123456789012345678901234567890\",\"b\":\"1e999\",\"c\":\".inf\","
              "\"d\":\"yes\",\"e\":\"5\"}");
}

TEST(lists_and_maps_nest)
{
    CHECK_STR(json_of("a: [1, {b: [x]}, []]\nc:\n  - d: {}\n    e: f\n"),
              "{\"a\":[1,{\"b\":[\"x\"]},[]],\"c\":[{\"d\":{},\"e\":\"f\"}]}");
}

TEST(strings_are_escaped)
{
    CHECK_STR(
        json_of("a: \"q\\\" b\\\\ n\\n t\\t e\\e z\\0 \\u263a\"\n'k\"': |\n  x\n  y\n"),
        "{\"a\":\"q\\\" b\\\\ n\\n t\\u0009 e\\u001b z  \xE2\x98\xBA\",\"k\\\"\":\"x\\ny\\n\"}");
}

TEST(of_keys_that_are_the_same_the_last_counts)
{
    CHECK_STR(json_of("a: 1\nb: 2\na: 3\n"), "{\"b\":2,\"a\":3}");
    CHECK_STR(parse("---\ntitle: x\ntitle: y\n---\n")->title, "y");
}

TEST(aliases_stand_for_their_anchors)
{
    CHECK_STR(json_of("a: &x [1, 2]\nb: *x\nc: &y z\nd: *y\n"),
              "{\"a\":[1,2],\"b\":[1,2],\"c\":\"z\",\"d\":\"z\"}");
    CHECK_STR(parse("---\na: &x [t, u]\ntags: *x\n---\n")->tags[1], "u");
}

TEST(alias_bomb_is_refused)
{
    struct buf text = {0};
    buf_add_text(&text, "---\na0: &a0 [x, x, x, x, x, x, x, x, x, x]\n");
    for (int i = 1; i < 9; i++) {
        buf_printf(&text, "a%d: &a%d [", i, i);
        for (int k = 0; k < 10; k++)
            buf_printf(&text, "%s*a%d", k ? ", " : "", i - 1);
        buf_add_text(&text, "]\n");
    }
    buf_add_text(&text, "---\n# Title\n");
    check_refused(text.data, "aliases");
    CHECK_STR(page.title, "Title");
    buf_release(&text);
}

TEST(bomb_of_one_large_string_is_refused)
{
    struct buf text = {0};
    buf_add_text(&text, "---\na: &a ");
    for (int i = 0; i < 30000; i++)
        buf_add_byte(&text, 'x');
    buf_add_text(&text, "\nb: [*a");
    for (int i = 0; i < 5000; i++)
        buf_add_text(&text, ", *a");
    buf_add_text(&text, "]\n---\n");
    check_refused(text.data, "aliases");
    buf_release(&text);
}

TEST(front_matter_that_contains_itself_is_refused)
{
    check_refused("---\na: &x [*x]\n---\n", "contains itself");
    check_refused("---\na: *none\n---\n", "not define");
}

TEST(front_matter_that_never_closes_is_text)
{
    check_refused("---\ntitle: x\n\n# Heading\n", "never closes");
    CHECK_STR(page.title, "Heading");
    check_refused("---\ntitle: x", "never closes");
}

TEST(front_matter_that_is_not_yaml_is_text)
{
    check_refused("---\ntitle: [a\nb: c\n---\n# Heading\n", "not YAML (line ");
    CHECK_STR(page.title, "Heading");
    check_refused("---\na: b: c\n---\n", "not YAML (line 2:");
    check_refused("---\na: \x01\n---\n", "not YAML");
}

TEST(front_matter_that_is_not_a_mapping_is_text)
{
    check_refused("---\njust text\n---\n", "not a mapping");
    check_refused("---\n- a\n- b\n---\n", "not a mapping");
    check_refused("---\n? [a]\n: b\n---\n", "a key that is not plain text");
}

TEST(text_between_two_rules_is_still_read_as_markdown)
{
    check_refused("---\nSee [x](y) and *more*\n\n# Title\n\n---\nrest\n", "not");
    CHECK_STR(page.title, "Title");
    CHECK_INT(page.link_count, 1);
}

TEST(too_deep_front_matter_is_refused)
{
    struct buf text = {0};
    buf_add_text(&text, "---\na: ");
    for (int i = 0; i < 20000; i++)
        buf_add_byte(&text, '[');
    buf_add_text(&text, "\n---\n");
    check_refused(text.data, "nested more than 32 deep");
    buf_release(&text);
}

TEST(too_many_values_are_refused)
{
    struct buf text = {0};
    buf_add_text(&text, "---\na: [0");
    for (int i = 0; i < FRONT_MAX_NODES; i++)
        buf_add_text(&text, ",1");
    buf_add_text(&text, "]\n---\n");
    check_refused(text.data, "more than 10000 values");
    buf_release(&text);
}

TEST(too_large_front_matter_is_refused)
{
    struct buf text = {0};
    buf_add_text(&text, "---\n");
    for (int i = 0; i < 10000; i++)
        buf_printf(&text, "k%d: v\n", i);
    buf_add_text(&text, "---\n");
    check_refused(text.data, "first 64 KB");
    buf_release(&text);
}

TEST(empty_front_matter_is_an_empty_object)
{
    CHECK_STR(json_of("# only a comment\n"), "{}");
    CHECK_STR(parse("---\n---\ntext\n")->front, "{}");
    CHECK(!page.warning);
}

TEST(a_rule_at_the_start_is_no_front_matter)
{
    CHECK(!parse("---\n\ntext\n\n---\n")->front);
    CHECK(!page.warning);
    CHECK(!parse("----\na: b\n---\n")->front);
    CHECK(!parse("text\n---\na: b\n---\n")->front);
    CHECK(!parse("---")->front);
    CHECK(!page.warning);
}

TEST(front_matter_may_have_a_bom_crlf_and_dots)
{
    CHECK_STR(parse("\xEF\xBB\xBF---\r\ntitle: x\r\n---  \r\nbody\r\n")->front,
              "{\"title\":\"x\"}");
    CHECK_STR(parse("---\ntitle: x\n...\nbody\n")->front, "{\"title\":\"x\"}");
    CHECK_STR(parse("---\ntitle: x\n---")->front, "{\"title\":\"x\"}");
}

TEST(front_matter_is_part_of_the_first_chunk)
{
    parse("---\ntitle: x\n---\n\n# Heading\n\ntext\n");
    CHECK_INT(page.chunk_count, 1);
    CHECK_INT(page.chunks[0].start, 0);
    CHECK_STR(page.chunks[0].heading, "Heading");
}
