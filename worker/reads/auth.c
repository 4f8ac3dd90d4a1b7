/* Reading and comparing the token. */
#include "worker/reads/auth.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/cleanup.h"
#include "common/text.h"
#include "worker/reads/limits.h"

static bool check_file(const char *path, int fd, struct error *e)
{
    struct stat st;
    if (fstat(fd, &st) != 0)
        return error_set(e, CAUSE_CONFIG, "--token-file %s: %s", path, strerror(errno));
    if (!S_ISREG(st.st_mode))
        return error_set(e, CAUSE_CONFIG, "--token-file %s: not a regular file", path);
    if (st.st_uid != geteuid() && st.st_uid != 0)
        return error_set(e, CAUSE_CONFIG, "--token-file %s: belongs to somebody else", path);
    if (st.st_mode & (S_IRWXG | S_IRWXO))
        return error_set(e, CAUSE_CONFIG,
                         "--token-file %s: others may read it (mode %03o); chmod 600 it", path,
                         (unsigned)st.st_mode & 0777U);
    return true;
}

bool token_read(const char *path, char **token, struct error *e)
{
    char text[TOKEN_MAX + 3];
    CLEANUP(close_fd) int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0)
        return error_set(e, CAUSE_CONFIG, "--token-file %s: %s", path, strerror(errno));
    if (!check_file(path, fd, e))
        return false;
    ssize_t size = read(fd, text, sizeof text - 1);
    if (size < 0)
        return error_set(e, CAUSE_CONFIG, "--token-file %s: %s", path, strerror(errno));
    while (size > 0 && (text[size - 1] == '\n' || text[size - 1] == '\r'))
        size--;
    text[size] = '\0';
    for (ssize_t i = 0; i < size; i++)
        if (text[i] <= ' ' || text[i] >= 0x7f)
            return error_set(e, CAUSE_CONFIG,
                             "--token-file %s: expected one line of visible ASCII characters",
                             path);
    if (size < TOKEN_MIN || size > TOKEN_MAX)
        return error_set(e, CAUSE_CONFIG, "--token-file %s: expected %d to %d characters", path,
                         TOKEN_MIN, TOKEN_MAX);
    *token = xstrndup(text, (size_t)size);
    explicit_bzero(text, sizeof text);
    return true;
}

static bool same(const char *token, const char *given, size_t given_length)
{
    size_t length = strlen(token);
    volatile unsigned char differs = length != given_length;
    for (size_t i = 0; i < given_length; i++)
        differs |= (unsigned char)(given[i] ^ token[i % length]);
    return !differs;
}

/* -1: none of base64's 64. RFC 4648, 4. */
static int sextet(char c)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const char *at = c ? strchr(digits, c) : NULL;
    return at ? (int)(at - digits) : -1;
}

/* Into `out`, which has room for size / 4 * 3 bytes; how many, or 0 if it is no base64. */
static size_t decode(const char *text, size_t size, char *out)
{
    size_t count = 0;
    while (size > 0 && text[size - 1] == '=')
        size--;
    unsigned bits = 0;
    for (size_t i = 0; i < size; i++) {
        int value = sextet(text[i]);
        if (value < 0)
            return 0;
        bits = bits << 6 | (unsigned)value;
        if (i % 4 != 0)
            out[count++] = (char)(bits >> (6 - 2 * (i % 4)) & 0xFF);
    }
    return count;
}

/* `user:token`: a browser asks its user for both; whatever the user is called, the token counts. */
static bool password_matches(const char *token, const char *text, size_t size)
{
    char clear[HTTP_HEAD_MAX];
    if (size > HTTP_HEAD_MAX)
        return false;
    size_t length = decode(text, size, clear);
    const char *colon = memchr(clear, ':', length);
    bool matches = colon && same(token, colon + 1, length - (size_t)(colon + 1 - clear));
    explicit_bzero(clear, sizeof clear);
    return matches;
}

bool token_matches(const char *token, const char *header, size_t size)
{
    static const char bearer[] = "Bearer ";
    static const char basic[] = "Basic ";
    if (!header)
        return false;
    if (size >= sizeof bearer - 1 && strncasecmp(header, bearer, sizeof bearer - 1) == 0)
        return same(token, header + sizeof bearer - 1, size - (sizeof bearer - 1));
    return size >= sizeof basic - 1 && strncasecmp(header, basic, sizeof basic - 1) == 0 &&
           password_matches(token, header + sizeof basic - 1, size - (sizeof basic - 1));
}
