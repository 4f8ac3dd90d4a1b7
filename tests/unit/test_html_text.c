/* HTML to text. */
#include <string.h>

#include "common/private.h"
#include "common/text.h"
#include "tests/unit/harness.h"
#include "worker/sync/html_text.h"

static struct buf out;
static bool cut;

static const char *text_sized(const char *html, size_t size)
{
    struct error e = {0};
    buf_reset(&out);
    const struct html_source source = {html, size, "https://example.org/a/b.html"};
    CHECK_OK(text_from_html(&source, &out, &cut, &e), &e);
    return out.data ? out.data : "";
}

static const char *text_of(const char *html)
{
    return text_sized(html, strlen(html));
}

TEST(paragraphs_and_headings_become_markdown)
{
    CHECK_STR(text_of("<h2>Hello <b>big</b>\nworld</h2><p>one\n two</p>three<br>four<br><br>five"),
              "## Hello big world\n\none two\n\nthree\nfour\n\nfive\n");
    CHECK_STR(text_of("<div>a<div>b</div></div><p></p><p>c&nbsp; d</p>"), "a\n\nb\n\nc d\n");
    CHECK_STR(text_of(""), "");
    CHECK_STR(text_of("  \n "), "");
    CHECK_STR(text_of("plain text"), "plain text\n");
    CHECK_STR(text_of("a<hr>b"), "a\n\n---\n\nb\n");
}

TEST(lists_are_indented)
{
    CHECK_STR(text_of("<ul><li>one<li><p>two</p><p>more</p><ol start=3><li>a<li>b</ol><li>c</ul>d"),
              "- one\n- two\n\n  more\n\n  3. a\n  4. b\n- c\n\nd\n");
    CHECK_STR(text_of("<li>alone"), "- alone\n");
}

TEST(quotations_have_their_mark)
{
    CHECK_STR(text_of("a<blockquote><p>q</p><p>r</p><blockquote>s</blockquote></blockquote>b"),
              "a\n\n> q\n>\n> r\n>\n> > s\n\nb\n");
}

TEST(links_are_whole)
{
    CHECK_STR(text_of("<a href='../x?y=1'>link</a> <a href=\"/z (1)\">two\nwords</a>"),
              "[link](https://example.org/x?y=1) [two words](https://example.org/z%20%281%29)\n");
    CHECK_STR(text_of("<a href=' javascript:alert(1)'>no</a> <a href=#part>part</a> <a>none</a>"),
              "no part none\n");
    CHECK_STR(text_of("<a href=/empty></a>x"), "x\n");
    CHECK_STR(text_of("<img src=i.png alt='a [b]'><img src='data:image/png;base64,AA' alt=dot>"),
              "![a b](https://example.org/a/i.png)dot\n");
    CHECK_STR(text_of("<iframe src=//v.example/1>old</iframe>"), "<https://v.example/1>\n");
}

TEST(code_is_kept_as_it_is)
{
    CHECK_STR(text_of("use <code>a&lt;b</code> and <code>x`y</code>"), "use `a<b` and `` x`y ``\n");
    CHECK_STR(text_of("<pre><code class=language-c>int  x;\n  // &lt;p&gt;\n</code></pre>"),
              "```c\nint  x;\n  // <p>\n```\n");
    CHECK_STR(text_of("<pre>\nfirst\n\n```\n</pre>z"), "````\nfirst\n\n```\n````\n\nz\n");
    CHECK_STR(text_of("<ul><li><pre>a\nb</pre></ul>"), "- ```\n  a\n  b\n  ```\n");
}

TEST(tables_are_rows_of_cells)
{
    CHECK_STR(text_of("<table><caption>C</caption><tr><th>A<th>B</tr><tr><td><p>1</p></td><td>2"
                      "</td></tr></table>x"),
              "C\nA | B\n1 | 2\n\nx\n");
}

