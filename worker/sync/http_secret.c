/* The secrets that a source names: read from files and the environment into header lines. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/cleanup.h"
#include "worker/sync/http_internal.h"
#include "worker/sync/http_text.h"

/* Of a token or header file. */
enum { SECRET_FILE_MAX_BYTES = 64 * 1024 };

/* A file that others may read is no place for a secret. A pipe must not hold up the run. */
static bool read_secret_file(const char *path, struct buf *text, struct error *e)
{
    struct stat st;
    char bytes[4096];
    ssize_t n = 0;
    CLEANUP(close_fd) int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0 || fstat(fd, &st) != 0)
        return error_set(e, CAUSE_CONFIG, "%s", strerror(errno));
    if (!S_ISREG(st.st_mode))
        return error_set(e, CAUSE_CONFIG, "not a regular file");
    if (st.st_mode & (S_IRWXG | S_IRWXO))
        return error_set(e, CAUSE_CONFIG, "others may read it (mode %03o); chmod 600 it",
                         (unsigned)st.st_mode & 0777U);
    while (text->size <= SECRET_FILE_MAX_BYTES && (n = read(fd, bytes, sizeof bytes)) > 0)
        buf_add(text, bytes, (size_t)n);
    explicit_bzero(bytes, sizeof bytes);
    if (n < 0)
        return error_set(e, CAUSE_CONFIG, "%s", strerror(errno));
    return text->size <= SECRET_FILE_MAX_BYTES ||
           error_set(e, CAUSE_CONFIG, "larger than %d bytes", SECRET_FILE_MAX_BYTES);
}

static void add_secret(void *context, const char *line)
{
    struct http *h = context;
    h->secrets = h->api->slist_append(h->secrets, line);
}

static void forget(struct buf *secret)
{
    if (secret->data)
        explicit_bzero(secret->data, secret->size);
    buf_release(secret);
}

static bool add_token(struct http *h, const char *text, size_t size, struct error *e)
{
    char *token = NULL;
    if (!http_token_parse(text, size, &token, e))
        return false;
    char *line = xasprintf("Authorization: Bearer %s", token);
    add_secret(h, line);
    explicit_bzero(line, strlen(line));
    explicit_bzero(token, strlen(token));
    free(line);
    free(token);
    return true;
}

bool http_read_secrets(struct http *h, const struct source_config *source, struct error *e)
{
    struct buf text = {0};
    bool ok = true;
    if (source->token_file) {
        ok = (read_secret_file(source->token_file, &text, e) &&
              add_token(h, text.data ? text.data : "", text.size, e)) ||
             error_wrap(e, "token_file %s", source->token_file);
        forget(&text);
    } else if (source->token_env) {
        const char *token = getenv(source->token_env);
        ok = token ? add_token(h, token, strlen(token), e)
                   : error_set(e, CAUSE_CONFIG, "the variable is not set where Lattice runs");
        if (!ok)
            error_wrap(e, "token_env %s", source->token_env);
    }
    if (ok && source->header_file) {
        ok = (read_secret_file(source->header_file, &text, e) &&
              http_headers_parse(text.data ? text.data : "", text.size, add_secret, h, e)) ||
             error_wrap(e, "header_file %s", source->header_file);
        forget(&text);
    }
    return ok;
}
