/* Feeds: what each format says of an entry, and what is refused. */
#include <string.h>

#include "common/text.h"
#include "tests/unit/harness.h"
#include "worker/sync/feed.h"

static struct buf said; /* a line per entry */
static struct feed_found found;
static struct error problem;

static const char *or_none(const struct buf *b)
{
    return b->data ? b->data : "";
}

static bool on_entry(void *context, const struct feed_entry *entry, struct error *e)
{
    (void)context, (void)e;
    if (entry->deleted) {
        buf_printf(&said, "gone %s\n", entry->id.data);
        return true;
    }
    char *tags = entry->tags ? json_dumps(entry->tags, JSON_COMPACT) : NULL;
    buf_printf(&said, "id=%s title=%s url=%s by=%s at=%s/%s %s=%s%s%s\n", entry->id.data,
               or_none(&entry->title), or_none(&entry->url), or_none(&entry->author),
               or_none(&entry->published), or_none(&entry->updated),
               entry->body_type == FEED_HTML ? "html" : "text", or_none(&entry->body),
               tags ? " tags=" : "", tags ? tags : "");
    free(tags);
    return true;
}

static bool read_sized(const char *bytes, size_t size, const char *map)
{
    json_error_t e;
    json_t *pointers = map ? json_loads(map, 0, &e) : NULL;
    const struct feed_document document = {.bytes = bytes,
                                           .size = size,
                                           .url = "https://example.org/feed/",
                                           .type = "text/plain",
                                           .map = pointers};
    const struct feed_sink sink = {on_entry, NULL};
    buf_reset(&said);
    feed_found_release(&found);
    problem = (struct error){0};
    bool ok = feed_read(&document, &sink, &found, &problem);
    json_decref(pointers);
    return ok;
}

static bool reads(const char *bytes)
{
    return read_sized(bytes, strlen(bytes), NULL);
}

static const char *entries(void)
{
    return said.data ? said.data : "";
}

#define FAILS(bytes, part) CHECK_FAILS(reads(bytes), &problem, CAUSE_BAD_DATA, part)

TEST(reads_json_feed)
{
    CHECK_OK(reads("\xEF\xBB\xBF {\"version\":\"https://jsonfeed.org/version/1.1\",\"next_url\":"
                   "\"?page=2\",\"items\":[{\"id\":7,\"title\":\"T\",\"url\":\"/p/7\","
                   "\"content_html\":\"<p>x\",\"content_text\":\"y\",\"date_published\":\"2026\","
                   "\"authors\":[{\"name\":\"A\"},{\"name\":\"B\"}],\"tags\":[\"t\",1,\"u\"]},"
                   "{\"id\":\"b\",\"content_text\":\"only text\",\"author\":{\"name\":\"C\"}},"
                   "{\"external_url\":\"https://other.org/\",\"summary\":\"s\"}]}"),
             &problem);
    CHECK_STR(entries(), "id=7 title=T url=https://example.org/p/7 by=A, B at=2026/ html=<p>x "
                         "tags=[\"t\",\"u\"]\n"
                         "id=b title= url= by=C at=/ text=only text\n"
                         "id=https://other.org/ title= url=https://other.org/ by= at=/ text=s\n");
    CHECK_STR(found.next, "?page=2");
}

TEST(reads_rss)
{
    CHECK_OK(
        reads("\n<?xml version='1.0'?><rss version='2.0' "
              "xmlns:content='http://purl.org/rss/1.0/modules/content/' "
              "xmlns:dc='http://purl.org/dc/elements/1.1/' "
              "xmlns:media='http://search.yahoo.com/mrss/' "
              "xmlns:atom='http://www.w3.org/2005/Atom'><channel><title>Blog</title>"
              "<atom:link rel='next' href='?paged=2'/><atom:link rel='self' href='x'/>"
              "<item><title>One &amp; two</title><media:title>no</media:title>"
              "<link> /one </link><guid isPermaLink='false'>g1</guid>"
              "<description>short</description><content:encoded><![CDATA[<p>long</p>]]>"
              "</content:encoded><pubDate>Sat, 28 Nov 2026 19:09:14 GMT</pubDate>"
              "<dc:creator>Ada</dc:creator><category>c1</category><category>c2</category></item>"
              "<item><link>https://example.org/two</link><description>a &lt;b&gt;</description>"
              "</item><item><description>plain</description></item></channel></rss>"),
        &problem);
    CHECK_STR(entries(),
              "id=g1 title=One & two url=https://example.org/one by=Ada at=Sat, 28 Nov 2026 "
              "19:09:14 GMT/ html=<p>long</p> tags=[\"c1\",\"c2\"]\n"
              "id=https://example.org/two title= url=https://example.org/two by= at=/ "
              "html=a <b>\n"
              "id=6b9653d41b66c850 title= url= by= at=/ text=plain\n");
    CHECK_STR(found.next, "https://example.org/feed/?paged=2");
    CHECK(!found.complete);
}

