/* Keeps answers as files: a line of JSON, then the body. */
#include "worker/sync/feed_bank.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/cleanup.h"
#include "common/clock.h"
#include "common/fd.h"

/* Older ones are not gone on with: what they list has moved too far. */
enum { BANK_AGE_MAX_S = 24 * 3600 };
/* Of a file; no answer that is taken is larger. */
enum { BANK_FILE_MAX = 64 * 1024 * 1024 };

void feed_answer_release(struct feed_answer *a)
{
    free(a->url);
    free(a->next);
    free(a->etag);
    free(a->modified);
    free(a->type);
    free(a->link);
    buf_release(&a->body);
    *a = (struct feed_answer){0};
}

void feed_bank_init(struct feed_bank *bank, const struct home *home, const char *id,
                    const char *key)
{
    bank->folder = home_source_path(home, id, SOURCE_ANSWERS);
    bank->key = xstrdup(key);
}

void feed_bank_release(struct feed_bank *bank)
{
    free(bank->folder);
    free(bank->key);
    *bank = (struct feed_bank){0};
}

static bool sync_folder(const char *folder)
{
    CLEANUP(close_fd) int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return fd >= 0 && fsync(fd) == 0;
}

static char *header_of(const struct feed_bank *bank, const struct feed_answer *a)
{
    CLEANUP(free_json)
    json_t *header = json_pack("{s:i,s:s,s:s,s:s?,s:s?,s:s?,s:s?,s:I}", "v", 1, "key", bank->key,
                               "url", a->url, "next", a->next, "etag", a->etag, "modified",
                               a->modified, "type", a->type, "at", (json_int_t)a->at);
    CLEANUP(free_text) char *text = header ? json_dumps(header, JSON_COMPACT) : NULL;
    return text ? xasprintf("%s\n", text) : NULL;
}

bool feed_bank_put(const struct feed_bank *bank, size_t index, const struct feed_answer *answer,
                   struct error *e)
{
    CLEANUP(free_text) char *header = header_of(bank, answer);
    CLEANUP(free_text) char *draft = xasprintf("%s/new", bank->folder);
    CLEANUP(free_text) char *path = xasprintf("%s/%06zu", bank->folder, index);
    if (!header) /* an address that is not UTF-8: this one is not kept */
        return true;
    if (mkdir(bank->folder, 0700) != 0 && errno != EEXIST)
        return error_set(e, CAUSE_STORE, "make %s: %s", bank->folder, strerror(errno));
    CLEANUP(close_fd) int fd = open(draft, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (fd < 0 || !fd_write_all(fd, header, strlen(header)) ||
        !fd_write_all(fd, answer->body.data, answer->body.size) || fsync(fd) != 0 ||
        rename(draft, path) != 0 || !sync_folder(bank->folder))
        return error_set(e, CAUSE_STORE, "write %s: %s", path, strerror(errno));
    return true;
}

static bool read_all(const char *path, struct buf *out)
{
    struct stat st;
    CLEANUP(close_fd) int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0 || fstat(fd, &st) != 0 || !S_ISREG(st.st_mode) || st.st_size > BANK_FILE_MAX)
        return false;
    buf_reserve(out, (size_t)st.st_size);
    for (;;) {
        char bytes[65536];
        ssize_t n = read(fd, bytes, sizeof bytes);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return n == 0;
        buf_add(out, bytes, (size_t)n);
    }
}

static char *copy(const json_t *header, const char *name)
{
    const char *text = json_string_value(json_object_get(header, name));
    return text ? xstrdup(text) : NULL;
}

/* `answer->body` holds the whole file: the header is taken off. */
static bool take_header(const struct feed_bank *bank, struct feed_answer *answer)
{
    struct buf *body = &answer->body;
    json_error_t problem;
    const char *end = body->size ? memchr(body->data, '\n', body->size) : NULL;
    CLEANUP(free_json)
    json_t *header = end ? json_loadb(body->data, (size_t)(end - body->data), 0, &problem) : NULL;
    const char *key = json_string_value(json_object_get(header, "key"));
    if (json_integer_value(json_object_get(header, "v")) != 1 || !key ||
        strcmp(key, bank->key) != 0)
        return false;
    answer->url = copy(header, "url");
    answer->next = copy(header, "next");
    answer->etag = copy(header, "etag");
    answer->modified = copy(header, "modified");
    answer->type = copy(header, "type");
    answer->at = json_integer_value(json_object_get(header, "at"));
    size_t skip = (size_t)(end - body->data) + 1;
    memmove(body->data, body->data + skip, body->size - skip);
    body->size -= skip;
    body->data[body->size] = '\0';
    int64_t age = clock_unix_s() - answer->at;
    return answer->url && answer->next && age >= 0 && age < BANK_AGE_MAX_S;
}

bool feed_bank_get(const struct feed_bank *bank, size_t index, struct feed_answer *answer)
{
    CLEANUP(free_text) char *path = xasprintf("%s/%06zu", bank->folder, index);
    *answer = (struct feed_answer){0};
    if (read_all(path, &answer->body) && take_header(bank, answer))
        return true;
    feed_answer_release(answer);
    return false;
}

void feed_bank_drop(const struct feed_bank *bank)
{
    DIR *dir = bank->folder ? opendir(bank->folder) : NULL;
    const struct dirent *entry;
    if (!dir)
        return;
    while ((entry = readdir(dir)))
        if (entry->d_name[0] != '.')
            unlinkat(dirfd(dir), entry->d_name, 0);
    closedir(dir);
    rmdir(bank->folder);
}
