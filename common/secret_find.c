/* What a key, a token or a password looks like: by its prefix, or by the name in front of it. */
#include "common/secret_find.h"

#include <stdbool.h>
#include <string.h>
#include <strings.h>

#define COUNT_OF(array) (sizeof(array) / sizeof *(array))

static bool is_upper(char c)
{
    return c >= 'A' && c <= 'Z';
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_alnum(char c)
{
    return is_upper(c) || is_digit(c) || (c >= 'a' && c <= 'z');
}

/* Base64 of URLs, as most tokens are. */
static bool in_token(char c)
{
    return is_alnum(c) || c == '_' || c == '-';
}

static bool in_capitals(char c)
{
    return is_upper(c) || is_digit(c);
}

static bool in_base64(char c)
{
    return in_token(c) || c == '+' || c == '/' || c == '=' || c == '.' || c == '~';
}

static size_t run_of(bool (*in)(char c), const char *text, size_t size)
{
    size_t n = 0;
    while (n < size && in(text[n]))
        n++;
    return n;
}

/* Whether something is a secret is decided by its first bytes: what is not is looked at again from
 * the next word on, and must not cost its whole length each time. */
enum { PROBE_BYTES = 64 };

static size_t probe(bool (*in)(char c), const char *text, size_t size)
{
    return run_of(in, text, size < PROBE_BYTES ? size : PROBE_BYTES);
}

static bool has_digit(const char *text, size_t size)
{
    for (size_t i = 0; i < size; i++)
        if (is_digit(text[i]))
            return true;
    return false;
}

/* Words that begin like this and go on for so long; all have digits, which keeps names of things
 * (`sk-learn-...`) out. Lengths: the shortest that their makers give out, or a little less. */
#define TEXT(text) text, sizeof(text) - 1
static const struct prefix {
    const char *text;
    size_t size;
    bool (*in)(char c);
    size_t least;
} prefixes[] = {
    {TEXT("sk-"), in_token, 20},         /* OpenAI, Anthropic */
    {TEXT("sk_live_"), in_token, 16},    /* Stripe */
    {TEXT("sk_test_"), in_token, 16},    /* Stripe */
    {TEXT("rk_live_"), in_token, 16},    /* Stripe */
    {TEXT("whsec_"), in_base64, 24},     /* Stripe */
    {TEXT("ghp_"), is_alnum, 30},        /* GitHub */
    {TEXT("gho_"), is_alnum, 30},        /* GitHub */
    {TEXT("ghu_"), is_alnum, 30},        /* GitHub */
    {TEXT("ghs_"), is_alnum, 30},        /* GitHub */
    {TEXT("ghr_"), is_alnum, 30},        /* GitHub */
    {TEXT("github_pat_"), in_token, 20}, /* GitHub */
    {TEXT("glpat-"), in_token, 20},      /* GitLab */
    {TEXT("AKIA"), in_capitals, 16},     /* AWS */
    {TEXT("ASIA"), in_capitals, 16},     /* AWS */
    {TEXT("AIza"), in_token, 30},        /* Google */
    {TEXT("ya29."), in_token, 20},       /* Google */
    {TEXT("xoxb-"), in_token, 10},       /* Slack */
    {TEXT("xoxp-"), in_token, 10},       /* Slack */
    {TEXT("xoxa-"), in_token, 10},       /* Slack */
    {TEXT("xoxr-"), in_token, 10},       /* Slack */
    {TEXT("xoxs-"), in_token, 10},       /* Slack */
    {TEXT("xapp-"), in_token, 10},       /* Slack */
    {TEXT("npm_"), is_alnum, 30},        /* npm */
    {TEXT("pypi-"), in_token, 50},       /* PyPI */
    {TEXT("hf_"), is_alnum, 30},         /* Hugging Face */
    {TEXT("SG."), in_base64, 40},        /* SendGrid */
    {TEXT("dop_v1_"), is_alnum, 40},     /* DigitalOcean */
};

static struct secret_found by_prefix(const char *text, size_t size)
{
    for (size_t i = 0; i < COUNT_OF(prefixes); i++) {
        const struct prefix *p = &prefixes[i];
        size_t length = p->size;
        if (*text != *p->text || size < length || memcmp(text, p->text, length) != 0)
            continue;
        size_t run = probe(p->in, text + length, size - length);
        if (run >= p->least && has_digit(text + length, run))
            return (struct secret_found){length, run_of(p->in, text + length, size - length)};
    }
    return (struct secret_found){0};
}

/* JSON Web Token (RFC 7519): two objects and a signature, each in base64; `{"` is `eyJ`. */
static struct secret_found by_jwt(const char *text, size_t size)
{
    if (size < 20 || memcmp(text, "eyJ", 3) != 0)
        return (struct secret_found){0};
    size_t head = run_of(in_token, text, size);
    if (head < 8 || head + 4 >= size || memcmp(text + head, ".eyJ", 4) != 0)
        return (struct secret_found){0};
    size_t end = head + 1;
    end += run_of(in_token, text + end, size - end);
    if (end < size && text[end] == '.')
        end += 1 + run_of(in_token, text + end + 1, size - end - 1);
    return (struct secret_found){3, end - 3};
}

/* `Bearer` or `Basic`, a space and something with a digit in it (RFC 6750, RFC 7617). */
static struct secret_found by_scheme(const char *text, size_t size)
{
    static const char *const schemes[] = {"Bearer ", "Basic "};
    enum { LEAST = 16 };
    if (*text != 'B' && *text != 'b')
        return (struct secret_found){0};
    for (size_t i = 0; i < COUNT_OF(schemes); i++) {
        size_t length = strlen(schemes[i]);
        if (size <= length || strncasecmp(text, schemes[i], length) != 0)
            continue;
        size_t run = probe(in_base64, text + length, size - length);
        if (run >= LEAST && has_digit(text + length, run))
            return (struct secret_found){length, run_of(in_base64, text + length, size - length)};
    }
    return (struct secret_found){0};
}

/* A private key in PEM (RFC 7468), up to its end line, or to the end where that is missing. */
static struct secret_found by_pem(const char *text, size_t size)
{
    static const char begin[] = "-----BEGIN ";
    static const char kind[] = "PRIVATE KEY-----";
    enum { LABEL_MAX = 32 };
    size_t length = sizeof begin - 1;
    if (size < length || memcmp(text, begin, length) != 0)
        return (struct secret_found){0};
    size_t look = size - length < LABEL_MAX ? size - length : LABEL_MAX;
    const char *label = memmem(text + length, look, kind, sizeof kind - 1);
    if (!label)
        return (struct secret_found){0};
    size_t stays = (size_t)(label - text) + sizeof kind - 1;
    const char *end = memmem(text + stays, size - stays, "-----END ", 9);
    size_t goes = end ? (size_t)(end - text) - stays : size - stays;
    return (struct secret_found){stays, goes >= SECRET_MARK_BYTES ? goes : 0};
}

/* --- by the name in front ------------------------------------------------------------------------
 */

/* What a name ends with whose value is a secret. */
static const struct {
    const char *text;
    size_t size;
} names[] = {
    {TEXT("password")},    {TEXT("passwd")},     {TEXT("passphrase")},  {TEXT("secret")},
    {TEXT("token")},       {TEXT("apikey")},     {TEXT("api_key")},     {TEXT("api-key")},
    {TEXT("access_key")},  {TEXT("secretkey")},  {TEXT("secret_key")},  {TEXT("private_key")},
    {TEXT("accesskey")},   {TEXT("access-key")}, {TEXT("account_key")}, {TEXT("accountkey")},
    {TEXT("credentials")}, {TEXT("pwd")},        {TEXT("secret-key")},
};

static bool in_name(char c)
{
    return is_alnum(c) || c == '_' || c == '-';
}

bool secret_named(const char *before, size_t size)
{
    enum { LOOK = 64 };
    size_t floor = size > LOOK ? size - LOOK : 0;
    while (size > floor && strchr(" \t\"'\\`", before[size - 1]) && before[size - 1])
        size--;
    size_t start = size;
    while (start > floor && in_name(before[start - 1]))
        start--;
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        size_t length = names[i].size;
        if (size - start >= length &&
            strncasecmp(before + size - length, names[i].text, length) == 0)
            return true;
    }
    return false;
}