TEST(content_comes_before_a_summary_in_any_order)
{
    CHECK_OK(reads("<rss xmlns:c='http://purl.org/rss/1.0/modules/content/'><channel><item>"
                   "<guid>1</guid><c:encoded>long</c:encoded><description>short</description>"
                   "</item></channel></rss>"),
             &problem);
    CHECK_CONTAINS(entries(), "text=long");
}

TEST(reads_rss_1)
{
    CHECK_OK(reads("<rdf:RDF xmlns='http://purl.org/rss/1.0/' "
                   "xmlns:rdf='http://www.w3.org/1999/02/22-rdf-syntax-ns#'><channel><title>x"
                   "</title></channel><item rdf:about='a'><title>T</title><link>http://e.org/1"
                   "</link></item></rdf:RDF>"),
             &problem);
    CHECK_STR(entries(), "id=http://e.org/1 title=T url=http://e.org/1 by= at=/ text=\n");
}

TEST(reads_atom)
{
    CHECK_OK(
        reads("<feed xmlns='http://www.w3.org/2005/Atom' xml:base='/blog/' "
              "xmlns:at='http://purl.org/atompub/tombstones/1.0'>"
              "<title>B</title><id>feed-id</id><author><name>Feed's</name></author>"
              "<link rel='next' href='page2'/>"
              "<at:deleted-entry ref='urn:gone' when='2026-01-01T00:00:00Z'/>"
              "<entry><id>urn:1</id><title type='html'>a &lt;i&gt;b&lt;/i&gt;</title>"
              "<link rel='edit' href='e'/><link href='one.html'/><link rel='alternate' href='2'/>"
              "<author><name>Ada</name><email>a@e.org</email></author><author><name>Bob</name>"
              "</author><published>P</published><updated>U</updated><category term='t'/>"
              "<summary>s</summary><content type='xhtml'><div "
              "xmlns='http://www.w3.org/1999/xhtml'>x &lt; <a href='y&amp;z'>l</a><br/></div>"
              "</content><source><id>other</id><title>other</title></source></entry>"
              "<entry><id>urn:2</id><title>t</title><content type='text'>&lt;b&gt;</content>"
              "</entry><entry><id>urn:3</id><content type='image/png'>AAAA</content></entry>"
              "<entry><id>urn:4</id><content type='text/html' src='far.html'/></entry></feed>"),
        &problem);
    CHECK_STR(entries(),
              "gone urn:gone\n"
              "id=urn:1 title=a <i>b</i> url=https://example.org/blog/one.html by=Ada, Bob at=P/U "
              "html=<div>x &lt; <a href=\"y&amp;z\">l</a><br/></div> tags=[\"t\"]\n"
              "id=urn:2 title=t url= by= at=/ text=<b>\n"
              "id=urn:3 title= url= by= at=/ text=\n"
              "id=urn:4 title= url=https://example.org/blog/far.html by= at=/ text=\n");
    CHECK_STR(found.next, "https://example.org/blog/page2");
}

TEST(a_complete_feed_says_so)
{
    CHECK_OK(reads("<feed xmlns='http://www.w3.org/2005/Atom' "
                   "xmlns:fh='http://purl.org/syndication/history/1.0'><fh:complete/></feed>"),
             &problem);
    CHECK(found.complete);
    CHECK_INT(found.entries, 0);
}

TEST(reads_other_encodings)
{
    CHECK_OK(reads("<?xml version='1.0' encoding='iso-8859-1'?><rss><channel><item><guid>1</guid>"
                   "<title>caf\xE9</title></item></channel></rss>"),
             &problem);
    CHECK_CONTAINS(entries(), "title=caf\xC3\xA9 ");
}

TEST(reads_json_by_a_map)
{
    static const char map[] =
        "{\"items\":\"/data/list\",\"id\":\"/key\",\"title\":\"/t/text\",\"body\":\"/b\","
        "\"updated\":\"/when\",\"deleted\":\"/gone\",\"next\":\"/links/next\"}";
    static const char json[] =
        "{\"data\":{\"list\":[{\"key\":1,\"t\":{\"text\":\"T\"},\"b\":\" <p>x</p>\\n\",\"when\":5},"
        "{\"key\":\"k2\",\"b\":\"a <b> c\",\"gone\":null},{\"key\":\"k3\",\"gone\":true},"
        "{\"key\":\"k4\",\"gone\":\"2026-01-01\"},{\"key\":\"k5\",\"gone\":0,\"b\":{\"x\":1}}]},"
        "\"links\":{\"next\":\"/n\"}}";
    CHECK_OK(read_sized(json, strlen(json), map), &problem);
    CHECK_STR(entries(), "id=1 title=T url= by= at=/5 html= <p>x</p>\n\n"
                         "id=k2 title= url= by= at=/ text=a <b> c\n"
                         "gone k3\ngone k4\n"
                         "id=k5 title= url= by= at=/ text=```json\n{\n  \"x\": 1\n}\n```\n\n");
    CHECK_STR(found.next, "/n");
}

