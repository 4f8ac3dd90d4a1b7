/* Entries as pages. */
#include <string.h>

#include "common/private.h"
#include "tests/unit/harness.h"
#include "worker/sync/feed_page.h"
#include "worker/sync/page.h"

static const char *path_of(const char *id)
{
    static struct buf path;
    feed_page_path(&path, id, strlen(id));
    return path.data;
}

static void path_begins(const char *id, const char *slug)
{
    const char *path = path_of(id);
    size_t size = strlen(slug);
    if (strncmp(path, slug, size) != 0 || path[size] != '-' || strlen(path) != size + 1 + 12 + 3)
        FAIL("\"%s\" became %s", id, path);
}

TEST(a_path_is_readable_and_safe)
{
    path_begins("https://example.org/2024/01/Hello-World/", "2024-01-hello-world");
    path_begins("https://example.org/?p=123", "p-123");
    path_begins("https://example.org", "example-org");
    path_begins("tag:example.org,2003:3.2397", "tag-example-org-2003-3-2397");
    path_begins("../../etc/passwd", "etc-passwd");
    path_begins("/", "entry");
    path_begins("\xC3\xA9\xC3\xA9", "entry");
    path_begins("a\nb\x01", "a-b");
    CHECK(strlen(
              path_of("https://example.org/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
                      "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa")) <= 80);
}

TEST(two_ids_have_two_paths)
{
    char first[128];
    snprintf(first, sizeof first, "%s", path_of("https://example.org/a?b"));
    CHECK(strcmp(first, path_of("https://example.org/a/b")) != 0);
    CHECK_STR(path_of("https://example.org/a?b"), first);
}

static struct feed_entry given;
static struct buf page;

static const char *page_of(void)
{
    struct error e = {0};
    CHECK_OK(feed_page(&page, &given, "https://example.org/feed", &e), &e);
    return page.data;
}

static void set(struct buf *b, const char *text)
{
    buf_reset(b);
    buf_add_text(b, text);
}

TEST(a_page_has_front_matter_and_body)
{
    set(&given.title, "A \"title\":\n two\xC2\x85lines \xE2\x80\xA8x");
    set(&given.url, "https://example.org/a");
    set(&given.author, "Ada");
    set(&given.published, "Sat, 28 Nov 2026 19:09:14 +0200");
    set(&given.updated, "1790000000");
    set(&given.body, "<p>text <a href=b>l</a>");
    given.body_type = FEED_HTML;
    given.tags = json_pack("[s,s]", "one", "two, \"three\"");
    CHECK_STR(page_of(), "---\n"
                         "title: \"A \\\"title\\\": two lines x\"\n"
                         "url: \"https://example.org/a\"\n"
                         "author: \"Ada\"\n"
                         "published: \"2026-11-28T17:09:14Z\"\n"
                         "updated: \"2026-09-21T14:13:20Z\"\n"
                         "tags: [\"one\", \"two, \\\"three\\\"\"]\n"
                         "---\n\n"
                         "text [l](https://example.org/b)\n");
    json_decref(given.tags);
}

TEST(its_front_matter_is_read_back)
{
    struct page parsed = {0};
    struct error e = {0};
    set(&given.title, "\xF0\x9F\x98\x80 --- # [x]: {y} \x7F \xEF\xBF\xBE 'q' \\");
    set(&given.body, "---\nkey: no\n---\n");
    given.tags = json_pack("[s]", "t");
    page_of();
    CHECK_OK(page_parse(&parsed, "a.md", page.data, page.size, &e), &e);
    CHECK(!parsed.warning);
    CHECK_STR(parsed.title, "\xF0\x9F\x98\x80 --- # [x]: {y} 'q' \\");
    CHECK_INT(parsed.tag_count, 1);
    page_release(&parsed);
    json_decref(given.tags);
}

TEST(without_a_title_the_first_words_are_it)
{
    set(&given.body, "\nJust a note.\nMore.");
    CHECK_CONTAINS(page_of(), "title: \"Just a note.\"\n");
    set(&given.body, "word word word word word word word word word word word word word word word "
                     "word word word");
    CHECK_CONTAINS(page_of(), "word\xE2\x80\xA6\"\n");
    set(&given.body, "");
    CHECK_STR(page_of(), "---\n---\n\n");
}

TEST(what_is_private_is_in_no_value)
{
    set(&given.title, "a <private>secret</private>b");
    set(&given.body, "x &lt;private&gt;secret&lt;/private&gt; y");
    given.body_type = FEED_HTML;
    page_of();
    size_t size = private_strip(page.data, page.size);
    CHECK(!memmem(page.data, size, "secret", 6));
}
