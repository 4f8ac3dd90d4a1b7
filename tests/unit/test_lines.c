/* Lines out of a stream of bytes. */
#include "supervisor/lines.h"

#include <string.h>

#include "tests/unit/harness.h"

static void collect(void *owner, const char *line, size_t size)
{
    struct buf *out = owner;
    CHECK_INT(strlen(line), size);
    buf_printf(out, "[%s]", line);
}

static void feed(struct line_reader *reader, const char *text, struct buf *out)
{
    line_reader_feed(reader, text, strlen(text), collect, out);
}

TEST(lines_come_whole_however_they_are_cut)
{
    const char *text = "one\ntwo\n\nthree\n";
    for (size_t step = 1; step <= strlen(text); step++) {
        struct line_reader reader = {.max_bytes = 100};
        struct buf out = {0};
        for (size_t at = 0; at < strlen(text); at += step) {
            size_t left = strlen(text) - at;
            line_reader_feed(&reader, text + at, left < step ? left : step, collect, &out);
        }
        CHECK_STR(out.data, "[one][two][][three]");
        line_reader_release(&reader);
        buf_release(&out);
    }
}

TEST(a_long_line_is_cut_and_the_next_is_whole)
{
    struct line_reader reader = {.max_bytes = 4};
    struct buf out = {0};
    feed(&reader, "12345", &out);
    feed(&reader, "6789\nab\nabcd\nabcde\n", &out);
    CHECK_STR(out.data, "[1234][ab][abcd][abcd]");
    line_reader_release(&reader);
    buf_release(&out);
}

TEST(the_end_gives_the_last_line_without_newline)
{
    struct line_reader reader = {.max_bytes = 4};
    struct buf out = {0};
    feed(&reader, "ab\ncd", &out);
    line_reader_end(&reader, collect, &out);
    line_reader_end(&reader, collect, &out);
    CHECK_STR(out.data, "[ab][cd]");
    line_reader_release(&reader);
    buf_release(&out);
}

TEST(a_stream_without_newline_takes_bounded_memory)
{
    struct line_reader reader = {.max_bytes = 1000};
    struct buf out = {0};
    for (int i = 0; i < 10000; i++)
        feed(&reader, "xxxxxxxxxxxxxxxxxxxx", &out);
    CHECK(reader.pending.room < 4096);
    CHECK_INT(out.size, 1002);
    line_reader_release(&reader);
    buf_release(&out);
}
