/* Variable-length integers, and where they end. */
#include "common/varint.h"

#include "tests/unit/harness.h"

static uint64_t read_all(const char *data, size_t size, size_t end)
{
    struct bytes b = {.data = (const unsigned char *)data, .size = size};
    uint64_t value = varint_read(&b);
    CHECK(!b.bad);
    CHECK_INT(b.at, end);
    return value;
}

TEST(one_to_nine_bytes_are_read)
{
    CHECK_INT(read_all("\0", 1, 1), 0);
    CHECK_INT(read_all("\x7F\xFF", 2, 1), 127);
    CHECK_INT(read_all("\x81\x00", 2, 2), 128);
    CHECK_INT(read_all("\xFF\x7F\x01", 3, 2), 16383);
    CHECK_INT(read_all("\x81\x80\x80\x00", 4, 4), 1 << 21);
    CHECK(read_all("\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\x01", 10, 9) == UINT64_MAX);
    CHECK(read_all("\x80\x80\x80\x80\x80\x80\x80\x80\xFF", 9, 9) == 255);
}

TEST(several_follow_each_other)
{
    struct bytes b = {.data = (const unsigned char *)"\x05\x81\x01\x06", .size = 4};
    CHECK_INT(varint_read(&b), 5);
    CHECK_INT(varint_read(&b), 129);
    CHECK_INT(varint_read(&b), 6);
    CHECK(!b.bad);
    CHECK_INT(varint_read(&b), 0);
    CHECK(b.bad);
}

TEST(one_that_does_not_end_is_bad)
{
    for (size_t size = 0; size <= 8; size++) {
        unsigned char data[8] = {0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF};
        struct bytes b = {.data = data, .size = size};
        CHECK_INT(varint_read(&b), 0);
        CHECK(b.bad);
    }
    struct bytes behind = {.data = (const unsigned char *)"\x05", .size = 1, .at = 4};
    CHECK_INT(varint_read(&behind), 0);
    CHECK(behind.bad);
}