TEST(what_is_not_shown_is_left_out)
{
    CHECK_STR(text_of("<html><head><title>t</title><style>p{}</style></head><body>a<script>if(1<2)"
                      "</script><!-- c --><div hidden>h</div><template>t</template><svg><text>s"
                      "</text></svg>b</body></html>"),
              "ab\n");
    CHECK_STR(text_of("<style>a"), "");
    CHECK_STR(text_of("<select><option>o</select><button>b</button>x"), "x\n");
}

TEST(entities_are_characters)
{
    CHECK_STR(text_of("caf&eacute; &#x2014; &#8217; &amp;lt; &unknown; AT&T"),
              "caf\xC3\xA9 \xE2\x80\x94 \xE2\x80\x99 &lt; &unknown; AT&T\n");
}

TEST(text_does_not_turn_into_markup)
{
    CHECK_STR(text_of("&lt;div&gt; 1 &lt; 2 &lt;!-- &lt;/p&gt;"), "\\<div> 1 < 2 \\<!-- \\</p>\n");
    CHECK_STR(text_of("<p># no heading<p>- no item<p>&gt; no quotation<p>```<p>-5 degrees"),
              "\\# no heading\n\n\\- no item\n\n\\> no quotation\n\n\\```\n\n-5 degrees\n");
}

static size_t without_private(const char *html)
{
    text_of(html);
    return out.size ? private_strip(out.data, out.size) : 0;
}

TEST(private_blocks_go)
{
    CHECK_STR(text_of("a <private>s</private> b"), "a b\n");
    /* The parser would end the element with the paragraph. */
    CHECK_STR(text_of("<p>a <private>s</p><p>t</private> b</p>"), "a b\n");
    size_t size = without_private("a &lt;private&gt;s&lt;/private&gt; b");
    CHECK_MEM(out.data, size, "a  b\n", 5);
    size = without_private("a &lt;PRIVATE x&gt;<p>s</p>&lt;<b>/private</b>&gt; b");
    CHECK_MEM(out.data, size, "a  b\n", 5);
    size = without_private("a &#60;private&#62; s");
    CHECK_MEM(out.data, size, "a ", 2);
}

TEST(bytes_that_are_no_text_do_no_harm)
{
    CHECK_STR(text_sized("a\0b\xFF"
                         "c",
                         5),
              "a b\xEF\xBF\xBD"
              "c\n");
    CHECK_STR(text_of("<meta charset=iso-8859-1><p>\xC3\xA9"), "\xC3\xA9\n");
    CHECK_STR(text_of("a <"), "a\n");
}

TEST(nothing_after_the_end_of_an_element_is_lost)
{
    CHECK_STR(text_of("</p></div></body></html>x<html><body>y</body>z</html>w"), "xyzw\n");
}

static const char *repeated(const char *unit, size_t count)
{
    static struct buf many;
    buf_reset(&many);
    for (size_t i = 0; i < count; i++)
        buf_add_text(&many, unit);
    return many.data;
}

TEST(depth_is_bounded)
{
    text_of(repeated("<b>", HTML_DEPTH_MAX - 2));
    CHECK(!cut);
    text_of(repeated("<b>x", HTML_DEPTH_MAX * 1000));
    CHECK(cut);
    CHECK(out.size < 2000);
}

TEST(size_is_bounded)
{
    struct buf html = {0};
    for (int i = 0; i < 15; i++)
        buf_add_text(&html, "<ul><li>");
    buf_add_text(&html, "<pre>");
    buf_add_text(&html, repeated("\n", 1000000));
    text_sized(html.data, html.size);
    CHECK(cut);
    CHECK(out.size < HTML_TEXT_MAX + 1000);
    buf_release(&html);
}

/* Each of them takes minutes where it is not seen. */
TEST(time_is_bounded)
{
    struct buf html = {0};
    buf_add_text(&html, "<p ");
    for (int i = 0; i < 300000; i++)
        buf_printf(&html, "a%d ", i);
    buf_add_text(&html, ">x");
    text_sized(html.data, html.size);
    CHECK(cut);
    text_of(repeated("<b>", 300000));
    CHECK(cut);
    text_of(repeated("some words ", 100000));
    CHECK(!cut);
    CHECK_INT(out.size, 1100000);
    buf_release(&html);
}