static bool in_value(char c)
{
    return (unsigned char)c > ' ' && !strchr("\"'`\\,;&()<>{}[]|", c);
}

/* A value that stands for another: a variable, a place to fill in, a call. */
static bool stands_for(const char *value, size_t size, char behind)
{
    static const char *const openings[] = {"$", "%", "*", "process.env", "os.environ", "env."};
    for (size_t i = 0; i < COUNT_OF(openings); i++) {
        size_t length = strlen(openings[i]);
        if (size >= length && memcmp(value, openings[i], length) == 0)
            return true;
    }
    return behind == '(' || behind == '[' || behind == '<';
}

/* At the `=` or `:` behind a name. In quotes, or after a bare `=`, anything is a value; else, as in
 * prose and in code, only what has a digit. */
static struct secret_found by_name(const char *before, size_t before_size, const char *text,
                                   size_t size)
{
    enum { LEAST = 4, LEAST_LOOSE = 6 };
    if (!secret_named(before, before_size))
        return (struct secret_found){0};
    size_t at = 1;
    while (at < size && (text[at] == ' ' || text[at] == '\t' || text[at] == '='))
        at++;
    bool bare = at == 1 && text[0] == '=' && before_size && in_name(before[before_size - 1]);
    size_t spaces = at;
    while (at < size && strchr("\"'\\`", text[at]) && text[at])
        at++;
    bool quoted = at > spaces;
    size_t run = probe(in_value, text + at, size - at);
    char behind = at + run < size ? text[at + run] : ' ';
    if (run < LEAST || stands_for(text + at, run, behind))
        return (struct secret_found){0};
    if (quoted && run < PROBE_BYTES && !strchr("\"'`\\", behind))
        return (struct secret_found){0}; /* a sentence */
    if (!quoted && !bare && (run < LEAST_LOOSE || !has_digit(text + at, run)))
        return (struct secret_found){0};
    return (struct secret_found){at, run_of(in_value, text + at, size - at)};
}

