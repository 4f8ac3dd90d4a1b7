/* What git's words mean: cause, sentence, what to do. */
#include "worker/sync/git_explain.h"

#include <string.h>

#include "tests/unit/harness.h"

static void means(const char *words, enum cause cause, const char *sentence)
{
    struct error e = {0};
    CHECK(!git_explain("fetch", words, &e));
    if (e.cause != cause)
        FAIL("%s: cause %s, expected %s", words, cause_name(e.cause), cause_name(cause));
    CHECK_CONTAINS(e.text, sentence);
    CHECK(strpbrk(e.text, "\r\n") == NULL);
}

TEST(the_line_that_says_why_is_shown)
{
    means("ssh: Could not resolve hostname h: Name or service not known\r\n"
          "fatal: Could not read from remote repository.\n\nPlease make sure\n",
          CAUSE_UNREACHABLE, "ssh: Could not resolve hostname h");
    means("kex_exchange_identification: Connection closed by remote host\r\n"
          "fatal: Could not read from remote repository.\n",
          CAUSE_UNREACHABLE, "Connection closed by remote host");
    means("git@h: Permission denied (publickey).\r\n"
          "fatal: Could not read from remote repository.\n",
          CAUSE_AUTH, "Permission denied (publickey); check the ssh key");
    means("fatal: unable to access 'https://h/x/': Could not resolve host: h\n", CAUSE_UNREACHABLE,
          "Could not resolve host: h");
    means("warning: odd\nfatal: something new\nmore\n", CAUSE_UNREACHABLE,
          "git fetch: something new");
}

TEST(causes_are_told_apart)
{
    means("fatal: could not read Username for 'https://h': terminal prompts disabled\n", CAUSE_AUTH,
          "wants a user name and password");
    means("remote: x\nfatal: Authentication failed for 'https://h/'\n", CAUSE_AUTH,
          "check the user");
    means("fatal: repository 'https://h/x/' not found\n", CAUSE_CONFIG, "check `url`");
    means("fatal: '/x' does not appear to be a git repository\nfatal: Could not read from remote "
          "repository.\n",
          CAUSE_CONFIG, "check `url`");
    means("fatal: write error: No space left on device\n", CAUSE_STORE, "free space");
    means("fatal: transport 'ext' not allowed\n", CAUSE_CONFIG, "only file, https, http and ssh");
    means("fatal: bad object refs/lattice/bookmark\n", CAUSE_BAD_DATA, "bad object");
    means("error: packed object x (stored in y) is corrupt\n", CAUSE_BAD_DATA, "is corrupt");
    means("error: Server does not allow request for unadvertised object 1a2b\n", CAUSE_BAD_DATA,
          "unadvertised object 1a2b");
}

TEST(silence_and_line_ends_are_no_empty_sentence)
{
    means("", CAUSE_UNREACHABLE, "git fetch: ended without a word");
    means("\n\r\n", CAUSE_UNREACHABLE, "git fetch: ended without a word");
    means("Killed\n\n", CAUSE_UNREACHABLE, "git fetch: Killed");
    means("error: \nfatal: Could not read from remote repository.\n", CAUSE_UNREACHABLE,
          "git fetch: Could not read from remote repository");
}

TEST(userinfo_is_masked)
{
    struct error e = {0};
    CHECK(!git_explain("fetch", "fatal: odd thing at https://ada:secret@h/x\n", &e));
    CHECK(strstr(e.text, "secret") == NULL);
}