static void map_fails(const char *json, const char *map, const char *part)
{
    CHECK_FAILS(read_sized(json, strlen(json), map), &problem, CAUSE_BAD_DATA, part);
}

TEST(a_map_that_does_not_fit_is_said)
{
    map_fails("{\"a\":1}", "{\"items\":\"/b\",\"id\":\"/x\"}", "no list at \"/b\"");
    map_fails("[{\"y\":1}]", "{\"id\":\"/x\"}", "item 0 has no text or number at \"/x\"");
    map_fails("{\"l\":[],\"n\":3}", "{\"items\":\"/l\",\"id\":\"/x\",\"next\":\"/n\"}", "no URL");
    map_fails("<rss/>", "{\"id\":\"/x\"}", "`map` is for JSON");
    CHECK_OK(read_sized("{\"l\":null}", 10, "{\"items\":\"/l\",\"id\":\"/x\"}"), &problem);
    CHECK_INT(found.entries, 0);
}

TEST(what_is_no_feed_is_said)
{
    FAILS("", "empty");
    FAILS("  \n", "empty");
    FAILS("<!DOCTYPE html><html>", "a web page, not a feed");
    FAILS("<HTML lang=en>", "own address (served as text/plain); it begins with: <HTML lang=en>");
    FAILS("<?xml version='1.0'?><html xmlns='http://www.w3.org/1999/xhtml'/>", "a web page");
    FAILS("<svg/>", "neither RSS 2.0 nor Atom 1.0: its root is <svg>");
    FAILS("<feed/>", "its root is <feed>");
    FAILS("Internal error\x1b[31m", "it begins with: Internal error\\x1b[31m");
    FAILS("{\"items\":[]}", "no JSON Feed");
    FAILS("{\"version\":\"https://jsonfeed.org/version/1\"}", "without a list");
    FAILS("[1,2", "JSON, line 1");
    FAILS("{\"version\":\"https://jsonfeed.org/version/1\",\"items\":[3]}", "items[0]");
}

TEST(what_is_cut_is_not_taken_for_whole)
{
    FAILS("<rss><channel><item><guid>1</guid></item>", "XML, line 1");
    FAILS("<rss><channel>\n<item><guid>1</giud></item></channel></rss>", "XML, line 2");
    FAILS("<rss><channel>\xFF</channel></rss>", "XML, line 1");
}

TEST(entities_are_refused)
{
    FAILS("<!DOCTYPE r [<!ENTITY a 'aaaaaaaaaa'><!ENTITY b '&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;'>"
          "<!ENTITY c '&b;&b;&b;&b;&b;&b;&b;&b;&b;&b;'><!ENTITY d '&c;&c;&c;&c;&c;&c;&c;&c;'>"
          "<!ENTITY e '&d;&d;&d;&d;&d;&d;&d;&d;&d;&d;'><!ENTITY f '&e;&e;&e;&e;&e;&e;&e;&e;'>]>"
          "<rss><channel><item><title>&f;</title></item></channel></rss>",
          "");
    CHECK_STR(entries(), "");
    FAILS("<!DOCTYPE r [<!ENTITY x SYSTEM 'file:///etc/passwd'>]><rss><channel><item><title>&x;"
          "</title></item></channel></rss>",
          "refused");
    FAILS("<!DOCTYPE r [<!ENTITY % p SYSTEM 'http://127.0.0.1:1/x'> %p;]><rss/>", "refused");
    FAILS("<!DOCTYPE r '>' [<!ENTITY nbsp 'x'>]><rss/>", "refused");
    FAILS("<?xml version='1.0'?><!-- > --><!doctype r []><rss/>", "refused");
    /* Where it may not stand, or in what is not looked into. */
    FAILS("<rss><channel/></rss><!DOCTYPE r>", "XML, line 1");
    static const char wide[] = "\xFF\xFE<\0!\0D\0O\0C\0T\0Y\0P\0E\0 \0r\0>\0<\0r\0s\0s\0/\0>\0";
    CHECK_FAILS(read_sized(wide, sizeof wide - 1, NULL), &problem, CAUSE_BAD_DATA, "refused");
}

