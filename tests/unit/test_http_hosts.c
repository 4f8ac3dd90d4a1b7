/* Which names are answered to, and tokens. */
#include "worker/reads/http_hosts.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "tests/unit/harness.h"
#include "worker/reads/auth.h"

static bool host(const struct http_hosts *hosts, const char *value)
{
    return http_host_allowed(hosts, value, strlen(value));
}

static bool origin(const struct http_hosts *hosts, const char *value)
{
    return http_origin_allowed(hosts, value, strlen(value));
}

TEST(a_name_has_no_scheme_and_no_port)
{
    CHECK(http_host_name_valid("notes.example.org"));
    CHECK(http_host_name_valid("my_host-1"));
    CHECK(http_host_name_valid("192.0.2.1"));
    CHECK(http_host_name_valid("2001:db8::1"));
    CHECK(!http_host_name_valid(""));
    CHECK(!http_host_name_valid("http://notes.example.org"));
    CHECK(!http_host_name_valid("notes.example.org:80"));
    CHECK(!http_host_name_valid("[2001:db8::1]"));
    CHECK(!http_host_name_valid("notes.example.org/"));
    CHECK(!http_host_name_valid("a b"));
}

TEST(loopback_names_are_answered_and_others_are_not)
{
    struct http_hosts hosts = {0};
    CHECK(host(&hosts, "localhost"));
    CHECK(host(&hosts, "LOCALHOST:7778"));
    CHECK(host(&hosts, "127.0.0.1:1"));
    CHECK(host(&hosts, "127.3.2.1"));
    CHECK(host(&hosts, "[::1]:7778"));
    CHECK(host(&hosts, "[::1]"));
    CHECK(!host(&hosts, "evil.example"));
    CHECK(!host(&hosts, "localhost.evil.example"));
    CHECK(!host(&hosts, "127.0.0.1.evil.example"));
    CHECK(!host(&hosts, "128.0.0.1"));
    CHECK(!host(&hosts, ""));
    CHECK(!host(&hosts, ":80"));
    CHECK(!host(&hosts, "::1"));
    CHECK(!host(&hosts, "[::1"));
    CHECK(!host(&hosts, "[localhost]"));
    CHECK(!host(&hosts, "localhost:80a"));
    CHECK(!host(&hosts, "localhost:123456"));
    CHECK(!host(&hosts, "localhost@evil.example"));
    CHECK(!host(&hosts, "localhost:80@evil.example"));
}

TEST(names_that_were_allowed_are_answered)
{
    struct http_hosts hosts = {.allowed = {"notes.example.org"}, .count = 1};
    CHECK(host(&hosts, "Notes.example.org:443"));
    CHECK(!host(&hosts, "example.org"));
    CHECK(origin(&hosts, "https://notes.example.org"));
}

TEST(on_all_addresses_an_address_is_answered_and_a_name_is_not)
{
    struct http_hosts hosts = {.any_address = true};
    CHECK(host(&hosts, "192.168.1.5:7778"));
    CHECK(host(&hosts, "[2001:db8::1]:7778"));
    CHECK(!host(&hosts, "rebound.example"));
}

TEST(origins_are_pages_of_such_hosts)
{
    struct http_hosts hosts = {0};
    CHECK(origin(&hosts, "http://localhost:3000"));
    CHECK(origin(&hosts, "https://127.0.0.1"));
    CHECK(!origin(&hosts, "null"));
    CHECK(!origin(&hosts, "http://evil.example"));
    CHECK(!origin(&hosts, "file://localhost"));
    CHECK(!origin(&hosts, "http://"));
    CHECK(!origin(&hosts, "http://localhost/"));
}

static bool shows(const char *header)
{
    return token_matches("0123456789abcdef", header, header ? strlen(header) : 0);
}

TEST(only_the_token_matches)
{
    CHECK(shows("Bearer 0123456789abcdef"));
    CHECK(shows("bearer 0123456789abcdef"));
    CHECK(!shows(NULL));
    CHECK(!shows(""));
    CHECK(!shows("Bearer "));
    CHECK(!shows("Bearer"));
    CHECK(!shows("Bearer 0123456789abcde"));
    CHECK(!shows("Bearer 0123456789abcdeg"));
    CHECK(!shows("Bearer 0123456789abcdef0"));
    CHECK(!shows("Bearer 0123456789abcdef0123456789abcdef"));
    CHECK(!shows("Basic 0123456789abcdef"));
}

/* In base64: the token behind a colon, whatever is before it. */
TEST(only_the_token_matches_as_a_password)
{
    CHECK(shows("Basic OjAxMjM0NTY3ODlhYmNkZWY="));
    CHECK(shows("basic dTowMTIzNDU2Nzg5YWJjZGVm"));
    CHECK(shows("Basic bWU6MDEyMzQ1Njc4OWFiY2RlZg=="));
    CHECK(!shows("Basic MDEyMzQ1Njc4OWFiY2RlZg=="));
    CHECK(!shows("Basic dTowMTIzNDU2Nzg5YWJjZGU="));
    CHECK(!shows("Basic dTowMTIzNDU2Nzg5YWJjZGVn"));
    CHECK(!shows("Basic MDEyMzQ1Njc4OWFiY2RlZjo="));
    CHECK(!shows("Basic dTp4OjAxMjM0NTY3ODlhYmNkZWY="));
    CHECK(!shows("Basic "));
    CHECK(!shows("Basic ===="));
    CHECK(!shows("Basic !dTowMTIzNDU2Nzg5YWJjZGVm"));
}

TEST(a_token_that_others_may_read_is_refused)
{
    char *token = NULL;
    struct error e = {0};
    const char *path = test_write("token", "0123456789abcdef\n", 17);
    CHECK_INT(chmod(path, 0640), 0);
    CHECK_FAILS(token_read(path, &token, &e), &e, CAUSE_CONFIG, "chmod 600");
    CHECK_INT(chmod(path, 0600), 0);
    CHECK_OK(token_read(path, &token, &e), &e);
    CHECK_STR(token, "0123456789abcdef");
    free(token);
}

TEST(a_token_that_is_short_or_two_lines_is_refused)
{
    char *token = NULL;
    struct error e = {0};
    const char *path = test_write("token", "short\n", 6);
    CHECK_INT(chmod(path, 0600), 0);
    CHECK_FAILS(token_read(path, &token, &e), &e, CAUSE_CONFIG, "16 to 1024");
    path = test_write("token", "0123456789abcdef\n0123456789abcdef\n", 34);
    CHECK_FAILS(token_read(path, &token, &e), &e, CAUSE_CONFIG, "one line");
    CHECK_FAILS(token_read(test_path("none"), &token, &e), &e, CAUSE_CONFIG, "No such file");
}
