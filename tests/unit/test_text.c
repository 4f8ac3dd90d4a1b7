/* Buffers, UTF-8 boundaries, replacement and escaping. */
#include "common/text.h"

#include <stdlib.h>
#include <string.h>

#include "tests/unit/harness.h"

#define EURO "\xE2\x82\xAC"
#define CLEF "\xF0\x9D\x84\x9E"
#define REPL "\xEF\xBF\xBD"

TEST(buf_grows_and_is_always_terminated)
{
    struct buf b = {0};
    for (int i = 0; i < 1000; i++) {
        buf_add_text(&b, "abc");
        CHECK_INT(strlen(b.data), b.size);
    }
    buf_printf(&b, "%d-%s", 42, "x");
    CHECK_INT(b.size, 3004);
    CHECK_STR(b.data + 3000, "42-x");
    buf_reset(&b);
    CHECK_STR(b.data, "");
    buf_release(&b);
    CHECK_INT(b.size, 0);
    CHECK(b.data == NULL);
}

TEST(buf_keeps_nul_bytes)
{
    struct buf b = {0};
    buf_add(&b, "a\0b", 3);
    buf_add_byte(&b, '\0');
    CHECK_MEM(b.data, b.size, "a\0b\0", 4);
    buf_release(&b);
}

TEST(taking_an_empty_buf_gives_an_empty_text)
{
    struct buf b = {0};
    char *text = buf_take(&b);
    CHECK_STR(text, "");
    CHECK(b.data == NULL && b.room == 0);
    free(text);
}

TEST(xstrndup_copies_exactly)
{
    char *copy = xstrndup("abcdef", 3);
    CHECK_STR(copy, "abc");
    free(copy);
    copy = xasprintf("%s/%05d", "x", 7);
    CHECK_STR(copy, "x/00007");
    free(copy);
}

TEST(floor_never_splits_a_character)
{
    static const char text[] = "a" EURO "b" CLEF "\xC3\xA9";
    static const size_t floors[] = {0, 1, 1, 1, 4, 5, 5, 5, 5, 9, 9, 11};
    for (size_t i = 0; i < sizeof floors / sizeof *floors; i++)
        CHECK_INT(utf8_floor(text, i), floors[i]);
}

TEST(floor_leaves_invalid_bytes_alone)
{
    CHECK_INT(utf8_floor("\x80\x80\x80\x80\x80", 5), 5);
    CHECK_INT(utf8_floor("a\x80", 2), 2);
}

TEST(valid_follows_table_3_7)
{
    static const struct {
        const char *bytes;
        bool valid;
    } rows[] = {
        {"", true},
        {"plain", true},
        {"\x7F", true},
        {"\xC2\x80", true},
        {"\xDF\xBF", true},
        {"\xE0\xA0\x80", true},
        {"\xED\x9F\xBF", true},
        {"\xEE\x80\x80", true},
        {"\xEF\xBF\xBF", true},
        {"\xF0\x90\x80\x80", true},
        {"\xF4\x8F\xBF\xBF", true},
        {"\x80", false},
        {"\xBF", false},
        {"\xC0\x80", false},
        {"\xC1\xBF", false},
        {"\xC2", false},
        {"\xC2\x41", false},
        {"\xE0\x9F\xBF", false},
        {"\xE0\xA0", false},
        {"\xED\xA0\x80", false},
        {"\xED\xBF\xBF", false},
        {"\xF0\x8F\xBF\xBF", false},
        {"\xF4\x90\x80\x80", false},
        {"\xF5\x80\x80\x80", false},
        {"\xFF", false},
        {"0123456789abcdef\xFE", false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (utf8_valid(rows[i].bytes, strlen(rows[i].bytes)) != rows[i].valid)
            FAIL("row %zu is not %s", i, rows[i].valid ? "valid" : "invalid");
}

/* Unicode 15, section 3.9, tables 3-8 to 3-11: one U+FFFD for each maximal subpart. */
TEST(sanitize_replaces_maximal_subparts_as_unicode_does)
{
    static const struct {
        const char *bytes;
        const char *want;
        size_t replaced;
    } rows[] = {
        {"\xC0\xAF\xE0\x80\xBF\xF0\x81\x82\x41", REPL REPL REPL REPL REPL REPL REPL REPL "A", 8},
        {"\xED\xA0\x80\xED\xBF\xBF\xED\xAF\x41", REPL REPL REPL REPL REPL REPL REPL REPL "A", 8},
        {"\xF4\x91\x92\x93\xFF\x41\x80\xBF\x42", REPL REPL REPL REPL REPL "A" REPL REPL "B", 7},
        {"\xE1\x80\xE2\xF0\x91\x92\xF1\xBF\x41", REPL REPL REPL REPL "A", 4},
        {"valid " EURO CLEF, "valid " EURO CLEF, 0},
        {"cut "
         "\xE2\x82",
         "cut " REPL, 1},
        {"", "", 0},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct buf b = {0};
        CHECK_INT(utf8_sanitize(&b, rows[i].bytes, strlen(rows[i].bytes)), rows[i].replaced);
        CHECK_MEM(b.data, b.size, rows[i].want, strlen(rows[i].want));
        buf_release(&b);
    }
}

TEST(sanitize_makes_any_two_bytes_valid)
{
    for (int first = 0; first < 256; first++)
        for (int second = 0; second < 256; second++) {
            const char bytes[] = {(char)first, (char)second};
            struct buf b = {0};
            bool valid = utf8_valid(bytes, sizeof bytes);
            size_t replaced = utf8_sanitize(&b, bytes, sizeof bytes);
            CHECK(valid == (replaced == 0));
            CHECK(utf8_valid(b.data, b.size));
            buf_release(&b);
        }
}

TEST(escape_leaves_nothing_that_could_forge_a_line)
{
    static const char *const rows[][2] = {
        {"plain " EURO, "plain " EURO},
        {"a\nb\tc\rd", "a\\nb\\tc\\rd"},
        {"back\\slash", "back\\\\slash"},
        {"\x1B[31m", "\\x1b[31m"},
        {"\x7F", "\\x7f"},
        {"\xFF\xFE", "\\xff\\xfe"},
        {"\xC2\x85", "\\xc2\\x85"},          /* U+0085, a C1 control */
        {"\xE2\x80\xAE", "\\xe2\\x80\\xae"}, /* U+202E turns the line around */
        {"\xE2\x81\xA6", "\\xe2\\x81\\xa6"}, /* U+2066 */
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct buf b = {0};
        text_escape(&b, rows[i][0], strlen(rows[i][0]));
        CHECK_STR(b.data, rows[i][1]);
        buf_release(&b);
    }
}
