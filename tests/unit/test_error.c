/* Error messages: what is kept, what is cut, what is masked. */
#include "common/error.h"

#include <stdio.h>
#include <string.h>

#include "common/text.h"
#include "tests/unit/harness.h"

TEST(set_fills_cause_and_text_and_says_false)
{
    struct error e = {0};
    CHECK(!error_set(&e, CAUSE_UNREACHABLE, "open %s: %s", "x", "gone"));
    CHECK_INT(e.cause, CAUSE_UNREACHABLE);
    CHECK_STR(e.text, "open x: gone");
}

TEST(wrap_prepends_and_keeps_the_cause)
{
    struct error e = {0};
    CHECK(!error_set(&e, CAUSE_STORE, "disk full"));
    CHECK(!error_wrap(&e, "%s", "import"));
    CHECK(!error_wrap(&e, "%s", "wiki"));
    CHECK_INT(e.cause, CAUSE_STORE);
    CHECK_STR(e.text, "wiki: import: disk full");
}

TEST(a_long_message_is_cut_at_a_character)
{
    char text[4 * ERROR_TEXT_SIZE];
    for (size_t lead = 0; lead < 4; lead++) {
        struct error e = {0};
        memset(text, 'x', lead);
        for (size_t i = lead; i + 4 < sizeof text; i += 3)
            memcpy(text + i, "\xE2\x82\xAC", 4);
        CHECK(!error_set(&e, CAUSE_BUG, "%s", text));
        CHECK(utf8_valid(e.text, strlen(e.text)));
        CHECK(strlen(e.text) >= ERROR_TEXT_SIZE - 4);
    }
}

TEST(wrapping_a_full_message_keeps_the_prefix_and_stays_valid)
{
    char text[2 * ERROR_TEXT_SIZE];
    struct error e = {0};
    for (size_t i = 0; i + 4 < sizeof text; i += 3)
        memcpy(text + i, "\xE2\x82\xAC", 4);
    CHECK(!error_set(&e, CAUSE_BUG, "%s", text));
    for (int i = 0; i < 10; i++)
        CHECK(!error_wrap(&e, "layer %d", i));
    CHECK(strncmp(e.text, "layer 9: layer 8: ", 18) == 0);
    CHECK(strlen(e.text) < ERROR_TEXT_SIZE);
    CHECK(utf8_valid(e.text, strlen(e.text)));
}

TEST(userinfo_is_masked_in_every_message)
{
    struct error e = {0};
    CHECK(!error_set(&e, CAUSE_AUTH, "fetch %s", "https://me:s3cret@host/x.git"));
    CHECK_STR(e.text, "fetch https://***@host/x.git");
    CHECK(!error_wrap(&e, "%s", "ssh://git:pw@other/y"));
    CHECK_STR(e.text, "ssh://***@other/y: fetch https://***@host/x.git");
}

TEST(redaction_masks_user_and_secret_only)
{
    static const char *const rows[][2] = {
        {"https://host/path", "https://host/path"},
        {"https://user:pass@host", "https://***@host"},
        {"https://token@host/", "https://***@host/"},
        {"https://a:b@h https://c:d@h", "https://***@h https://***@h"},
        {"https://user:p@ss@host/", "https://***@host/"},
        {"https://host/a@b", "https://host/a@b"},
        {"https://host?x=a@b", "https://host?x=a@b"},
        {"mail me@example.org", "mail me@example.org"},
        {"://", "://"},
        {"", ""},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char text[128];
        snprintf(text, sizeof text, "%s", rows[i][0]);
        redact_userinfo(text);
        CHECK_STR(text, rows[i][1]);
    }
}
