/* Which part of a text is shown, and how. */
#include "worker/reads/snippet.h"

#include <stdlib.h>
#include <string.h>

#include "tests/unit/harness.h"

enum { TOKENS = 2000 };

/* Words by single spaces or line breaks; those that begin with a capital are hits of term 0, with a
 * '!' of term 1, with a '+' they go on with the phrase before. */
static size_t tokens_of(const char *text, struct snippet_token *tokens)
{
    size_t count = 0;
    size_t at = 0;
    while (text[at]) {
        size_t size = strcspn(text + at, " \n\t\x1b");
        bool goes_on = text[at] == '+';
        bool hit = (text[at] >= 'A' && text[at] <= 'Z') || goes_on;
        uint32_t terms = hit ? 1 : text[at] == '!' ? 2 : 0;
        if (size)
            tokens[count++] = (struct snippet_token){at, at + size, terms, goes_on};
        at += size + (text[at + size] != '\0');
    }
    return count;
}

static void make(struct snippet *s, const char *text)
{
    static struct snippet_token tokens[TOKENS];
    size_t count = tokens_of(text, tokens);
    snippet_make(s, text, strlen(text), tokens, count);
}

static void expect_mark(const struct snippet *s, size_t at, const char *want)
{
    CHECK(at < s->mark_count);
    char *got = xstrndup(s->text.data + s->marks[at].start, s->marks[at].end - s->marks[at].start);
    CHECK_STR(got, want);
    free(got);
}

static char *words(const char *word, int count, const char *then)
{
    struct buf text = {0};
    for (int i = 0; i < count; i++)
        buf_printf(&text, "%s ", word);
    buf_add_text(&text, then);
    return buf_take(&text);
}

TEST(a_short_text_is_shown_whole)
{
    struct snippet s;
    make(&s, "one Two three");
    CHECK_STR(s.text.data, "one Two three");
    CHECK_INT(s.mark_count, 1);
    expect_mark(&s, 0, "Two");
    snippet_release(&s);
}

TEST(it_is_one_line)
{
    struct snippet s;
    make(&s, "\n\n one\n\n\tTwo \x1b three\n");
    CHECK_STR(s.text.data, "one Two three");
    expect_mark(&s, 0, "Two");
    snippet_release(&s);
}

TEST(a_phrase_is_one_mark)
{
    struct snippet s;
    make(&s, "one Two +three Four");
    CHECK_INT(s.mark_count, 2);
    expect_mark(&s, 0, "Two +three");
    expect_mark(&s, 1, "Four");
    snippet_release(&s);
}

TEST(hits_of_different_terms_are_marks_of_their_own)
{
    struct snippet s;
    make(&s, "one Two !three");
    CHECK_INT(s.mark_count, 2);
    expect_mark(&s, 1, "!three");
    snippet_release(&s);
}

TEST(the_window_is_where_the_most_terms_are)
{
    struct snippet s;
    char *middle = words("mid", 100, "Here !there");
    char *text = xasprintf("Alone %s end", middle);
    make(&s, text);
    CHECK_CONTAINS(s.text.data, "Here !there end");
    CHECK(strstr(s.text.data, "Alone") == NULL);
    CHECK(strncmp(s.text.data, "\xE2\x80\xA6", 3) == 0);
    snippet_release(&s);
    free(text);
    free(middle);
}

TEST(what_follows_is_hinted_at)
{
    struct snippet s;
    char *text = words("word", 200, "");
    make(&s, text);
    CHECK(strncmp(s.text.data, "word", 4) == 0);
    CHECK_STR(s.text.data + s.text.size - 3, "\xE2\x80\xA6");
    snippet_release(&s);
    free(text);
}

TEST(an_endless_token_is_cut_between_characters)
{
    struct snippet s;
    struct buf text = {0};
    buf_add_text(&text, "A");
    for (int i = 0; i < 1000; i++)
        buf_add_text(&text, "\xC3\xA9");
    make(&s, text.data);
    CHECK(utf8_valid(s.text.data, s.text.size));
    CHECK(s.text.size <= SNIPPET_MAX_BYTES + 3);
    CHECK_INT(s.mark_count, 1);
    CHECK(s.marks[0].end <= s.text.size);
    snippet_release(&s);
    buf_release(&text);
}

TEST(an_empty_text_gives_an_empty_snippet)
{
    struct snippet s;
    snippet_make(&s, "", 0, NULL, 0);
    CHECK_INT(s.text.size, 0);
    CHECK_INT(s.mark_count, 0);
    snippet_release(&s);
}
