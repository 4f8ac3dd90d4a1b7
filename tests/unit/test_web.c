/* What HTML is written with: escaping, addresses, ages; and the files inside the program. */
#include <stdlib.h>
#include <string.h>

#include "tests/unit/harness.h"
#include "tests/unit/html_check.h"
#include "worker/reads/web_assets.h"
#include "worker/reads/web_frame.h"
#include "worker/reads/web_time.h"

static const char *text_of(struct html *h)
{
    return h->out.data ? h->out.data : "";
}

/* --- the writer --------------------------------------------------------------------------------
 */

TEST(text_is_escaped)
{
    struct html h = {0};
    html_text_sized(&h, "<a b=\"c\" d='e'>&amp;\r\n\x1b\0\xff\t\xC3\xA9", 28);
    CHECK_STR(
        text_of(&h),
        "&lt;a b=&quot;c&quot; d=&#39;e&#39;&gt;&amp;amp;\n\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD"
        "\t\xC3\xA9");
    html_cut(&h, 0);
    html_textf(&h, "%s-%d", "<", 7);
    CHECK_STR(text_of(&h), "&lt;-7");
    html_cut(&h, 0);
    html_attr(&h, "title", "\"><script>");
    CHECK_STR(text_of(&h), " title=\"&quot;&gt;&lt;script&gt;\"");
    html_release(&h);
}

TEST(formatted_text_has_any_length)
{
    struct html h = {0};
    char long_text[2000];
    memset(long_text, '<', sizeof long_text);
    html_textf(&h, "%.*s", (int)sizeof long_text, long_text);
    CHECK_INT(h.out.size, 4 * sizeof long_text);
    html_release(&h);
}

TEST(numbers_have_their_thousands)
{
    static const struct {
        int64_t count;
        const char *text;
    } cases[] = {
        {0, "0"}, {999, "999"}, {1000, "1,000"}, {-1000, "-1,000"}, {1234567, "1,234,567"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct html h = {0};
        html_count(&h, cases[i].count);
        CHECK_STR(text_of(&h), cases[i].text);
        html_release(&h);
    }
}

TEST(addresses_are_encoded)
{
    struct html h = {0};
    web_page_address(&h, &(struct web_place){"n", "a b/\"?#%/\xC3\xA9.md", "x&y", 3});
    CHECK_STR(text_of(&h), "/pages/n/a%20b/%22%3F%23%25/%C3%A9.md?q=x%26y#c3");
    html_release(&h);
}

TEST(only_http_and_mail_lead_outside)
{
    static const char *const good[] = {"http://a", "HTTPS://a/b?c&d", "mailto:a@b"};
    static const char *const bad[] = {"javascript:alert(1)",
                                      " javascript:alert(1)",
                                      "JAVASCRIPT:x",
                                      "data:text/html,x",
                                      "vbscript:x",
                                      "http:",
                                      "http://",
                                      "//host/x",
                                      "file:///etc/passwd",
                                      "http://a\nb",
                                      "\x01http://a",
                                      "",
                                      "https://a\tb",
                                      "ftp://a"};
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        struct html h = {0};
        CHECK(html_outside_href(&h, good[i]));
        html_release(&h);
    }
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct html h = {0};
        if (html_outside_href(&h, bad[i]) || h.out.size)
            FAIL("'%s' was taken", bad[i]);
        html_release(&h);
    }
}

/* What the tests and the fuzzer look with must itself see. */
TEST(the_check_sees_what_must_not_be)
{
    static const char *const bad[] = {"<script>alert(1)</script>",
                                      "<p onclick=\"x\">a</p>",
                                      "<a href=\"javascript:x\">a</a>",
                                      "<a href=\"//host\">a</a>",
                                      "<img src=\"/x\">",
                                      "<p style=\"x\">a</p>",
                                      "<iframe></iframe>",
                                      "<p class=x>a</p>",
                                      "<p>a",
                                      "a</p>",
                                      "<b>a</b>",
                                      "<!-- a -->",
                                      "<p><div></p></div>",
                                      "<script src=\"/assets/a\">x</script>",
                                      "a \xff b",
                                      "<p class=\"a<b\">c</p>"};
    const char *place;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        if (!html_check(bad[i], strlen(bad[i]), &place))
            FAIL("not seen: %s", bad[i]);
    static const char good[] = "<p class=\"a\">b &lt; <a href=\"/pages/x\">c</a><br></p>";
    CHECK(html_check(good, strlen(good), &place) == NULL);
}

/* --- times and files ---------------------------------------------------------------------------
 */

TEST(ages_are_in_words)
{
    static const struct {
        int64_t seconds;
        const char *words;
    } cases[] = {{-5, "just now"},
                 {9, "just now"},
                 {10, "10 s"},
                 {59, "59 s"},
                 {60, "1 min"},
                 {3599, "59 min"},
                 {3600, "1 h"},
                 {2 * 86400 - 1, "47 h"},
                 {2 * 86400, "2 days"},
                 {59 * 86400, "59 days"},
                 {60 * 86400, "2 months"},
                 {731 * 86400, "2 years"}};
    char words[32];
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        age_words(cases[i].seconds, words, sizeof words);
        CHECK_STR(words, cases[i].words);
    }
}

TEST(the_files_are_there)
{
    static const char *const names[] = {"style.css", "app.js", "icon.svg"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        const struct web_asset *asset = web_asset_find(names[i]);
        if (!asset)
            FAIL("%s is missing", names[i]);
        CHECK(asset->size > 100);
        CHECK_INT(asset->bytes[asset->size - 1], '\n');
    }
    CHECK(web_asset_find("nix") == NULL);
    CHECK_INT(strlen(web_assets_hash()), WEB_ASSETS_HASH_SIZE - 1);
}
