/* JSON pointers, by the examples of RFC 6901, 5. */
#include <stdlib.h>

#include "tests/unit/harness.h"
#include "worker/sync/json_pointer.h"

static const char document[] =
    "{\"foo\":[\"bar\",\"baz\"],\"\":0,\"a/b\":1,\"c%d\":2,\"e^f\":3,\"g|h\":4,\"i\\\\j\":5,"
    "\"k\\\"l\":6,\" \":7,\"m~n\":8,\"deep\":{\"x\":[{\"y\":9}]}}";

static void points(const char *pointer, const char *want)
{
    json_error_t problem;
    json_t *root = json_loads(document, 0, &problem);
    const json_t *found = json_pointer(root, pointer);
    char *text = found ? json_dumps(found, JSON_COMPACT | JSON_ENCODE_ANY) : NULL;
    if (want)
        CHECK_STR(text, want);
    else
        CHECK(!found);
    free(text);
    json_decref(root);
}

TEST(finds_what_the_rfc_shows)
{
    points("/foo", "[\"bar\",\"baz\"]");
    points("/foo/0", "\"bar\"");
    points("/", "0");
    points("/a~1b", "1");
    points("/c%d", "2");
    points("/e^f", "3");
    points("/g|h", "4");
    points("/i\\j", "5");
    points("/k\"l", "6");
    points("/ ", "7");
    points("/m~0n", "8");
    points("/deep/x/0/y", "9");
}

TEST(finds_nothing_elsewhere)
{
    points("/foo/2", NULL);
    points("/foo/00", NULL);
    points("/foo/-", NULL);
    points("/foo/1x", NULL);
    points("/foo/99999999999999999999", NULL);
    points("/none/x", NULL);
    points("/a/b", NULL);
    points("/m~n", NULL);
    points("/m~", NULL);
    points("foo", NULL);
    points("//", NULL);
}

TEST(an_empty_pointer_is_the_whole)
{
    json_t *root = json_array();
    CHECK(json_pointer(root, "") == root);
    json_decref(root);
}
