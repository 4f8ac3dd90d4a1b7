/* A request's target: decoding, and what is no address. */
#include "worker/reads/http_target.h"

#include <string.h>

#include "tests/unit/harness.h"

static const char *arg(const struct http_target *target, const char *name)
{
    return json_string_value(json_object_get(target->args, name));
}

static void refuses(const char *raw, const char *why)
{
    struct http_target target;
    struct error e = {0};
    CHECK_FAILS(http_target_parse(raw, strlen(raw), &target, &e), &e, CAUSE_USAGE, why);
    http_target_release(&target);
}

TEST(decodes_path_and_parameters)
{
    static const char raw[] = "/api/v1/pages/notes/a%20b%2Fc+d.md?q=%C3%BC+x&n=1&e&=v&q=2&q=3";
    struct http_target target;
    struct error e = {0};
    CHECK_OK(http_target_parse(raw, sizeof raw - 1, &target, &e), &e);
    CHECK_STR(target.path, "/api/v1/pages/notes/a b/c+d.md");
    CHECK_STR(arg(&target, "n"), "1");
    CHECK_STR(arg(&target, "e"), "");
    CHECK_STR(arg(&target, ""), "v");
    json_t *q = json_object_get(target.args, "q");
    CHECK_INT(json_array_size(q), 3);
    CHECK_STR(json_string_value(json_array_get(q, 0)), "\xc3\xbc x");
    CHECK_STR(json_string_value(json_array_get(q, 2)), "3");
    http_target_release(&target);
}

static void expect_whole(const char *raw, const char *host, const char *path, const char *q)
{
    struct http_target target;
    struct error e = {0};
    CHECK_OK(http_target_parse(raw, strlen(raw), &target, &e), &e);
    CHECK_STR(target.host, host);
    CHECK_STR(target.path, path);
    if (q)
        CHECK_STR(arg(&target, "q"), q);
    http_target_release(&target);
}

TEST(a_whole_address_has_a_host)
{
    expect_whole("http://a.example:7778/b%20c?q=d", "a.example:7778", "/b c", "d");
    expect_whole("HTTP://[::1]:80/", "[::1]:80", "/", NULL);
    expect_whole("http://a", "a", "/", NULL);
    expect_whole("http://a?q=http://b/", "a", "/", "http://b/");
}

TEST(a_path_has_none)
{
    struct http_target target;
    struct error e = {0};
    CHECK_OK(http_target_parse("//a/b?q=http://c", 16, &target, &e), &e);
    CHECK(target.host == NULL);
    CHECK_STR(target.path, "//a/b");
    http_target_release(&target);
}

TEST(refuses_what_is_no_address)
{
    refuses("", "begin with /");
    refuses("https://a/b", "begin with / or http://");
    refuses("http:/a/b", "begin with /");
    refuses("http:///b", "no host");
    refuses("http://", "no host");
    refuses("http://a@b/c", "user");
    refuses("http://a#b", "#");
    refuses("a:80", "begin with /");
    refuses("*a", "begin with /");
    refuses("/a%", "hex");
    refuses("/a%2", "hex");
    refuses("/a%zz", "hex");
    refuses("/?a=%4", "hex");
    refuses("/a%00b", "NUL");
    refuses("/?a=%00", "NUL");
    refuses("/a%ff", "UTF-8");
    refuses("/?%c3=1", "UTF-8");
    refuses("/a#b", "#");
}

TEST(a_percent_sign_at_the_very_end_reads_no_further)
{
    struct http_target target;
    struct error e = {0};
    CHECK(!http_target_parse("/a%41", 4, &target, &e));
    http_target_release(&target);
    CHECK_OK(http_target_parse("/a%41", 5, &target, &e), &e);
    CHECK_STR(target.path, "/aA");
    http_target_release(&target);
}

TEST(too_many_parameters_are_refused)
{
    char raw[1024] = "/?";
    for (size_t i = 0; i < 120; i++)
        memcpy(raw + 2 + 2 * i, "a&", 3);
    refuses(raw, "more than 100");
}
