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

bool token_matches(const char *token, const char *header, size_t size)
{
    static const char scheme[] = "Bearer ";
    const size_t skip = sizeof scheme - 1;
    if (!header || size < skip || strncasecmp(header, scheme, skip) != 0)
        return false;
    size_t length = strlen(token);
    const char *given = header + skip;
    size_t given_length = size - skip;
    volatile unsigned char differs = length != given_length;
    for (size_t i = 0; i < given_length; i++)
        differs |= (unsigned char)(given[i] ^ token[i % length]);
    return !differs;
}
