/* Globs: the rules of gitignore(5) one by one, refusals, bounds. */
#include "common/glob.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/text.h"
#include "tests/unit/harness.h"

static bool matches(const char *pattern, const char *path)
{
    struct error e = {0};
    struct glob_set *set = glob_set_new(&pattern, 1, "include", &e);
    CHECK_OK(set != NULL, &e);
    bool answer = glob_set_match(set, path);
    glob_set_free(set);
    return answer;
}

static void refuses(const char *pattern, const char *reason)
{
    struct error e = {0};
    CHECK_FAILS(glob_set_new(&pattern, 1, "include", &e) != NULL, &e, CAUSE_CONFIG, reason);
    CHECK_CONTAINS(glob_refusal(pattern), reason);
}

TEST(without_a_slash_matches_at_any_depth)
{
    CHECK(matches("*.md", "a.md"));
    CHECK(matches("*.md", "docs/deep/a.md"));
    CHECK(matches("README", "x/README"));
    CHECK(!matches("*.md", "a.mdx"));
    CHECK(!matches("README", "README.md"));
}

TEST(with_a_slash_is_anchored_at_the_root)
{
    CHECK(matches("/a.md", "a.md"));
    CHECK(!matches("/a.md", "x/a.md"));
    CHECK(matches("docs/*.md", "docs/a.md"));
    CHECK(!matches("docs/*.md", "x/docs/a.md"));
}

TEST(stars_do_not_cross_slashes)
{
    CHECK(!matches("/docs/*.md", "docs/x/a.md"));
    CHECK(!matches("/a?b", "a/b"));
    CHECK(!matches("/a[/x]b", "a/b"));
    CHECK(!matches("/a[!x]b", "a/b"));
}

TEST(double_stars_match_any_number_of_folders)
{
    CHECK(matches("**/a.md", "a.md"));
    CHECK(matches("**/a.md", "x/y/a.md"));
    CHECK(matches("docs/**", "docs/x/y"));
    CHECK(!matches("docs/**", "docs"));
    CHECK(matches("a/**/b", "a/b"));
    CHECK(matches("a/**/b", "a/x/y/b"));
    CHECK(!matches("a/**/b", "a/xb"));
    CHECK(!matches("**/b", "xb"));
    CHECK(matches("a/**/**/b", "a/b"));
    CHECK(matches("a/**/*", "a/b"));
}

TEST(other_double_stars_are_single_ones)
{
    CHECK(matches("/a**b", "axxb"));
    CHECK(!matches("/a**/b", "axx/y/b"));
    CHECK(!matches("/x/a**b", "x/a/b"));
}

TEST(a_folder_matches_all_below_it)
{
    CHECK(matches("drafts", "x/drafts/y/a.md"));
    CHECK(matches("/drafts", "drafts/a.md"));
    CHECK(matches("*.d", "x.d/a.md"));
}

TEST(a_slash_at_the_end_matches_folders_only)
{
    CHECK(matches("drafts/", "drafts/a.md"));
    CHECK(matches("drafts/", "x/drafts/a.md"));
    CHECK(!matches("drafts/", "drafts"));
    CHECK(matches("/a/b/", "a/b/c"));
    CHECK(!matches("/a/b/", "x/a/b/c"));
}

TEST(brackets_take_sets_ranges_and_classes)
{
    CHECK(matches("[a-c]x", "bx"));
    CHECK(!matches("[a-c]x", "dx"));
    CHECK(matches("[!a-c]x", "dx"));
    CHECK(matches("[^a-c]x", "dx"));
    CHECK(matches("[]]x", "]x"));
    CHECK(matches("[a-]x", "-x"));
    CHECK(matches("[\\]]x", "]x"));
    CHECK(matches("[[:digit:]_]x", "7x"));
    CHECK(matches("[[:digit:]_]x", "_x"));
    CHECK(!matches("[[:digit:]_]x", "ax"));
}

TEST(a_backslash_takes_the_next_byte_literally)
{
    CHECK(matches("\\*.md", "*.md"));
    CHECK(!matches("\\*.md", "a.md"));
    CHECK(matches("\\!a", "!a"));
    CHECK(matches("\\[a]", "[a]"));
}

TEST(any_byte_but_nul_may_be_in_a_path)
{
    CHECK(matches("*.md", "\xff\n\x01.md"));
    CHECK(matches("caf\xC3\xA9/*", "caf\xC3\xA9/x"));
    CHECK(matches("??.md", "\xC3\xA9.md"));
}

TEST(refuses_what_could_never_match)
{
    refuses("", "names nothing");
    refuses("/", "names nothing");
    refuses("[ab", "\"[\" without \"]\"");
    refuses("[]", "\"[\" without \"]\"");
    refuses("[[:nope:]]", "unknown [:class:]");
    refuses("a\\", "quotes nothing");
    refuses("a//b", "\"//\"");
    refuses("./a", "\".\"");
    refuses("../a", "\"..\"");
}

