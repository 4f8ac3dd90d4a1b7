/* The complete lines of a file that others append to. */
#include "worker/sync/log_lines.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>
#include <xxhash.h>

/* Read at once. */
enum { READ_BYTES = 256 * 1024 };
enum { TAIL_BYTES = 4096 };

/* Up to `size` bytes at `offset`; less only at the file's end. -1 with `e` filled. */
static ssize_t read_at(int fd, void *to, size_t size, int64_t offset, struct error *e)
{
    size_t got = 0;
    while (got < size) {
        ssize_t n = pread(fd, (char *)to + got, size - got, offset + (int64_t)got);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0) {
            error_set(e, CAUSE_UNREACHABLE, "read: %s", strerror(errno));
            return -1;
        }
        if (n == 0)
            break;
        got += (size_t)n;
    }
    return (ssize_t)got;
}

/* More of the file behind what is there; *none: there is no more. */
static bool fill(struct log_lines *l, bool *none, struct error *e)
{
    struct buf *b = l->memory;
    int64_t left = l->limit - l->read_to;
    size_t size = left < READ_BYTES ? (size_t)(left > 0 ? left : 0) : READ_BYTES;
    if (l->start > 0) {
        memmove(b->data, b->data + l->start, b->size - l->start);
        b->size -= l->start;
        l->start = 0;
    }
    buf_reserve(b, size + 1);
    ssize_t n = read_at(l->fd, b->data + b->size, size, l->read_to, e);
    if (n < 0)
        return false;
    b->size += (size_t)n;
    l->read_to += n;
    *none = n == 0;
    return true;
}

/* The end of a line that is too long to be kept: nothing of it is, but where it is. */
static enum log_next pass_over(struct log_lines *l, int64_t *end, struct error *e)
{
    char bytes[64 * 1024];
    while (l->read_to < l->limit) {
        int64_t left = l->limit - l->read_to;
        size_t size = left < (int64_t)sizeof bytes ? (size_t)left : sizeof bytes;
        ssize_t n = read_at(l->fd, bytes, size, l->read_to, e);
        if (n < 0)
            return LOG_NEXT_FAILED;
        if (n == 0)
            break;
        const char *newline = memchr(bytes, '\n', (size_t)n);
        if (newline) {
            *end = l->read_to + (newline - bytes) + 1;
            return LOG_NEXT_LINE;
        }
        l->read_to += n;
    }
    return LOG_NEXT_NONE;
}

static enum log_next give_cut(struct log_lines *l, struct log_raw *raw, struct error *e)
{
    int64_t end;
    enum log_next next = pass_over(l, &end, e);
    if (next != LOG_NEXT_LINE)
        return next;
    *raw = (struct log_raw){l->memory->data + l->start, l->most, l->offset, true};
    l->offset = l->read_to = end;
    l->start = l->memory->size;
    return LOG_NEXT_LINE;
}

enum log_next log_lines_next(struct log_lines *l, struct log_raw *raw, struct error *e)
{
    size_t looked = 0; /* in the open line */
    if (l->read_to < l->offset) {
        buf_reset(l->memory);
        l->start = 0;
        l->read_to = l->offset;
    }
    for (;;) {
        size_t have = l->memory->size - l->start;
        const char *line = l->memory->data + l->start;
        const char *newline = have > looked ? memchr(line + looked, '\n', have - looked) : NULL;
        if (newline) {
            size_t size = (size_t)(newline - line);
            bool cut = size > l->most;
            *raw = (struct log_raw){line, cut ? l->most : size, l->offset, cut};
            l->start += size + 1;
            l->offset += (int64_t)size + 1;
            return LOG_NEXT_LINE;
        }
        if (have > l->most)
            return give_cut(l, raw, e);
        looked = have;
        bool none;
        if (!fill(l, &none, e))
            return LOG_NEXT_FAILED;
        if (none)
            return LOG_NEXT_NONE;
    }
}

bool log_tail_hash(int fd, int64_t offset, int64_t *hash, struct error *e)
{
    char bytes[TAIL_BYTES];
    int64_t start = offset > TAIL_BYTES ? offset - TAIL_BYTES : 0;
    ssize_t n = read_at(fd, bytes, (size_t)(offset - start), start, e);
    if (n < 0)
        return false;
    *hash = (int64_t)XXH3_64bits_withSeed(bytes, (size_t)n, (XXH64_hash_t)offset);
    return true;
}
