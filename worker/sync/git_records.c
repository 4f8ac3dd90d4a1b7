/* Reading what ls-tree and diff-tree print. */
#include "worker/sync/git_records.h"

#include <string.h>

/* A record: a header of under 200 bytes and a path. Git itself knows no longest path. */
enum { RECORD_MAX_BYTES = 64 * 1024 };

enum mode { MODE_NONE, MODE_FILE, MODE_SYMLINK, MODE_SUBMODULE, MODE_TREE, MODE_BAD };

static enum mode mode_of(const char *text)
{
    if (strncmp(text, "100", 3) == 0)
        return MODE_FILE;
    if (strncmp(text, "120000", 6) == 0)
        return MODE_SYMLINK;
    if (strncmp(text, "160000", 6) == 0)
        return MODE_SUBMODULE;
    if (strncmp(text, "040000", 6) == 0)
        return MODE_TREE;
    return strncmp(text, "000000", 6) == 0 ? MODE_NONE : MODE_BAD;
}

static bool bad(const char *record, struct error *e)
{
    return error_set(e, CAUSE_BAD_DATA, "git printed a record that cannot be read: \"%.100s\"",
                     record);
}

/* Copies the hexadecimal id at `text`; false unless it is one. */
static bool oid_at(const char *text, char oid[GIT_OID_HEX_MAX + 1])
{
    size_t n = strspn(text, "0123456789abcdef");
    if (n != 40 && n != 64)
        return false;
    memcpy(oid, text, n);
    oid[n] = '\0';
    return true;
}

static void count_skipped(struct listing *to, enum mode mode, const char *path, int delta)
{
    if (mode == MODE_SYMLINK)
        to->skipped(to->context, SKIPPED_SYMLINK, path, delta);
    if (mode == MODE_SUBMODULE)
        to->skipped(to->context, SKIPPED_SUBMODULE, path, delta);
}

/* `<mode> SP <type> SP <id> TAB <path>`: git-ls-tree(1). */
static bool tree_record(struct listing *to, const char *record, size_t size, struct error *e)
{
    char oid[GIT_OID_HEX_MAX + 1];
    const char *type = strchr(record, ' ');
    const char *id = type ? strchr(type + 1, ' ') : NULL;
    const char *tab = id ? strchr(id, '\t') : NULL;
    enum mode mode = mode_of(record);
    if (!tab || !tab[1] || !oid_at(id + 1, oid) || mode == MODE_BAD)
        return bad(record, e);
    const char *path = tab + 1;
    if (mode == MODE_FILE)
        return to->entry(to->context, path, size - (size_t)(path - record), oid, e);
    count_skipped(to, mode, path, 1);
    return true;
}

/* `:<mode> SP <mode> SP <id> SP <id> SP <status>`, then the path: git-diff-tree(1). */
static bool diff_record(struct listing *to, const char *header, const char *path, size_t path_size,
                        struct error *e)
{
    char oid[GIT_OID_HEX_MAX + 1];
    if (header[0] != ':' || strlen(header) < 14 + 2 * 40 + 4)
        return bad(header, e);
    enum mode old_mode = mode_of(header + 1);
    enum mode new_mode = mode_of(header + 8);
    const char *old_id = header + 15;
    const char *new_id = strchr(old_id, ' ');
    if (!new_id || !oid_at(new_id + 1, oid) || old_mode == MODE_BAD || new_mode == MODE_BAD)
        return bad(header, e);
    if (old_mode != new_mode) {
        count_skipped(to, old_mode, path, -1);
        count_skipped(to, new_mode, path, 1);
    }
    if (new_mode == MODE_FILE)
        return to->entry(to->context, path, path_size, oid, e);
    return old_mode != MODE_FILE || to->entry(to->context, path, path_size, NULL, e);
}

/* One NUL-terminated piece. */
static bool take(struct git_records *r, const char *piece, size_t size, struct error *e)
{
    if (r->format == GIT_LS_TREE)
        return tree_record(r->to, piece, size, e);
    if (r->header.size == 0) {
        if (size == 0)
            return bad(piece, e);
        buf_add(&r->header, piece, size);
        return true;
    }
    if (size == 0)
        return bad(r->header.data, e);
    bool ok = diff_record(r->to, r->header.data, piece, size, e);
    buf_reset(&r->header);
    return ok;
}

bool git_records_feed(struct git_records *r, const char *data, size_t size, struct error *e)
{
    while (size) {
        const char *end = memchr(data, '\0', size);
        if (!end) {
            buf_add(&r->pending, data, size);
            if (r->pending.size > RECORD_MAX_BYTES)
                return error_set(e, CAUSE_BAD_DATA,
                                 "a path of more than %d bytes in the repository",
                                 RECORD_MAX_BYTES);
            return true;
        }
        size_t piece = (size_t)(end - data);
        bool ok;
        if (r->pending.size) {
            buf_add(&r->pending, data, piece);
            ok = take(r, r->pending.data, r->pending.size, e);
            buf_reset(&r->pending);
        } else
            ok = take(r, data, piece, e);
        if (!ok)
            return false;
        data += piece + 1;
        size -= piece + 1;
    }
    return true;
}

bool git_records_end(const struct git_records *r, struct error *e)
{
    if (r->pending.size || r->header.size)
        return error_set(e, CAUSE_BAD_DATA, "git's listing ended in the middle of a record");
    return true;
}

void git_records_release(struct git_records *r)
{
    buf_release(&r->pending);
    buf_release(&r->header);
}