/* At the `:` of `https://user:password@host`. */
static struct secret_found by_address(const char *text, size_t size)
{
    enum { LOOK = 256 };
    size_t end = size < LOOK ? size : LOOK;
    size_t password = 0;
    if (size < 8 || memcmp(text, "://", 3) != 0)
        return (struct secret_found){0};
    for (size_t i = 3; i < end && (unsigned char)text[i] > ' ' && !strchr("/\"'`<>", text[i]);
         i++) {
        if (text[i] == ':' && !password)
            password = i + 1;
        if (text[i] == '@' && password && i - password >= SECRET_MARK_BYTES)
            return (struct secret_found){password, i - password};
    }
    return (struct secret_found){0};
}

/* --- all of them -------------------------------------------------------------------------------
 */

static bool in_word(char c)
{
    return is_alnum(c) || c == '_';
}

struct secret_found secret_find(const char *before, size_t before_size, const char *text,
                                size_t size)
{
    struct secret_found found = {0};
    char last = before_size ? before[before_size - 1] : ' ';
    switch (*text) {
    case ':':
        found = by_address(text, size);
        return found.goes ? found : by_name(before, before_size, text, size);
    case '=':
        return by_name(before, before_size, text, size);
    case '-':
        return last == '-' ? found : by_pem(text, size);
    }
    if (in_word(last))
        return found;
    found = by_prefix(text, size);
    if (!found.goes && last != '-') /* else it stands in what was looked at already */
        found = by_jwt(text, size);
    return found.goes ? found : by_scheme(text, size);
}
