/* The query language: what is a term, what is not, and that nothing is a mistake. */
#include "worker/reads/query.h"

#include <stdlib.h>
#include <string.h>

#include "common/text.h"
#include "tests/unit/harness.h"

/* "one|two -three four*": terms by space, alternatives by |, as they were understood. */
static char *shown(const char *text)
{
    struct query q;
    struct buf out = {0};
    query_parse(text, strlen(text), &q);
    buf_add_text(&out, "");
    for (size_t i = 0; i < q.count; i++) {
        const struct query_term *t = &q.terms[i];
        bool either =
            i > 0 && !t->excluded && !q.terms[i - 1].excluded && t->group == q.terms[i - 1].group;
        buf_printf(&out, "%s%s%s[%.*s]%s", i ? (either ? "|" : " ") : "", t->excluded ? "-" : "",
                   t->ends ? "*" : "", (int)t->size, t->text, t->begins ? "*" : "");
    }
    return buf_take(&out);
}

static void expect(const char *text, const char *want)
{
    char *got = shown(text);
    CHECK_STR(got, want);
    free(got);
}

TEST(words_are_terms)
{
    expect("one two", "[one] [two]");
    expect("  one\ttwo\n", "[one] [two]");
    expect("one\xC2\xA0two\xE3\x80\x80three", "[one] [two] [three]");
}

TEST(quotes_make_a_phrase)
{
    expect("\"one two\" three", "[one two] [three]");
    expect("\xE2\x80\x9Cone two\xE2\x80\x9D", "[one two]");
    expect("a\"b c\"d", "[a] [b c] [d]");
}

TEST(an_open_quote_ends_with_the_query)
{
    expect("one \"two three", "[one] [two three]");
    expect("\"", "");
    expect("one \"\" two", "[one] [two]");
}

TEST(a_minus_in_front_excludes)
{
    expect("one -two", "[one] -[two]");
    expect("one -\"two three\"", "[one] -[two three]");
    expect("well-known", "[well-known]");
    expect("one - two", "[one] [two]");
    expect("-", "");
}

TEST(stars_ask_for_parts)
{
    expect("pre*", "[pre]*");
    expect("*part*", "*[part]*");
    expect("*fix", "*[fix]");
    expect("\"uv sp\"*", "[uv sp]*");
    expect("*", "");
    expect("a*b", "[a*b]");
}

TEST(or_joins_its_neighbours)
{
    expect("a OR b c", "[a]|[b] [c]");
    expect("a | b", "[a]|[b]");
    expect("a OR b OR c", "[a]|[b]|[c]");
    expect("x a OR b", "[x] [a]|[b]");
}

TEST(or_without_neighbours_is_nothing)
{
    expect("OR a", "[a]");
    expect("a OR", "[a]");
    expect("a OR -b", "[a] -[b]");
    expect("a or b", "[a] [or] [b]");
    expect("\"OR\"", "[OR]");
}

TEST(and_is_what_a_space_says)
{
    expect("a AND b", "[a] [b]");
}

TEST(operators_of_fts5_are_text)
{
    expect("NEAR(a b, 5)", "[NEAR(a] [b,] [5)]");
    expect("title:foo", "[title:foo]");
    expect("(a) {b} ^c + NOT d", "[(a)] [{b}] [^c] [NOT] [d]");
    expect("'); DROP TABLE page;--", "[DROP] [TABLE] [page;--]");
}

TEST(signs_alone_are_no_terms)
{
    expect("... -- && ()", "");
    expect("", "");
}

TEST(terms_are_bounded)
{
    struct buf text = {0};
    struct query q;
    for (int i = 0; i < QUERY_TERMS_MAX + 5; i++)
        buf_printf(&text, "t%d ", i);
    query_parse(text.data, text.size, &q);
    CHECK_INT(q.count, QUERY_TERMS_MAX);
    CHECK(q.cut);
    buf_release(&text);
}

TEST(bytes_are_bounded)
{
    char text[QUERY_MAX_BYTES + 100];
    struct query q;
    memset(text, 'x', sizeof text);
    query_parse(text, sizeof text, &q);
    CHECK_INT(q.count, 1);
    CHECK_INT(q.terms[0].size, QUERY_MAX_BYTES);
    CHECK(q.cut);
}
