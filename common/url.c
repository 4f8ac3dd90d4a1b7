/* Reading, checking and masking the address of a git source. */
#include "common/url.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "common/text.h"

/* The functions below return the reason why an address is refused, or NULL. */

static bool is_alnum(char c)
{
    return isalnum((unsigned char)c) && (unsigned char)c < 0x80;
}

static bool is_control(char c)
{
    return (unsigned char)c < 0x20 || c == 0x7f;
}

static bool has_control(const char *text)
{
    while (*text && !is_control(*text))
        text++;
    return *text != '\0';
}

/* `name::`, which git gives to the program git-remote-name. */
static bool is_helper(const char *text)
{
    while (is_alnum(*text) || *text == '+' || *text == '-' || *text == '.')
        text++;
    return text[0] == ':' && text[1] == ':';
}

static bool is_port(const char *text, size_t length)
{
    int port = 0;
    if (length == 0 || length > 5)
        return false;
    for (size_t i = 0; i < length; i++) {
        if (text[i] < '0' || text[i] > '9')
            return false;
        port = port * 10 + (text[i] - '0');
    }
    return port >= 1 && port <= 65535;
}

static bool is_name(const char *text, size_t length, const char *also)
{
    for (size_t i = 0; i < length; i++)
        if (!is_alnum(text[i]) && !strchr(also, text[i]) && (unsigned char)text[i] < 0x80)
            return false;
    return true;
}

/* `host`, `host:port`, `[address]`, `[address]:port`. */
static const char *check_host(const char *host, size_t length)
{
    size_t name = 0;
    if (length && host[0] == '[') {
        const char *close = memchr(host, ']', length);
        if (!close || close == host + 1 || !is_name(host + 1, (size_t)(close - host) - 1, ":.-_"))
            return "expected an address such as [2001:db8::1]";
        if (host[1] == '-')
            return "the host starts with \"-\"";
        name = (size_t)(close - host) + 1;
    } else {
        while (name < length && host[name] != ':')
            name++;
        if (name == 0)
            return "has no host";
        if (host[0] == '-')
            return "the host starts with \"-\"";
        if (!is_name(host, name, ".-_"))
            return "the host has a character that no host has";
    }
    if (name < length && (host[name] != ':' || !is_port(host + name + 1, length - name - 1)))
        return "expected a port from 1 to 65535 behind the host's \":\"";
    return NULL;
}

