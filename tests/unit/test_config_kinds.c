/* Keys that only some kinds of source take. */
#include <stdlib.h>
#include <string.h>

#include "common/config.h"
#include "common/text.h"
#include "tests/unit/harness.h"

#define ONE(kind, more) "{\"sources\":[{\"id\":\"x\",\"kind\":\"" kind "\"" more "}]}"

/* All mistakes, a line each. */
static const char *mistakes_of(const char *text)
{
    static char got[8192];
    struct config config;
    struct config_mistakes mistakes;
    struct error e = {0};
    got[0] = '\0';
    setenv("HOME", "/home/me", 1);
    bool ok = config_parse(text, strlen(text), &config, &mistakes, &e);
    CHECK(ok == (mistakes.count == 0));
    for (size_t i = 0; i < mistakes.count; i++) {
        strncat(got, mistakes.lines[i], sizeof got - strlen(got) - 1);
        strncat(got, "\n", sizeof got - strlen(got) - 1);
    }
    config_release(&config);
    config_mistakes_release(&mistakes);
    return got;
}

TEST(every_kind_of_the_design_is_taken_with_its_keys)
{
    CHECK_STR(mistakes_of(ONE("repo-recall", "")), "");
    CHECK_STR(mistakes_of(ONE("repo-recall", ",\"url\":\"http://127.0.0.1:7777\","
                                             "\"token_file\":\"~/token\"")),
              "");
    CHECK_STR(mistakes_of(ONE("dir", ",\"path\":\"~/docs\"")), "");
    CHECK_STR(mistakes_of(ONE("agent-log", ",\"path\":\"/logs\",\"format\":\"codex\"")), "");
    CHECK_STR(mistakes_of(ONE("feed", ",\"url\":\"https://example.org/feed\","
                                      "\"token_env\":\"BLOG_TOKEN\",\"header_file\":\"/etc/h\","
                                      "\"map\":{\"items\":\"/data/items\",\"id\":\"/id\"}")),
              "");
    CHECK_STR(mistakes_of(ONE("inbox", "")), "");
}

TEST(a_kind_that_needs_a_place_says_so)
{
    CHECK_STR(mistakes_of(ONE("dir", "")), "sources[0].path: missing\n");
    CHECK_STR(mistakes_of(ONE("agent-log", "")), "sources[0].path: missing\n");
    CHECK_STR(mistakes_of(ONE("feed", "")), "sources[0].url: missing\n");
}

TEST(a_url_with_a_secret_or_another_scheme_is_refused)
{
    const char *said = mistakes_of(ONE("feed", ",\"url\":\"https://me:hunter2@example.org/f\""));
    CHECK_CONTAINS(said, "put it into a file and name that with token_file");
    CHECK(!strstr(said, "hunter2"));
    static const char *const others[] = {"/srv/feed",
                                         "ftp://example.org/f",
                                         "feed:x",
                                         "file:///etc/passwd",
                                         "me@example.org:f",
                                         "-x",
                                         ""};
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        char *file = xasprintf(ONE("feed", ",\"url\":\"%s\""), others[i]);
        CHECK_CONTAINS(mistakes_of(file), "expected a URL that starts with https:// or http://");
        free(file);
    }
    CHECK_CONTAINS(mistakes_of(ONE("feed", ",\"url\":\"HTTPS:///f\"")), "host");
}

TEST(a_path_is_absolute_or_in_the_home)
{
    CHECK_CONTAINS(mistakes_of(ONE("dir", ",\"path\":\"docs\"")),
                   "sources[0].path: \"docs\": expected an absolute path");
    CHECK_CONTAINS(mistakes_of(ONE("dir", ",\"path\":\"~other/docs\"")),
                   "sources[0].path: \"~other/docs\": expected an absolute path");
    CHECK_CONTAINS(mistakes_of(ONE("dir", ",\"path\":7")), "sources[0].path: 7: expected");
}

TEST(a_format_a_variable_and_a_map_are_checked)
{
    CHECK_CONTAINS(mistakes_of(ONE("agent-log", ",\"path\":\"/l\",\"format\":\"vim\"")),
                   "expected \"claude\" or \"codex\"");
    CHECK_CONTAINS(mistakes_of(ONE("repo-recall", ",\"token_env\":\"1x\"")),
                   "expected the name of an environment variable");
    CHECK_CONTAINS(mistakes_of(ONE("feed", ",\"url\":\"https://e.org\",\"map\":{\"id\":\"id\"}")),
                   "sources[0].map.id: \"id\": expected a JSON pointer");
    CHECK_CONTAINS(mistakes_of(ONE("feed", ",\"url\":\"https://e.org\",\"map\":{\"id\":\"/~2\"}")),
                   "expected a JSON pointer");
    CHECK_CONTAINS(
        mistakes_of(ONE("feed", ",\"url\":\"https://e.org\",\"map\":{\"items\":\"/i\"}")),
        "sources[0].map.id: missing");
    CHECK_CONTAINS(
        mistakes_of(ONE("feed", ",\"url\":\"https://e.org\",\"map\":{\"id\":\"/i\",\"x\":\"/x\"}")),
        "sources[0].map.x: unknown name");
}