TEST(refuses_negation)
{
    refuses("!a", "use include and exclude");
}

TEST(a_refusal_names_the_pattern_and_its_place)
{
    struct error e = {0};
    const char *patterns[] = {"*.md", "[\x1b"};
    CHECK_FAILS(glob_set_new(patterns, 2, "sources[2].include", &e) != NULL, &e, CAUSE_CONFIG,
                "sources[2].include[1]: \"[\\x1b\": ");
}

TEST(an_empty_set_matches_nothing)
{
    struct error e = {0};
    struct glob_set *set = glob_set_new(NULL, 0, "exclude", &e);
    CHECK(set && !glob_set_match(set, "a") && !glob_set_match(set, ""));
    glob_set_free(set);
}

TEST(any_pattern_of_a_set_is_enough_also_beyond_one_word_of_states)
{
    struct error e = {0};
    enum { COUNT = 200 };
    char *patterns[COUNT];
    for (int i = 0; i < COUNT; i++)
        patterns[i] = xasprintf("folder-%03d/**/*.m?", i);
    struct glob_set *set = glob_set_new((const char *const *)patterns, COUNT, "include", &e);
    CHECK_OK(set != NULL, &e);
    for (int i = 0; i < COUNT; i++) {
        char path[64];
        snprintf(path, sizeof path, "folder-%03d/x/y.md", i);
        CHECK(glob_set_match(set, path));
        snprintf(path, sizeof path, "folder-%03d.md", i);
        CHECK(!glob_set_match(set, path));
        free(patterns[i]);
    }
    glob_set_free(set);
}

/* Every offset of every state to the words' bounds. */
/* Ordered and not, folders that begin alike, one that matches, one too long to be kept. */
TEST(a_walk_answers_as_for_each_path_alone)
{
    static const char *const patterns[] = {"*.md", "docs/*.txt", "out/", "/top"};
    char long_path[700];
    memset(long_path, 'l', sizeof long_path);
    memcpy(long_path + sizeof long_path - 6, "/a.md", 6);
    const char *const paths[] = {
        "a.md",        "docs/a.txt", "docs/a.md",    "docs/b/a.txt",
        "docs/b/a.md", "docs/b/c/d", "docs/b/c.txt", "docs/z",
        "docs2/a.t",   "doc/a.txt",  "out/a",        "out/b/c",
        "outer/a",     "top",        "top/a",        "x/top",
        long_path,     long_path,    "a.md",         "docs/a.txt",
        "docs/",       "",
    };
    for (size_t words = 0; words < 2; words++) {
        const char *set_of[5] = {patterns[0], patterns[1], patterns[2], patterns[3],
                                 "a-name-of-many-bytes-that-fills-more-than-a-word-of-states"};
        struct error e = {0};
        struct glob_set *set = glob_set_new(set_of, 4 + words, "include", &e);
        CHECK_OK(set != NULL, &e);
        struct glob_walk walk = {.set = set};
        size_t matched = 0;
        for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
            bool alone = glob_set_match(set, paths[i]);
            matched += alone;
            if (glob_walk_match(&walk, paths[i]) != alone)
                FAIL("%s: not %d", paths[i], alone);
        }
        CHECK(matched == 12);
        glob_set_free(set);
    }
}

TEST(states_carry_over_words)
{
    for (size_t length = 1; length < 200; length++) {
        char pattern[256];
        char path[256];
        memset(pattern, 'a', length);
        memcpy(path, pattern, length);
        snprintf(pattern + length, sizeof pattern - length, "/**/*b*/x");
        snprintf(path + length, sizeof path - length, "/bb/x");
        CHECK(matches(pattern, path));
        snprintf(path + length, sizeof path - length, "/p/q/ab/x");
        CHECK(matches(pattern, path));
        snprintf(path + length, sizeof path - length, "/p/q/a/x");
        CHECK(!matches(pattern, path));
    }
}

TEST(patterns_together_are_bounded)
{
    struct error e = {0};
    char *big = xmalloc(GLOB_SET_MAX + 1);
    memset(big, 'a', GLOB_SET_MAX);
    big[GLOB_SET_MAX] = '\0';
    const char *patterns[] = {big};
    CHECK_FAILS(glob_set_new(patterns, 1, "include", &e) != NULL, &e, CAUSE_CONFIG, "too long");
    big[GLOB_SET_MAX - 3] = '\0';
    CHECK(!matches(big, "a"));
    free(big);
}

/* A matcher that backtracks would need longer than the world stands. */
TEST(hostile_patterns_take_no_time)
{
    char path[4096];
    memset(path, 'a', sizeof path - 1);
    path[sizeof path - 1] = '\0';
    CHECK(!matches("*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*b", path));
    for (size_t i = 1; i < sizeof path - 1; i += 2)
        path[i] = '/';
    CHECK(!matches("**/a/**/a/**/a/**/a/**/a/**/a/**/a/**/b", path));
}
