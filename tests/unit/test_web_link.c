/* Relative references, by the examples of RFC 3986, 5.4; origins. */
#include <stdlib.h>

#include "common/text.h"
#include "tests/unit/harness.h"
#include "worker/sync/web_link.h"

static void resolves(const char *base, const char *reference, const char *want)
{
    char *got = web_link_resolve(base, reference);
    if (want)
        CHECK_STR(got, want);
    else
        CHECK(!got);
    free(got);
}

TEST(resolves_as_the_rfc_shows)
{
    static const char *const cases[][2] = {
        {"g:h", "g:h"},
        {"g", "http://a/b/c/g"},
        {"./g", "http://a/b/c/g"},
        {"g/", "http://a/b/c/g/"},
        {"/g", "http://a/g"},
        {"//g", "http://g"},
        {"?y", "http://a/b/c/d;p?y"},
        {"g?y", "http://a/b/c/g?y"},
        {"#s", "http://a/b/c/d;p?q#s"},
        {"g#s", "http://a/b/c/g#s"},
        {"g?y#s", "http://a/b/c/g?y#s"},
        {";x", "http://a/b/c/;x"},
        {"g;x?y#s", "http://a/b/c/g;x?y#s"},
        {"", "http://a/b/c/d;p?q"},
        {".", "http://a/b/c/"},
        {"./", "http://a/b/c/"},
        {"..", "http://a/b/"},
        {"../", "http://a/b/"},
        {"../g", "http://a/b/g"},
        {"../..", "http://a/"},
        {"../../", "http://a/"},
        {"../../g", "http://a/g"},
        {"../../../g", "http://a/g"},
        {"../../../../g", "http://a/g"},
        {"/./g", "http://a/g"},
        {"/../g", "http://a/g"},
        {"g.", "http://a/b/c/g."},
        {".g", "http://a/b/c/.g"},
        {"g..", "http://a/b/c/g.."},
        {"./../g", "http://a/b/g"},
        {"./g/.", "http://a/b/c/g/"},
        {"g/./h", "http://a/b/c/g/h"},
        {"g/../h", "http://a/b/c/h"},
        {"g;x=1/./y", "http://a/b/c/g;x=1/y"},
        {"g;x=1/../y", "http://a/b/c/y"},
        {"g?y/../x", "http://a/b/c/g?y/../x"},
        {" \n g \t", "http://a/b/c/g"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        resolves("http://a/b/c/d;p?q", cases[i][0], cases[i][1]);
    resolves("http://a", "x", "http://a/x");
    resolves("http://a?q", "x", "http://a/x");
    resolves("no base", "x", "x");
}

TEST(refuses_what_is_too_long)
{
    char *text = xmalloc(WEB_LINK_MAX + 2);
    for (size_t i = 0; i < WEB_LINK_MAX + 1; i++)
        text[i] = 'a';
    text[WEB_LINK_MAX + 1] = '\0';
    resolves("http://a/", text, NULL);
    text[WEB_LINK_MAX] = '\0';
    resolves("http://a/", text, NULL); /* the whole is */
    resolves("", text, text);
    free(text);
}

TEST(knows_an_origin)
{
    CHECK(web_link_same_origin("https://a.org/x", "HTTPS://A.org:443/y?z"));
    CHECK(web_link_same_origin("http://a.org", "http://a.org:80/"));
    CHECK(web_link_same_origin("http://127.0.0.1:8080/x", "http://127.0.0.1:8080/y"));
    CHECK(!web_link_same_origin("https://a.org/", "http://a.org/"));
    CHECK(!web_link_same_origin("https://a.org/", "https://b.org/"));
    CHECK(!web_link_same_origin("https://a.org/", "https://a.org:8443/"));
    CHECK(!web_link_same_origin("https://a.org/", "https://a.org@b.org/"));
    CHECK(!web_link_same_origin("https://a.org/", "//a.org/"));
    CHECK(!web_link_same_origin("file:///a", "file:///b"));
}
