/* Addresses of git sources: sorts, refusals, credentials. */
#include "common/url.h"

#include <stdlib.h>
#include <string.h>

#include "common/text.h"
#include "tests/unit/harness.h"

static void takes(const char *text, enum url_kind kind, const char *location)
{
    struct git_url url;
    struct error e = {0};
    CHECK_OK(git_url_parse(text, "/home/ada", &url, &e), &e);
    CHECK_INT(url.kind, kind);
    CHECK_STR(url.location, location);
    git_url_release(&url);
}

static void refuses(const char *text, const char *reason)
{
    struct git_url url;
    struct error e = {0};
    CHECK_FAILS(git_url_parse(text, "/home/ada", &url, &e), &e, CAUSE_CONFIG, reason);
    CHECK(!url.location && !url.user && !url.secret);
}

TEST(sorts_addresses_as_git_does)
{
    takes("/srv/notes", URL_PATH, "/srv/notes");
    takes("./notes", URL_PATH, "./notes");
    takes("notes", URL_PATH, "notes");
    takes("./a:b", URL_PATH, "./a:b");
    takes("file:///srv/notes", URL_FILE, "file:///srv/notes");
    takes("https://git.example.org/n.git", URL_HTTP, "https://git.example.org/n.git");
    takes("http://localhost:8080/n", URL_HTTP, "http://localhost:8080/n");
    takes("ssh://git@host:2222/n", URL_SSH, "ssh://git@host:2222/n");
    takes("git@host:notes.git", URL_SCP, "git@host:notes.git");
    takes("host:/srv/notes", URL_SCP, "host:/srv/notes");
    takes("git@[2001:db8::1]:notes", URL_SCP, "git@[2001:db8::1]:notes");
    takes("https://[2001:db8::1]:8443/n", URL_HTTP, "https://[2001:db8::1]:8443/n");
}

TEST(a_scheme_may_be_in_capitals)
{
    takes("HTTPS://host/n", URL_HTTP, "https://host/n");
}

TEST(expands_the_home_folder)
{
    takes("~/notes", URL_PATH, "/home/ada/notes");
    takes("~", URL_PATH, "/home/ada");
    refuses("~bob/notes", "only \"~/\" is expanded");
}

TEST(without_a_home_folder_tilde_is_refused)
{
    struct git_url url;
    struct error e = {0};
    CHECK_FAILS(git_url_parse("~/notes", NULL, &url, &e), &e, CAUSE_CONFIG, "HOME");
}

TEST(refuses_helpers_that_run_programs)
{
    refuses("ext::sh -c touch% /tmp/x", "remote helpers");
    refuses("fd::17", "remote helpers");
    refuses("http::https://host/x", "remote helpers");
    refuses("::x", "remote helpers");
}

TEST(refuses_what_git_or_ssh_would_take_for_an_option)
{
    refuses("--upload-pack=touch /tmp/x", "starts with \"-\"");
    refuses("-x", "starts with \"-\"");
    refuses("ssh://-oProxyCommand=x/path", "starts with \"-\"");
    refuses("ssh://git@-oProxyCommand=x/path", "starts with \"-\"");
    refuses("ssh://-l@host/path", "starts with \"-\"");
    refuses("git@-oProxyCommand=x:path", "starts with \"-\"");
    refuses("git@[-oProxyCommand=x]:path", "expected an address");
    refuses("[-x]:path", "starts with \"-\"");
    refuses("host:-x", "the path starts with \"-\"");
    refuses("https://-x/path", "starts with \"-\"");
    refuses("ssh://%2DoProxyCommand=x/path", "no host has");
}

TEST(refuses_unknown_schemes)
{
    refuses("git://host/x", "unknown scheme");
    refuses("ftp://host/x", "unknown scheme");
    refuses("://host/x", "unknown scheme");
}

TEST(refuses_control_bytes)
{
    refuses("https://host/a\nb", "control character");
    refuses("/srv/a\x7f", "control character");
}

TEST(refuses_addresses_without_their_parts)
{
    refuses("", "is empty");
    refuses("https://", "has no host");
    refuses("https:///x", "has no host");
    refuses("https://user@/x", "has no host");
    refuses("ssh://host", "has no path");
    refuses("ssh://host/", "has no path");
    refuses("host:", "has no path");
    refuses(":path", "has no host");
    refuses("file://host/x", "expected file:///");
    refuses("https://host:0/x", "port");
    refuses("https://host:99999/x", "port");
    refuses("https://host:/x", "port");
    refuses("https://host/a b", "%20");
}

TEST(refuses_endless_addresses)
{
    char text[URL_TEXT_MAX + 2];
    memset(text, 'a', sizeof text);
    text[0] = '/';
    text[sizeof text - 1] = '\0';
    refuses(text, "longer than");
}

static void credentials(const char *text, const char *user, const char *secret)
{
    struct git_url url;
    struct error e = {0};
    CHECK_OK(git_url_parse(text, NULL, &url, &e), &e);
    CHECK_STR(url.location, "https://host/x");
    CHECK_STR(url.user, user);
    CHECK_STR(url.secret ? url.secret : "(none)", secret);
    git_url_release(&url);
    CHECK(!url.user && !url.secret);
}

TEST(takes_credentials_out_of_the_location)
{
    credentials("https://ada:pass@host/x", "ada", "pass");
    credentials("https://token@host/x", "token", "(none)");
    credentials("https://:token@host/x", "", "token");
    credentials("https://ada:@host/x", "ada", "");
    credentials("https://a@b:p@ss@host/x", "a@b", "p@ss");
}

TEST(credentials_are_percent_decoded)
{
    credentials("https://a%40b:p%3a%2Fq%@host/x", "a@b", "p:/q%");
}

TEST(credentials_that_hide_a_line_break_are_refused)
{
    refuses("https://ada:a%0aurl=x@host/x", "control character");
    refuses("https://a%00b@host/x", "control character");
}

TEST(credentials_never_go_in_clear)
{
    refuses("http://ada:pass@host/x", "in clear");
    refuses("ssh://git:pass@host/x", "ssh takes no password");
    refuses("git:pass@host:x", "ssh takes no password");
}

static void masks(const char *text, const char *want)
{
    char *masked = url_mask(text);
    CHECK_STR(masked, want);
    free(masked);
}

TEST(masks_what_may_be_a_secret)
{
    masks("https://ada:pass@host/x", "https://***@host/x");
    masks("https://token@host/x", "https://***@host/x");
    masks("https://a:p/w@host/x", "https://***@host/x");
    masks("https://a:1/w@host/x", "https://***@host/x");
    masks("ssh://git:pass@host/x", "ssh://***@host/x");
    masks("git:pass@host:x", "***@host:x");
    masks("https:/ada:pass@host/x", "***@host/x");
    masks("see https://ada:pass@host/x", "see https://***@host/x");
}

TEST(masks_nothing_else)
{
    masks("git@host:x", "git@host:x");
    masks("ssh://git@host/x", "ssh://git@host/x");
    masks("https://host/@scope/x", "https://host/@scope/x");
    masks("/srv/a:b@c", "/srv/a:b@c");
    masks("10 minuts", "10 minuts");
    masks("", "");
}
