/* Where a link leads inside its source. */
#include "worker/sync/link_key.h"

#include "tests/unit/harness.h"

static void leads(enum link_kind kind, const char *target, const char *from, const char *want)
{
    struct buf key = {0};
    bool inside = link_key(kind, target, from, &key);
    if (inside != (want != NULL))
        FAIL("%s from %s: %s", target, from, inside ? key.data : "outside");
    if (want)
        CHECK_STR(key.data, want);
    buf_release(&key);
}

TEST(relative_destinations_are_resolved_from_the_page)
{
    leads(LINK_MARKDOWN, "b.md", "a.md", "b.md");
    leads(LINK_MARKDOWN, "b.md", "x/y/a.md", "x/y/b.md");
    leads(LINK_MARKDOWN, "./b.md", "x/a.md", "x/b.md");
    leads(LINK_MARKDOWN, "../b.md", "x/a.md", "b.md");
    leads(LINK_MARKDOWN, "../z/./b.md", "x/y/a.md", "x/z/b.md");
    leads(LINK_MARKDOWN, "/z/b.md", "x/y/a.md", "z/b.md");
    leads(LINK_MARKDOWN, "z//b.md", "a.md", "z/b.md");
    leads(LINK_MARKDOWN, "folder/", "a.md", "folder");
    leads(LINK_MARKDOWN, "..b/...md", "a.md", "..b/...md");
}

TEST(query_and_fragment_are_left_out)
{
    leads(LINK_MARKDOWN, "b.md#part", "a.md", "b.md");
    leads(LINK_MARKDOWN, "b.md?raw=1#part", "a.md", "b.md");
    leads(LINK_MARKDOWN, "#part", "a.md", NULL);
    leads(LINK_MARKDOWN, "?x", "a.md", NULL);
    leads(LINK_MARKDOWN, "", "a.md", NULL);
}

TEST(percent_codes_are_decoded_once)
{
    leads(LINK_MARKDOWN, "two%20words.md", "a.md", "two words.md");
    leads(LINK_MARKDOWN, "caf%C3%A9.md", "a.md", "caf\xC3\xA9.md");
    leads(LINK_MARKDOWN, "%2525.md", "a.md", "%25.md");
    leads(LINK_MARKDOWN, "100%.md", "a.md", "100%.md");
    leads(LINK_MARKDOWN, "x%2", "a.md", "x%2");
    leads(LINK_MARKDOWN, "x%zz.md", "a.md", "x%zz.md");
    leads(LINK_MARKDOWN, "x%00.md", "a.md", "x%00.md");
    leads(LINK_MARKDOWN, "%2e%2e/b.md", "x/a.md", "b.md");
    leads(LINK_MARKDOWN, "%ff.md", "a.md", NULL);
}

TEST(what_leads_outside_has_no_key)
{
    leads(LINK_MARKDOWN, "https://example.org/b.md", "a.md", NULL);
    leads(LINK_MARKDOWN, "mailto:ada@example.org", "a.md", NULL);
    leads(LINK_MARKDOWN, "//example.org/b.md", "a.md", NULL);
    leads(LINK_MARKDOWN, "../b.md", "a.md", NULL);
    leads(LINK_MARKDOWN, "../../b.md", "x/a.md", NULL);
    leads(LINK_MARKDOWN, "/..", "x/a.md", NULL);
    leads(LINK_MARKDOWN, "..", "x/a.md", NULL);
    leads(LINK_MARKDOWN, ".", "a.md", NULL);
    leads(LINK_MARKDOWN, "x/../..", "a.md", NULL);
}

TEST(a_colon_after_a_slash_is_no_scheme)
{
    leads(LINK_MARKDOWN, "./a:b.md", "x.md", "a:b.md");
    leads(LINK_MARKDOWN, "1:b.md", "x.md", "1:b.md");
}

TEST(wiki_names_are_taken_as_they_are)
{
    leads(LINK_WIKI, "Some Page", "x/a.md", "Some Page");
    leads(LINK_WIKI, "Some Page#part", "x/a.md", "Some Page");
    leads(LINK_WIKI, "what?", "x/a.md", "what?");
    leads(LINK_WIKI, "../up", "x/a.md", "../up");
    leads(LINK_WIKI, "#part", "x/a.md", NULL);
}