static int hex_value(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* %XX decoded, anything else as it is; NULL if it hides a control byte (a line break would forge
 * a line of git's credential protocol). Caller frees. */
static char *percent_decode(const char *text, size_t length)
{
    struct buf out = {0};
    for (size_t i = 0; i < length; i++) {
        char c = text[i];
        if (c == '%' && length - i > 2 && hex_value(text[i + 1]) >= 0 &&
            hex_value(text[i + 2]) >= 0) {
            c = (char)(hex_value(text[i + 1]) * 16 + hex_value(text[i + 2]));
            i += 2;
        }
        if (is_control(c)) {
            buf_release(&out);
            return NULL;
        }
        buf_add_byte(&out, c);
    }
    return buf_take(&out);
}

/* The last `c` in text, or NULL. */
static const char *last(const char *text, size_t length, char c)
{
    return memrchr(text, c, length);
}

static const char *parse_path(const char *text, const char *home, struct git_url *url)
{
    url->kind = URL_PATH;
    if (text[0] != '~') {
        url->location = xstrdup(text);
        return NULL;
    }
    if (text[1] != '/' && text[1] != '\0')
        return "of \"~\", only \"~/\" is expanded";
    if (!home || home[0] != '/')
        return "\"~/\" needs HOME, which is not set";
    url->location = xasprintf("%s%s", home, text + 1);
    return NULL;
}

/* The rest are given what stands behind `scheme://`. */

static const char *parse_file(const char *rest, struct git_url *url)
{
    url->kind = URL_FILE;
    if (rest[0] != '/')
        return "expected file:///absolute/path";
    url->location = xasprintf("file://%s", rest);
    return NULL;
}

static const char *parse_userinfo(const char *text, size_t length, struct git_url *url)
{
    const char *colon = memchr(text, ':', length);
    size_t user = colon ? (size_t)(colon - text) : length;
    url->user = percent_decode(text, user);
    if (colon)
        url->secret = percent_decode(colon + 1, length - user - 1);
    if (!url->user || (colon && !url->secret))
        return "the credentials hold a control character";
    return NULL;
}

static const char *parse_http(const char *rest, bool secure, struct git_url *url)
{
    url->kind = URL_HTTP;
    size_t authority = strcspn(rest, "/?#");
    const char *at = last(rest, authority, '@');
    const char *host = at ? at + 1 : rest;
    if (at && !secure)
        return "http:// would send the credentials in clear; use https://";
    const char *reason = at ? parse_userinfo(rest, (size_t)(at - rest), url) : NULL;
    if (!reason)
        reason = check_host(host, authority - (size_t)(host - rest));
    if (!reason && strchr(host, ' '))
        reason = "holds a space; write %20";
    if (!reason)
        url->location = xasprintf("%s://%s", secure ? "https" : "http", host);
    return reason;
}

static const char *parse_https(const char *rest, struct git_url *url)
{
    return parse_http(rest, true, url);
}

static const char *parse_plain_http(const char *rest, struct git_url *url)
{
    return parse_http(rest, false, url);
}

static const char *check_ssh_user(const char *user, size_t length)
{
    if (memchr(user, ':', length))
        return "ssh takes no password in its address; use a key";
    if (length == 0)
        return "has no user in front of the \"@\"";
    if (user[0] == '-')
        return "the user starts with \"-\"";
    return is_name(user, length, ".-_+") ? NULL : "the user has a character that no user has";
}

static const char *parse_ssh(const char *rest, struct git_url *url)
{
    url->kind = URL_SSH;
    size_t authority = strcspn(rest, "/?#");
    const char *at = last(rest, authority, '@');
    const char *host = at ? at + 1 : rest;
    const char *reason = at ? check_ssh_user(rest, (size_t)(at - rest)) : NULL;
    if (!reason)
        reason = check_host(host, authority - (size_t)(host - rest));
    if (!reason && (rest[authority] != '/' || rest[authority + 1] == '\0'))
        reason = "has no path behind the host";
    if (!reason)
        url->location = xasprintf("ssh://%s", rest);
    return reason;
}

/* Where the path of `[user@]host:path` starts; NULL if it does not. */
static const char *scp_path(const char *host)
{
    const char *colon = strchr(host, ':');
    if (host[0] == '[') {
        const char *close = strchr(host, ']');
        colon = close && close[1] == ':' ? close + 1 : NULL;
    }
    return colon ? colon + 1 : NULL;
}

static const char *parse_scp(const char *text, struct git_url *url)
{
    url->kind = URL_SCP;
    size_t head = strcspn(text, "/");
    const char *at = memchr(text, '@', strcspn(text, ":"));
    const char *late = at ? NULL : last(text, head, '@');
    if (late && memchr(late, ':', head - (size_t)(late - text)))
        return "ssh takes no password in its address; use a key";
    const char *reason = at ? check_ssh_user(text, (size_t)(at - text)) : NULL;
    const char *host = at ? at + 1 : text;
    const char *path = scp_path(host);
    if (!reason && !path)
        reason = "expected [user@]host:path";
    if (!reason)
        reason = check_host(host, (size_t)(path - 1 - host));
    if (!reason && *path == '\0')
        reason = "has no path behind the host";
    if (!reason && *path == '-')
        reason = "the path starts with \"-\"";
    if (!reason)
        url->location = xstrdup(text);
    return reason;
}

static const struct {
    const char *prefix;
    const char *(*parse)(const char *rest, struct git_url *url);
} schemes[] = {{"https://", parse_https},
               {"http://", parse_plain_http},
               {"ssh://", parse_ssh},
               {"file://", parse_file}};

static const char *parse(const char *text, const char *home, struct git_url *url)
{
    if (*text == '\0')
        return "is empty";
    if (*text == '-')
        return "starts with \"-\", so git would take it for an option";
    if (strlen(text) > URL_TEXT_MAX)
        return "is longer than 4096 bytes";
    if (has_control(text))
        return "holds a control character";
    if (is_helper(text))
        return "remote helpers (name::address) run programs and are refused";
    size_t head = strcspn(text, ":/");
    if (strncmp(text + head, "://", 3) == 0) {
        for (size_t i = 0; i < sizeof schemes / sizeof schemes[0]; i++)
            if (strncasecmp(text, schemes[i].prefix, strlen(schemes[i].prefix)) == 0)
                return schemes[i].parse(text + head + 3, url);
        return "unknown scheme; expected https://, ssh://, file://, [user@]host:path or a path";
    }
    return text[head] == ':' ? parse_scp(text, url) : parse_path(text, home, url);
}

bool git_url_parse(const char *text, const char *home, struct git_url *url, struct error *e)
{
    *url = (struct git_url){0};
    const char *reason = parse(text, home, url);
    if (!reason)
        return true;
    git_url_release(url);
    return error_set(e, CAUSE_CONFIG, "%s", reason);
}

void git_url_release(struct git_url *url)
{
    free(url->location);
    free(url->user);
    if (url->secret)
        explicit_bzero(url->secret, strlen(url->secret));
    free(url->secret);
    *url = (struct git_url){0};
}

/* How much of the text behind `scheme://` may be a secret; 0 if none of it. A password may hold an
 * unquoted '/', so in doubt all up to the last '@' goes. */
static size_t secret_length(const char *rest, bool ssh)
{
    const char *at = last(rest, strlen(rest), '@');
    if (!at)
        return 0;
    size_t authority = strcspn(rest, "/?#");
    const char *inner = last(rest, authority, '@');
    bool colon = memchr(rest, ':', inner ? (size_t)(inner - rest) : authority) != NULL;
    bool harmless = !colon && (!inner || ssh) && !strstr(rest, "://");
    if (harmless)
        return 0;
    return (size_t)((inner ? inner : at) - rest);
}

char *url_mask(const char *text)
{
    const char *rest = strstr(text, "://");
    size_t secret = 0;
    if (rest) {
        bool ssh = rest - text == 3 && strncasecmp(text, "ssh", 3) == 0;
        rest += 3;
        secret = secret_length(rest, ssh);
    } else if (!strchr("/.~", *text)) {
        rest = text;
        const char *at = last(text, strlen(text), '@');
        if (at && strcspn(text, ":") < strcspn(text, "@"))
            secret = (size_t)(at - text);
    }
    if (!secret)
        return xstrdup(text);
    return xasprintf("%.*s***%s", (int)(rest - text), text, rest + secret);
}