static void title_is(const char *title, const char *want)
{
    struct buf feed = {0};
    buf_printf(&feed, "<rss><channel><item><guid>1</guid><title>%s</title></item></channel></rss>",
               title);
    CHECK_OK(reads(feed.data), &problem);
    buf_reset(&feed);
    buf_printf(&feed, "title=%s url=", want);
    CHECK_CONTAINS(entries(), feed.data);
    buf_release(&feed);
}

TEST(names_of_characters_are_those_characters)
{
    title_is("a&nbsp;b", "a\xC2\xA0"
                         "b");
    title_is("&mdash;&hellip;&eacute;&Eacute;&thetasym;&euro;", "—…éÉϑ€");
    title_is("&lt;&gt;&amp;&quot;&apos;&#38;&#x2014;", "<>&\"'&—");
    title_is("&amp;nbsp;", "&nbsp;");
    title_is("<![CDATA[&nbsp;&]]>&nbsp;<!-- &nbsp; & -->.", "&nbsp;&\xC2\xA0.");
    title_is("<?php & ?>x", "x");
    CHECK_OK(reads("<feed xmlns='http://www.w3.org/2005/Atom'><entry><id>1</id>"
                   "<category term='caf&eacute;'/></entry></feed>"),
             &problem);
    CHECK_CONTAINS(entries(), "tags=[\"café\"]");
}

TEST(what_is_no_reference_is_what_is_written)
{
    title_is("AT&T", "AT&T");
    title_is("R & D &", "R & D &");
    title_is("&other; &nbsp &NBSP; &thetasyms; &#; &#x; &#12",
             "&other; &nbsp &NBSP; &thetasyms; &#; &#x; &#12");
    CHECK_OK(reads("<rss><channel><item><link>http://e.org/?a=1&b=2&copy=3</link></item></channel>"
                   "</rss>"),
             &problem);
    CHECK_CONTAINS(entries(), "url=http://e.org/?a=1&b=2&copy=3 ");
}

TEST(a_document_type_that_declares_nothing_is_passed_over)
{
    static const char *const types[] = {
        "<!DOCTYPE rss>",
        "<!DOCTYPE rss PUBLIC \"-//Netscape//DTD RSS 0.91//EN\"\n \"http://127.0.0.1:1/x\">",
        "<!DOCTYPE rss SYSTEM 'http://127.0.0.1:1/x[>]&y;.dtd'>",
        "<!-- <!DOCTYPE rss [ --><!doctype rss >\n",
    };
    for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
        struct buf feed = {0};
        buf_printf(&feed,
                   "<?xml version='1.0'?>\n%s<rss><channel><item><guid>1</guid></item></channel>"
                   "</rss>",
                   types[i]);
        CHECK_OK(reads(feed.data), &problem);
        CHECK_INT(found.entries, 1);
        buf_release(&feed);
    }
    FAILS("<!DOCTYPE rss\n\n><rss><channel>\n<item></giud></channel></rss>", "XML, line 4");
    FAILS("<!DOCTYPE rss", "document type has no end");
    FAILS("<!DOCTYPE rss \"> <rss/>", "document type has no end");
}

/* It would be five times as large; libxml2 takes minutes to find that it is none. */
TEST(a_document_of_ampersands_grows_within_bounds)
{
    struct buf many = {0};
    buf_add_text(&many, "<rss><channel><title>");
    for (int i = 0; i < 2 * 1024 * 1024; i++)
        buf_add_byte(&many, '&');
    buf_add_text(&many, "</title></channel></rss>");
    FAILS(many.data, "more than 500000 `&`");
    buf_release(&many);
}

TEST(depth_is_bounded)
{
    struct buf deep = {0};
    buf_add_text(&deep, "<rss>");
    for (int i = 0; i < 100000; i++)
        buf_add_text(&deep, "<a>");
    FAILS(deep.data, "");
    buf_reset(&deep);
    for (int i = 0; i < 100000; i++)
        buf_add_text(&deep, "[");
    FAILS(deep.data, "JSON");
    buf_release(&deep);
}

TEST(number_is_bounded)
{
    struct buf many = {0};
    buf_add_text(&many, "<rss><channel>");
    for (int i = 0; i <= FEED_ENTRIES_MAX; i++)
        buf_add_text(&many, "<item/>");
    buf_add_text(&many, "</channel></rss>");
    FAILS(many.data, "more than 100000 entries");
    buf_release(&many);
}

TEST(a_nul_is_the_entrys_trouble_alone)
{
    CHECK_OK(reads("{\"version\":\"https://jsonfeed.org/version/1\",\"items\":[{\"id\":\"a\","
                   "\"content_text\":\"x\\u0000y\"},{\"id\":\"b\"}]}"),
             &problem);
    CHECK_INT(found.entries, 2);
}
