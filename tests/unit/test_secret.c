/* What is masked, and what must not be. */
#include "common/secret.h"

#include <stdlib.h>
#include <string.h>

#include "common/text.h"
#include "tests/fuzz/secret_same.h"
#include "tests/unit/harness.h"

static void masked(const char *text, const char *want)
{
    char *copy = xstrdup(text);
    size_t size = secret_mask(copy, strlen(copy));
    copy[size] = '\0';
    CHECK_STR(copy, want);
    free(copy);
}

static void kept(const char *text)
{
    masked(text, text);
}

/* No scanner for secrets shall take this file for a leak. */
#define JOIN(a, b) a b

TEST(tokens_are_known_by_their_prefix)
{
    masked(JOIN("key s", "k-ant-api03-abcdefghij0123456789_XY-z."), "key sk-***.");
    masked(JOIN("gh", "p_0123456789abcdefghijABCDEFGHIJ012345"), "ghp_***");
    masked(JOIN("(github", "_pat_11ABCDEFG0123456789_abcdefghijklm)"), "(github_pat_***)");
    masked(JOIN("AK", "IAIOSFODNN7EXAMPLE x"), "AKIA*** x");
    masked(JOIN("xo", "xb-123456789012-abcdefABCDEF"), "xoxb-***");
    masked(JOIN("a\nAI", "zaSyA0123456789abcdefghijklmnopqrstuv"), "a\nAIza***");
    masked(JOIN("eyJhbGciOiJIUzI1NiJ9", ".eyJzdWIiOiIxIn0.c2lnbmF0dXJl and"), "eyJ*** and");
}

TEST(values_are_known_by_the_name_in_front)
{
    masked("password=hunter2", "password=***");
    masked("DB_PASSWORD=correcthorse next", "DB_PASSWORD=*** next");
    masked("{\"password\": \"pa55 not this\", \"api_key\":\"abcd1234\"}",
           "{\"password\": \"pa55 not this\", \"api_key\":\"***\"}");
    masked("{\\\"client_secret\\\": \\\"abcd\\\"}", "{\\\"client_secret\\\": \\\"***\\\"}");
    masked("accessToken: abc123def", "accessToken: ***");
    masked("--token=0123456789abcdef0123456789abcdef01234567", "--token=***");
    masked("curl -H 'Authorization: Bearer abcdefgh12345678'",
           "curl -H 'Authorization: Bearer ***'");
    masked("authorization: basic dXNlcjpwYXNzd29yZDEy", "authorization: basic ***");
    masked("AUTHORIZATION: BEARER abcdefgh12345678", "AUTHORIZATION: BEARER ***");
    masked("https://me:s3cret@git.example.org/x", "https://me:***@git.example.org/x");
}

TEST(a_private_key_goes_up_to_its_end_or_to_the_end_of_the_text)
{
    masked("a\n-----BEGIN RSA PRIVATE KEY-----\nMIIE\nabc\n-----END RSA PRIVATE KEY-----\nb",
           "a\n-----BEGIN RSA PRIVATE KEY-----***-----END RSA PRIVATE KEY-----\nb");
    masked("-----BEGIN OPENSSH PRIVATE KEY-----\nb3Blbn", "-----BEGIN OPENSSH PRIVATE KEY-----***");
    kept("-----BEGIN CERTIFICATE-----\nMIIE\n-----END CERTIFICATE-----");
}

TEST(names_of_things_are_no_secrets)
{
    kept("commit 3d4daa702d4dc27c45278bb3f48df6c6582f813a");
    kept("session 2e248a9a-351e-4eab-bbff-ce8489dd8fda");
    kept("sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08");
    kept("sk-learn-is-a-long-name-of-a-library");
    kept("task-0123456789-0123456789-0123456789");
    kept("token: string, password: str = None");
    kept("password=$PASSWORD token=${{ secrets.TOKEN }} api_key=os.environ['K'] token=get_token()");
    kept("the secret: nobody knows it");
    kept("max_tokens=4096 input_tokens: 123456 token_file=/run/secrets/token1");
    kept("Bearer of good news, basic understanding-of-the-thing");
    kept("http://localhost:8080/a@b eyJ hello");
    kept("password=");
    kept("");
}

TEST(again_nothing_is_left_to_mask)
{
    masked("password=*** ghp_*** https://u:***@h", "password=*** ghp_*** https://u:***@h");
}

/* xorshift64, below `n` */
static size_t below(uint64_t *random, size_t n)
{
    *random ^= *random << 13;
    *random ^= *random >> 7;
    *random ^= *random << 17;
    return (size_t)(*random >> 11) % n;
}

/* Texts that consist of little but beginnings of secrets, in all places of a block. */
TEST(what_is_passed_over_begins_no_secret)
{
    static const char *const parts[] = {
        "sk-",      "sk_live_",   "whsec_",   "ghp_",     "github_pat_", "AKIA",
        "ASIA",     "AIza",       "ya29.",    "xoxb-",    "xapp-",       "npm_",
        "pypi-",    "hf_",        "SG.",      "dop_v1_",  "glpat-",      "eyJhbGciOiJ",
        ".eyJ",     "Bearer ",    "BASIC ",   "password", "apiKey",      "-----BEGIN RSA ",
        "-----",    "-----END ",  "://",      "https://", "token",       "PRIVATE KEY-----",
        "=",        ":",          ": ",       "\"",       "'",           "@",
        "$",        "(",          "\n",       " ",        "_",           "-",
        "\xC3\xA4", "0123456789", "abcdefgh", "ABCDEFG1", "***",         "xk",
    };
    uint64_t random = 1;
    struct buf text = {0};
    for (int round = 0; round < 20000; round++) {
        buf_reset(&text);
        for (size_t n = below(&random, 40); n > 0; n--)
            if (below(&random, 6))
                buf_add_text(&text, parts[below(&random, sizeof parts / sizeof *parts)]);
            else
                buf_add_byte(&text, (char)below(&random, 256));
        if (!secret_same(text.data ? text.data : "", text.size))
            FAIL("round %d is masked otherwise: %.*s", round, (int)text.size, text.data);
    }
    buf_release(&text);
}

/* Each of these made a naive scanner look at the rest of the text again from every word. */
TEST(time_is_linear_in_texts_made_to_take_long)
{
    static const char *const parts[] = {"sk-",      "eyJ-",   "token:", "token=a",     "token=$",
                                        "Bearer a", "whsec_", "://",    "-----BEGIN ", "::"};
    enum { BYTES = 1024 * 1024 };
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        struct buf text = {0};
        while (text.size < BYTES)
            buf_add_text(&text, parts[i]);
        buf_add_byte(&text, '(');
        CHECK(secret_mask(text.data, text.size) > 0);
        buf_release(&text);
    }
}
