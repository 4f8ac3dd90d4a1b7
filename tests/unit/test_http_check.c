/* A request's head: what is refused, and that no byte of it is overlooked. */
#include "worker/reads/http_check.h"

#include <string.h>

#include "tests/unit/harness.h"

/* Reads a head as libmicrohttpd 0.9.75 does, in place: a NUL over each separator, C strings out. */
static char memory[4096];
static size_t memory_size;

static char *next_line(char **at, char *end)
{
    char *line = *at;
    for (char *p = line; p < end; p++)
        if (*p == '\n') {
            bool crlf = p > line && p[-1] == '\r';
            *p = '\0';
            if (crlf)
                p[-1] = '\0';
            *at = p + 1;
            return line;
        }
    return NULL;
}

static struct http_head read_head(const char *bytes, size_t size)
{
    struct http_head head = {.method = "", .target = "", .version = ""};
    memcpy(memory, bytes, size);
    char *at = memory;
    char *end = memory + size;
    char *line = next_line(&at, end);
    CHECK(line != NULL);
    size_t length = (size_t)(at - line);
    char *target = memchr(line, ' ', length);
    char *version = memrchr(line, ' ', length);
    CHECK(target && version);
    *target++ = '\0';
    while (*target == ' ')
        target++;
    *version++ = '\0';
    head.method = line;
    head.target = target;
    head.target_size = strlen(target);
    head.version = version;
    while ((line = next_line(&at, end)) && line[0]) {
        char *colon = strchr(line, ':');
        if (!colon)
            break;
        *colon++ = '\0';
        while (*colon == ' ' || *colon == '\t')
            colon++;
        head.fields[head.count++] = (struct http_field){line, strlen(line), colon, strlen(colon)};
    }
    memory_size = (size_t)(at - memory);
    return head;
}

#define HEAD(text) read_head(text, sizeof(text) - 1)

static bool is_whole(struct http_head head)
{
    return http_head_is_whole(&head, memory, memory_size);
}

static int status(struct http_head head)
{
    return http_check_head(&head).status;
}

#define START "GET / HTTP/1.1\r\nHost: localhost\r\n"

TEST(an_ordinary_head_is_whole_and_fine)
{
    struct http_head head = HEAD(START "Accept: */*\r\nX-Empty:\r\nX-Tab:\t a \r\n\r\n");
    CHECK_INT(head.count, 4);
    CHECK(is_whole(head));
    CHECK_INT(status(head), 0);
    CHECK(is_whole(HEAD("GET /a?b=c HTTP/1.0\r\n\r\n")));
    CHECK_INT(status(HEAD("GET /a?b=c HTTP/1.0\r\n\r\n")), 0);
}

TEST(a_nul_anywhere_in_the_head_is_seen)
{
    CHECK(!is_whole(HEAD(START "X: a\0b\r\n\r\n")));
    CHECK(!is_whole(HEAD(START "X: a\0\r\n\r\n")));
    CHECK(!is_whole(HEAD(START "X: \0a\r\n\r\n")));
    CHECK(!is_whole(HEAD(START "X\0Y: a\r\n\r\n")));
    CHECK(!is_whole(HEAD(START "X\0: a\r\n\r\n")));
    CHECK(!is_whole(HEAD("GET /a\0b HTTP/1.1\r\nHost: a\r\n\r\n")));
    CHECK(!is_whole(HEAD("G\0T / HTTP/1.1\r\nHost: a\r\n\r\n")));
}

/* One line feed too few and one NUL too many: a count of them would not see it. */
TEST(a_nul_that_makes_up_for_a_bare_line_feed_is_seen)
{
    CHECK(!is_whole(HEAD(START "X: a\nY: b\0\r\n\r\n")));
    CHECK(!is_whole(HEAD(START "X: a\nY: b\0c\r\n\r\n")));
}

TEST(bare_line_feeds_and_stray_blanks_are_seen)
{
    CHECK(!is_whole(HEAD("GET / HTTP/1.1\nHost: a\n\n")));
    CHECK(!is_whole(HEAD(START "X: a\n\r\n")));
    CHECK(!is_whole(HEAD("GET  / HTTP/1.1\r\nHost: a\r\n\r\n")));
}

TEST(a_length_beside_an_encoding_is_refused)
{
    CHECK_INT(status(HEAD(START "Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n")), 400);
    CHECK_INT(status(HEAD(START "transfer-encoding: chunked\r\ncontent-length: 1\r\n\r\n")), 400);
}

TEST(lengths_that_are_not_one_number_are_refused)
{
    CHECK_INT(status(HEAD(START "Content-Length: 1\r\nContent-Length: 2\r\n\r\n")), 400);
    CHECK_INT(status(HEAD(START "Content-Length: 1\r\nContent-Length: 1\r\n\r\n")), 400);
    CHECK_INT(status(HEAD(START "Content-Length: 1, 1\r\n\r\n")), 400);
    CHECK_INT(status(HEAD(START "Content-Length: +1\r\n\r\n")), 400);
    CHECK_INT(status(HEAD(START "Content-Length: 0x1\r\n\r\n")), 400);
    CHECK_INT(status(HEAD(START "Content-Length:\r\n\r\n")), 400);
    CHECK_INT(status(HEAD(START "Content-Length: 99999999999999999999\r\n\r\n")), 400);
    CHECK_INT(status(HEAD(START "Content-Length: 17\r\n\r\n")), 0);
}

TEST(encodings_other_than_chunked_are_refused)
{
    CHECK_INT(status(HEAD(START "Transfer-Encoding: Chunked\r\n\r\n")), 0);
    CHECK_INT(status(HEAD(START "Transfer-Encoding: chunked \r\n\r\n")), 501);
    CHECK_INT(status(HEAD(START "Transfer-Encoding: xchunked\r\n\r\n")), 501);
    CHECK_INT(status(HEAD(START "Transfer-Encoding: gzip, chunked\r\n\r\n")), 501);
    CHECK_INT(status(HEAD(START "Transfer-Encoding: a\r\nTransfer-Encoding: b\r\n\r\n")), 400);
    CHECK_INT(status(HEAD("GET / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n")), 400);
}

TEST(names_that_are_no_words_and_control_bytes_are_refused)
{
    CHECK_INT(status(HEAD(START "X : a\r\n\r\n")), 400);
    CHECK_INT(status(HEAD(START "Content-Length : 5\r\n\r\n")), 400);
    CHECK_INT(status(HEAD(START ": a\r\n\r\n")), 400);
    CHECK_INT(status(HEAD(START "X: a\rb\r\n\r\n")), 400);
    CHECK_INT(status(HEAD(START "X: \x7f\r\n\r\n")), 400);
    CHECK_INT(status(HEAD(START "X: \xc3\xa4\r\n\r\n")), 0);
}

TEST(one_host_is_asked_for)
{
    CHECK_INT(status(HEAD("GET / HTTP/1.1\r\n\r\n")), 400);
    CHECK_INT(status(HEAD(START "Host: evil\r\n\r\n")), 400);
    CHECK_INT(status(HEAD("GET / HTTP/2.0\r\nHost: a\r\n\r\n")), 505);
}

TEST(a_head_with_too_many_lines_is_refused)
{
    struct http_head head = HEAD(START "\r\n");
    head.too_many = true;
    CHECK_INT(status(head), 431);
}
